import ssl

import pytest

from testbed.errors import SettingsError
from testbed.server_tls import ServerTls, agree_to


def context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def test_what_is_not_named_stays_as_the_server_has_it() -> None:
    own = context()
    own.minimum_version, own.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    ciphers = own.get_ciphers()
    agree_to(ServerTls(), own)
    assert own.minimum_version is own.maximum_version is ssl.TLSVersion.TLSv1_2
    assert own.get_ciphers() == ciphers


def test_old_versions_and_suites_can_be_all_there_is() -> None:
    old = context()
    agree_to(ServerTls("1.0", "1.1", "AES128-SHA:@SECLEVEL=0"), old)
    assert old.minimum_version.name == "TLSv1"
    assert old.maximum_version.name == "TLSv1_1"
    assert [each["name"] for each in old.get_ciphers() if each["protocol"] != "TLSv1.3"] == ["AES128-SHA"]


def test_ciphers_that_openssl_does_not_know_are_named() -> None:
    with pytest.raises(SettingsError, match=r"^tls\.ciphers: OpenSSL knows no cipher in 'ENIGMA'"):
        agree_to(ServerTls(ciphers="ENIGMA"), context())
