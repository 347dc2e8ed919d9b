import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.ra.est.accounts import Proof
from testbed.ra.est.digest import DigestAccount, parse
from testbed.ra.est.nonces import Nonces
from testbed.ra.workers.memory import Memory

USER, PASSWORD, REALM, TARGET = "Mufasa", "Circle of Life", "http-auth@example.org", "/dir/index.html"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[DigestAccount]:
    with Memory(tmp_path) as memory:
        yield DigestAccount(USER, PASSWORD, REALM, ["sha-256", "md5"], Nonces(memory, 60, 100))


def answer(challenge: str, **changed: str) -> str:
    """A client's answer by RFC 7616 section 3.4, written anew here; `changed` replaces parameters."""
    asked = parse(challenge)
    name = asked.get("algorithm", "MD5")
    sent = {
        "username": USER, "realm": asked["realm"], "nonce": asked["nonce"], "uri": TARGET, "qop": "auth",
        "nc": "00000001", "cnonce": "0a4f113b", "algorithm": name,
    }  # fmt: skip
    password = changed.pop("password", PASSWORD)
    sent |= {key: value for key, value in changed.items() if key != "response"}

    def digest(text: str) -> str:
        return hashlib.new(name.replace("-", "").lower(), text.encode()).hexdigest()

    secret = digest(f"{sent['username']}:{sent['realm']}:{password}")
    request = digest(f"GET:{sent['uri']}")
    middle = ":".join(sent[key] for key in ("nonce", "nc", "cnonce", "qop"))
    sent["response"] = changed.get("response", digest(f"{secret}:{middle}:{request}"))
    return "Digest " + ", ".join(f'{key}="{value}"' for key, value in sent.items())


def check(account: DigestAccount, authorization: str, method: str = "GET", target: str = TARGET) -> Proof:
    return account.check(authorization, method, target)


def test_each_algorithm_is_a_challenge_and_the_best_is_first(account: DigestAccount) -> None:
    first, second = account.challenges()
    assert first.startswith('Digest qop="auth", realm="http-auth@example.org", nonce="')
    assert first.endswith(", algorithm=SHA-256")
    assert "algorithm" not in second


@pytest.mark.parametrize("number", [0, 1], ids=["SHA-256", "MD5"])
def test_the_right_password_is_good_once_for_each_count(account: DigestAccount, number: int) -> None:
    challenge = account.challenges()[number]
    assert check(account, answer(challenge)) is Proof.GOOD
    assert check(account, answer(challenge)) is Proof.STALE
    assert check(account, answer(challenge, nc="00000002")) is Proof.GOOD


def test_a_missing_algorithm_is_md5(account: DigestAccount) -> None:
    sent = answer(account.challenges()[1]).replace(', algorithm="MD5"', "")
    assert check(account, sent) is Proof.GOOD


def test_rfc_7616s_own_example_has_our_hashes(tmp_path: Path) -> None:
    example = (
        'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, qop=auth, '
        'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", response="{}", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    md5 = example.format("MD5", "8ca523f5e9506fed4657c9700eebdbec")
    sha = example.format("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")
    with Memory(tmp_path) as memory:
        account = DigestAccount(USER, PASSWORD, REALM, ["sha-256", "md5"], Nonces(memory, 60, 100))
        # The password is right; the nonce is not one of ours.
        assert check(account, md5) is check(account, sha) is Proof.STALE
        assert check(account, sha.replace("753927", "753928")) is Proof.WRONG


def test_a_nonce_of_elsewhere_is_stale_and_asked_for_again(account: DigestAccount) -> None:
    assert check(account, answer(account.challenges()[0], nonce="12345")) is Proof.STALE
    assert ", stale=true" in account.challenges(stale=True)[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"password": "wrong"}, {"username": "Scar"}, {"realm": "other"}, {"uri": "/other"},
        {"qop": "auth-int"}, {"nc": "1"}, {"nc": "0000000g"}, {"cnonce": ""}, {"algorithm": "MD5-sess"},
        {"response": ""}, {"response": "é"},
    ],
)  # fmt: skip
def test_anything_else_is_wrong(account: DigestAccount, changed: dict[str, str]) -> None:
    challenge = account.challenges()[1]
    name = changed.pop("algorithm", None)
    sent = answer(challenge, **changed)
    if name:
        sent = sent.replace('algorithm="MD5"', f'algorithm="{name}"')
    assert check(account, sent) is Proof.WRONG


def test_a_password_proved_for_one_request_is_not_for_another(account: DigestAccount) -> None:
    sent = answer(account.challenges()[0])
    assert check(account, sent, method="POST") is Proof.WRONG
    assert check(account, sent, target="/other") is Proof.WRONG


def test_the_password_is_not_kept(account: DigestAccount) -> None:
    assert PASSWORD not in repr(vars(account))


@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        ('Digest a="1", B=2', {"a": "1", "b": "2"}),
        (r'digest a="x\"y\\", b="",c=,', {"a": r'x"y' + "\\", "b": "", "c": ""}),
        ("Digest username*=UTF-8''x", {"username*": "UTF-8''x"}),
        ('Digest a="1", a="2"', {}),
        ('Digest a="1" b="2"', {}),
        ('Digest a="', {}),
        ("Basic a=1", {}),
        ("Digest " + "a" * 5000, {}),
    ],
)
def test_parameters_are_read_or_the_header_is_none(header: str, parameters: dict[str, str]) -> None:
    assert parse(header) == parameters


@given(st.one_of(st.text(), st.from_regex(r'Digest( *[a-z]+="?[^"]*"?,?)*', fullmatch=True)))
def test_no_header_breaks_the_reader(header: str) -> None:
    assert isinstance(parse(header), dict)


NAMES = st.sampled_from(["username", "realm", "nonce", "uri", "qop", "nc", "cnonce", "response", "algorithm"])


@given(st.dictionaries(NAMES, st.text(st.characters(codec="latin-1"), max_size=20)))
def test_no_parameters_are_the_password(
    tmp_path_factory: pytest.TempPathFactory, sent: dict[str, str]
) -> None:
    with Memory(tmp_path_factory.mktemp("memory")) as memory:
        account = DigestAccount(USER, PASSWORD, REALM, ["md5"], Nonces(memory, 60, 100))
        header = "Digest " + ", ".join(f'{key}="{value}"' for key, value in sent.items())
        assert check(account, header) is Proof.WRONG
