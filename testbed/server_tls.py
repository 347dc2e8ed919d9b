"""Which TLS a server of the lab agrees to, where that is not left to the server itself."""

import ssl
import warnings
from typing import Literal

from testbed.bounds import Settings
from testbed.errors import SettingsError

Version = Literal["", "1.0", "1.1", "1.2", "1.3"]
_VERSIONS: dict[str, ssl.TLSVersion] = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


class ServerTls(Settings, frozen=True):
    """Versions and cipher suites that a server takes; what is empty is as the server has it.

    `ciphers` is a list as OpenSSL writes them, for TLS 1.2 and older; its `@SECLEVEL=0` lets weak keys and
    old versions pass.
    """

    minimum: Version = ""
    maximum: Version = ""
    ciphers: str = ""


OWN_TERMS = ServerTls()


def agree_to(terms: ServerTls, context: ssl.SSLContext) -> None:
    """Have `context` keep to `terms`; SettingsError for ciphers that OpenSSL does not know."""
    with warnings.catch_warnings():
        # Python warns of TLS 1.0 and 1.1, which is why one asks for them here.
        warnings.simplefilter("ignore", DeprecationWarning)
        if terms.maximum:
            context.maximum_version = _VERSIONS[terms.maximum]
        if terms.minimum:
            context.minimum_version = _VERSIONS[terms.minimum]
    if terms.ciphers:
        try:
            context.set_ciphers(terms.ciphers)
        except ssl.SSLError as error:
            raise SettingsError(
                f"tls.ciphers: OpenSSL knows no cipher in {terms.ciphers!r}; see `openssl ciphers`"
            ) from error
