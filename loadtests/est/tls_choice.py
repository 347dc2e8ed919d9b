"""Which library a phone's TLS runs on."""

from OpenSSL import SSL

from loadtests.errors import ScenarioError
from loadtests.est.fast_tls import FastContext, available
from loadtests.est.tls_engine import TlsContext
from loadtests.est.tls_settings import VERSIONS, ClientIdentity, TlsSettings
from loadtests.storm.generator_settings import TlsLibrary
from testbed.errors import reason


def context_for(
    settings: TlsSettings, library: TlsLibrary, identity: ClientIdentity | None = None
) -> TlsContext:
    """A new context. Python's library serves where the system's authorities or a key file are asked for.

    So it does with a `cryptography` that lacks what the fast one calls. ScenarioError names what
    cannot be used.
    """
    simple = settings.trust_anchor and not settings.certificate and not settings.key
    if library is TlsLibrary.PYTHON or not simple or not available():
        return settings.context(identity)
    if identity is None:
        settings.context()
    try:
        context = FastContext(settings.trust_anchor, VERSIONS[settings.minimum], VERSIONS[settings.maximum])
        if identity:
            context.use_identity(identity.certificate, identity.key)
    except (OSError, SSL.Error) as error:
        raise ScenarioError(f"--trust-anchor: cannot use {settings.trust_anchor}: {reason(error)}") from error
    return context
