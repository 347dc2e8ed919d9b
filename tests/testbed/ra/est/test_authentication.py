import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra.est.authentication import Attempt, Authenticator, authenticator
from testbed.ra.est.operations import Operation
from testbed.ra.est.settings import EstSettings
from testbed.ra.workers.memory import Memory

GOOD = "Basic " + base64.b64encode(b"capf:secret").decode()
BAD = "Basic " + base64.b64encode(b"capf:wrong").decode()
ENROLL, REENROLL = Operation.SIMPLEENROLL, Operation.SIMPLEREENROLL
YES, CHALLENGED, NO = "let in", "challenged", "refused"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path) as memory:
        yield memory


def make(memory: Memory, mode: str, profile: str = "libest") -> Authenticator:
    settings = EstSettings(authentication=mode, profile=profile)  # type: ignore[arg-type]
    return authenticator(settings, "capf", "secret", "estrealm", memory)


def outcome(
    decides: Authenticator, authorization: str | None, *, certified: bool, operation: Operation = ENROLL
) -> str:
    try:
        decides.check(Attempt(operation, "POST", "/", authorization, certified))
    except EstRefused as refused:
        kinds = {(EstError.AUTH_PENDING, True): CHALLENGED, (EstError.AUTH_FAIL, False): NO}
        return kinds[refused.error, refused.error is EstError.AUTH_PENDING and bool(refused.challenges)]
    return YES


@pytest.mark.parametrize(
    ("mode", "outcomes"),
    [
        # nothing, bad and good password; the same three with a certificate
        ("basic", [CHALLENGED, NO, YES, CHALLENGED, NO, YES]),
        ("certificate", [NO, NO, NO, YES, YES, YES]),
        ("certificate_or_basic", [CHALLENGED, NO, YES, YES, NO, YES]),
        ("certificate_and_basic", [NO, NO, NO, CHALLENGED, NO, YES]),
    ],
)
@pytest.mark.parametrize("profile", ["libest", "rfc"])
def test_who_may_enroll(memory: Memory, profile: str, mode: str, outcomes: list[str]) -> None:
    decides = make(memory, mode, profile)
    shown = [(header, certified) for certified in (False, True) for header in (None, BAD, GOOD)]
    assert [outcome(decides, header, certified=certified) for header, certified in shown] == outcomes


@pytest.mark.parametrize("mode", ["basic", "digest", "certificate_and_basic", "certificate_or_digest"])
@pytest.mark.parametrize("header", [None, "", BAD, "x"])
def test_libest_lets_a_certificate_reenroll_whatever_the_header_says(
    memory: Memory, mode: str, header: str | None
) -> None:
    decides = make(memory, mode)
    assert outcome(decides, header, certified=True, operation=REENROLL) == YES


def test_the_rfc_profile_wants_what_is_required_for_a_reenrollment_too(memory: Memory) -> None:
    decides = make(memory, "certificate_and_basic", "rfc")
    assert outcome(decides, None, certified=True, operation=REENROLL) == CHALLENGED
    assert outcome(decides, GOOD, certified=True, operation=REENROLL) == YES


@pytest.mark.parametrize("mode", ["digest", "certificate_or_digest"])
def test_digest_challenges_and_basic_does_not_pass_for_it(memory: Memory, mode: str) -> None:
    decides = make(memory, mode)
    with pytest.raises(EstRefused) as refused:
        decides.check(Attempt(ENROLL, "POST", "/", None, certified=False))
    assert refused.value.challenges[0].startswith("Digest ")
    assert outcome(decides, GOOD, certified=False) == NO


def test_libest_offers_md5_alone_and_the_rfc_sha_256_first(memory: Memory) -> None:
    offered = []
    for profile in ("libest", "rfc"):
        with pytest.raises(EstRefused) as refused:
            make(memory, "digest", profile).check(Attempt(ENROLL, "POST", "/", None, certified=False))
        offered.append(["SHA-256" in challenge for challenge in refused.value.challenges])
    assert offered == [[False], [True, False]]


def test_wrong_credentials_are_asked_again_by_the_rfc_alone(memory: Memory) -> None:
    challenges = []
    for profile in ("libest", "rfc"):
        with pytest.raises(EstRefused) as refused:
            make(memory, "basic", profile).check(Attempt(ENROLL, "POST", "/", BAD, certified=False))
        challenges.append(refused.value.challenges)
    assert challenges == [(), ('Basic realm="estrealm"',)]


@pytest.mark.parametrize(
    ("mode", "number"), [("basic", 1), ("digest", 2), ("certificate", 0), ("certificate_or_digest", 2)]
)
def test_the_log_has_libests_number_for_the_way_to_log_in(memory: Memory, mode: str, number: int) -> None:
    assert make(memory, mode).auth_type == number


@pytest.mark.parametrize(("profile", "status"), [("libest", 0), ("rfc", 403)])
def test_a_missing_certificate_is_403_by_the_rfc_as_no_401_can_ask_for_it(
    memory: Memory, profile: str, status: int
) -> None:
    with pytest.raises(EstRefused) as refused:
        make(memory, "certificate", profile).check(Attempt(ENROLL, "POST", "/", None, certified=False))
    assert (refused.value.challenges, refused.value.status) == ((), status)
