"""Digest is held against the examples printed in RFC 7616 section 3.9 and RFC 2617 section 3.5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import EnrollmentFailed
from loadtests.est.authentication import AuthScheme, Challenge, Credentials, RequestLine, read_challenges
from testbed.est_errors import EstError

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
MUFASA = Credentials("Mufasa", "Circle of Life", AuthScheme.DIGEST)
INDEX = RequestLine("GET", "/dir/index.html")


def fields(header: str) -> dict[str, str]:
    (challenge,) = read_challenges([header])
    return dict(challenge.parameters)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_a_digest_is_the_rfcs_own_example(algorithm: str, response: str) -> None:
    answer = fields(MUFASA.answer([RFC_7616.format(algorithm)], INDEX, RFC_CNONCE))
    assert answer["response"] == response
    assert (answer["algorithm"], answer["qop"], answer["nc"]) == (algorithm, "auth", "00000001")
    assert answer["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_a_server_without_qop_gets_the_older_digest() -> None:
    credentials = Credentials("Mufasa", "CircleOfLife", AuthScheme.DIGEST)
    offered = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    answer = fields(credentials.answer([offered], INDEX, "unused"))
    assert answer["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert not {"qop", "cnonce", "nc"} & set(answer)


def test_the_strongest_digest_offered_is_taken_whatever_its_place() -> None:
    offered = [RFC_7616.format("MD5"), RFC_7616.format("SHA-256"), 'Basic realm="x"']
    anything = Credentials("Mufasa", "Circle of Life", AuthScheme.OFFERED)
    assert fields(anything.answer(offered, INDEX, "c"))["algorithm"] == "SHA-256"


def test_basic_is_answered_when_anything_offered_may_be() -> None:
    anything = Credentials("u", "p", AuthScheme.OFFERED)
    assert anything.answer(['Basic realm="x"'], INDEX, "c") == "Basic dTpw"


@pytest.mark.parametrize(
    ("offered", "named"),
    [
        (['Basic realm="est"'], 'Basic for realm "est"'),
        (["Negotiate"], "Negotiate"),
        (['Digest realm="r", nonce="n", algorithm=SHA-512-256'], "Digest SHA-512-256"),
        (['Digest realm="r", nonce="n", qop="auth-int"'], "Digest MD5"),
        ([], "no scheme"),
    ],
)
def test_a_digest_user_does_not_fall_back_and_hears_what_was_offered(offered: list[str], named: str) -> None:
    with pytest.raises(EnrollmentFailed, match=named) as caught:
        MUFASA.answer(offered, INDEX, "c")
    assert caught.value.error is EstError.AUTH_FAIL


def test_several_challenges_in_one_header_are_told_apart() -> None:
    found = read_challenges(['Basic realm="a, b", Digest realm="say \\"hi\\"", nonce=n, Negotiate'])
    assert found == [
        Challenge("basic", {"realm": "a, b"}),
        Challenge("digest", {"realm": 'say "hi"', "nonce": "n"}),
        Challenge("negotiate", {}),
    ]


@given(st.lists(st.text()))
def test_no_header_makes_the_reader_fail(values: list[str]) -> None:
    read_challenges(values)


@given(st.text(min_size=1), st.text(), st.text())
def test_whatever_user_and_realm_are_called_they_come_back_from_the_answer(
    user: str, password: str, realm: str
) -> None:
    def quoted(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"')

    offered = f'Digest realm="{quoted(realm)}", nonce="n"'
    answer = fields(Credentials(user, password, AuthScheme.DIGEST).answer([offered], INDEX, "c"))
    assert answer["username"] == user
    assert answer["realm"] == realm
