"""Which library a phone's TLS runs on."""

from OpenSSL import SSL

from loadtests.errors import ScenarioError
from loadtests.est.fast_tls import FastContext
from loadtests.est.tls_settings import VERSIONS, ClientIdentity, TlsSettings
from loadtests.est.tls_stream import TlsContext
from loadtests.storm.generator_settings import TlsLibrary


def context_for(
    settings: TlsSettings, library: TlsLibrary, identity: ClientIdentity | None = None
) -> TlsContext:
    """A new context. Python's library serves where the system's authorities or a key file are asked for.

    ScenarioError names what cannot be used.
    """
    if library is TlsLibrary.PYTHON or settings.trust_anchor is None or settings.certificate or settings.key:
        return settings.context(identity)
    if identity is None:
        settings.context()
    try:
        context = FastContext(settings.trust_anchor, VERSIONS[settings.minimum], VERSIONS[settings.maximum])
        if identity:
            context.use_identity(identity.certificate, identity.key)
    except (OSError, SSL.Error) as error:
        raise ScenarioError(f"--trust-anchor: cannot use {settings.trust_anchor}: {error}") from error
    return context
