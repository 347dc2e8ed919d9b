import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.der import sequence, tagged
from testbed.errors import NtlmError
from testbed.ntlm import spnego

KERBEROS = bytes.fromhex("06092a864886f712010202")


def init(mechanisms: bytes, token: bytes) -> bytes:
    body = sequence(tagged(0xA0, sequence(mechanisms)), tagged(0xA2, tagged(0x04, token)))
    return tagged(0x60, bytes.fromhex("06062b0601050502") + tagged(0xA0, body))


@given(st.binary(max_size=300), st.binary(max_size=40), st.booleans())
def test_a_response_survives_encoding(inner: bytes, mic: bytes, name_ntlm: bool) -> None:
    encoded = spnego.encode_response(spnego.ACCEPT_INCOMPLETE, inner, mic, name_ntlm=name_ntlm)
    token = spnego.decode(encoded)
    assert (token.inner, token.mic) == (inner, mic)


@given(st.binary(max_size=300))
def test_a_first_token_has_its_mechanisms_and_the_token_inside(inner: bytes) -> None:
    token = spnego.decode(init(KERBEROS + spnego.NTLM_OID, inner))
    assert (token.inner, token.offers_ntlm) == (inner, True)
    assert not spnego.decode(init(KERBEROS, inner)).offers_ntlm


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_an_ntlm_error(data: bytes) -> None:
    for start in (b"", b"\x60", b"\xa1", b"\x60\x80", b"\xa1\x84\xff\xff\xff\xff"):
        try:
            spnego.decode(start + data)
        except NtlmError:
            continue


def test_a_token_of_another_mechanism_is_refused() -> None:
    with pytest.raises(NtlmError, match="another mechanism"):
        spnego.decode(tagged(0x60, KERBEROS))
