"""A phone's tries, against an EST server that refuses, on a clock that only waiting moves on."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from loadtests.capf.enroller import Enroller, Phones, Records
from loadtests.capf.persistence import Persistence, Rules
from loadtests.est.client import EstClient, EstTarget
from loadtests.est.lsc import LscCheck
from loadtests.phones.keys import KeyFile, make_key_file
from loadtests.phones.phone import PhoneNames
from loadtests.phones.settings import RetrySettings, noon_tomorrow
from loadtests.results.journal import Attempt
from loadtests.scenario import KeyType
from testbed.web.messages import Request, Response
from tests.loadtests.est_server import EstServer, LabCa

START = 1_760_000_000.0
THRICE = RetrySettings()


@dataclass
class Clock:
    """Stands still unless somebody waits."""

    now: float = START
    waits: list[float] = field(default_factory=list)
    goes_on: bool = True

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return self.goes_on


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyFile]:
    path = tmp_path_factory.mktemp("keys") / "keys"
    make_key_file(path, KeyType.P_256, 1)
    with KeyFile(path) as file:
        yield file


def refusing(server: EstServer, times: int) -> Callable[[Request], Response]:
    """Refuse so many requests, then enroll."""
    return lambda request: Response(500) if len(server.requests) <= times else server.est(request)


def tries(
    server: EstServer, ca: LabCa, keys: KeyFile, rules: Rules, clock: Clock, first: int = 1
) -> list[Attempt]:
    """What a phone made of it."""
    made: list[Attempt] = []
    client = EstClient(EstTarget("127.0.0.1", server.port), ca.client_tls, clock=clock)
    enroller = Enroller(Phones(PhoneNames(1), keys), client, LscCheck([ca.certificate]), Records(), clock)
    persistence = Persistence(enroller, rules, clock, lambda attempt, _: made.append(attempt), clock.wait)
    persistence.see_through(0, START, first)
    return made


def test_a_phone_tries_three_times_thirty_seconds_apart(
    est_server: EstServer, lab_ca: LabCa, keys: KeyFile
) -> None:
    est_server.handle = refusing(est_server, 9)
    clock = Clock()
    made = tries(est_server, lab_ca, keys, Rules(retry=THRICE), clock)
    assert [attempt.attempt for attempt in made] == [1, 2, 3]
    assert [attempt.intended_start for attempt in made] == [START, START + 30, START + 60]
    assert clock.waits == [30.0, 30.0]


def test_a_phone_that_is_not_told_to_tries_once(est_server: EstServer, lab_ca: LabCa, keys: KeyFile) -> None:
    est_server.handle = refusing(est_server, 9)
    assert len(tries(est_server, lab_ca, keys, Rules(), Clock())) == 1


def test_no_try_is_made_past_the_finish_by_deadline(
    est_server: EstServer, lab_ca: LabCa, keys: KeyFile
) -> None:
    est_server.handle = refusing(est_server, 9)
    rules = Rules(retry=THRICE, finish_by=START + 45)
    assert len(tries(est_server, lab_ca, keys, rules, Clock())) == 2
    assert tries(est_server, lab_ca, keys, Rules(finish_by=START - 1), Clock()) == []


def test_no_try_is_made_once_the_run_is_over(est_server: EstServer, lab_ca: LabCa, keys: KeyFile) -> None:
    est_server.handle = refusing(est_server, 9)
    assert len(tries(est_server, lab_ca, keys, Rules(retry=THRICE), Clock(goes_on=False))) == 1


def test_a_resumed_phone_goes_on_with_its_next_try(
    est_server: EstServer, lab_ca: LabCa, keys: KeyFile
) -> None:
    est_server.handle = refusing(est_server, 9)
    made = tries(est_server, lab_ca, keys, Rules(retry=THRICE), Clock(), first=3)
    assert [attempt.attempt for attempt in made] == [3]


def test_a_phone_that_enrolls_stops_trying(est_server: EstServer, lab_ca: LabCa, keys: KeyFile) -> None:
    est_server.handle = refusing(est_server, 1)
    made = tries(est_server, lab_ca, keys, Rules(retry=THRICE), Clock(now=time.time()))
    assert [attempt.enrolled for attempt in made] == [False, True]


def test_noon_tomorrow_is_within_two_days() -> None:
    assert 12 * 3600 <= noon_tomorrow(START) - START <= 37 * 3600
    assert math.fmod(noon_tomorrow(START), 60) == 0
