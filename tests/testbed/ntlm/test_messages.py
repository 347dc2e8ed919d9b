import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.errors import NtlmError
from testbed.ntlm.messages import (
    SIGNATURE,
    Authenticate,
    AvId,
    Challenge,
    Flag,
    Negotiate,
    decode_target_info,
    encode_target_info,
    message_type,
)

names = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
some_bytes = st.binary(max_size=60)


@given(target=names, challenge=st.binary(min_size=8, max_size=8), info=some_bytes, unicode=st.booleans())
def test_a_challenge_survives_encoding(target: str, challenge: bytes, info: bytes, unicode: bool) -> None:
    flags = (Flag.UNICODE if unicode else Flag.OEM) | Flag.TARGET_INFO
    decoded = Challenge.decode(Challenge(flags, target, challenge, info).encode())
    assert (decoded.target, decoded.server_challenge, decoded.target_info) == (target, challenge, info)


@given(domain=names, user=names, lm=some_bytes, nt=some_bytes, key=some_bytes)
def test_an_answer_survives_encoding(domain: str, user: str, lm: bytes, nt: bytes, key: bytes) -> None:
    decoded = Authenticate.decode(Authenticate(Flag.UNICODE, domain, user, "PC", lm, nt, key).encode())
    assert (decoded.domain, decoded.user, decoded.workstation) == (domain, user, "PC")
    assert (decoded.lm_response, decoded.nt_response, decoded.session_key) == (lm, nt, key)


@given(pairs=st.dictionaries(st.sampled_from([av for av in AvId if av is not AvId.END]), some_bytes))
def test_target_information_survives_encoding(pairs: dict[AvId, bytes]) -> None:
    assert decode_target_info(encode_target_info(pairs)) == pairs


@given(st.binary(max_size=200), st.integers(0, 4))
def test_any_bytes_decode_or_are_an_ntlm_error(tail: bytes, kind: int) -> None:
    data = SIGNATURE + kind.to_bytes(4, "little") + tail
    for message in (Negotiate, Challenge, Authenticate):
        try:
            message.decode(data)
        except NtlmError:
            continue
        assert message_type(data) in (1, 2, 3)


@given(st.binary(max_size=60))
def test_any_attributes_decode_or_are_an_ntlm_error(data: bytes) -> None:
    try:
        decode_target_info(data + bytes(4))
    except NtlmError:
        assert data


def test_bytes_without_the_signature_are_refused() -> None:
    with pytest.raises(NtlmError, match="NTLMSSP"):
        Negotiate.decode(b"GET / HTTP/1.1")


def test_a_message_of_another_type_is_refused() -> None:
    with pytest.raises(NtlmError, match="type 1 where type 3 was due"):
        Authenticate.decode(Negotiate(Flag.OEM).encode())
