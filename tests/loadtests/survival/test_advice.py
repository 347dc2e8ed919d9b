import numpy as np
import pytest

from loadtests.survival.advice import Judged, judge, recommended
from loadtests.survival.evidence import Evidence
from loadtests.survival.sample import Sample
from loadtests.tuning.tunables import Tunables
from tests.loadtests.survival.known import lognormal


def evidence(sample: Sample, name: str = "submit", timer_seconds: float = 10.0) -> Evidence:
    return Evidence(name, timer_seconds, "here", sample, 1.0, ())


def judged(sample: Sample, name: str = "submit") -> Judged:
    return judge(evidence(sample, name))


QUICK = Sample.of(np.linspace(0.05, 0.5, 5_000))


def test_a_timer_that_cuts_nothing_stays() -> None:
    found = judged(QUICK)
    assert (found.recommended_seconds, found.sure) == (10.0, True)
    assert found.reason.startswith("10 s cut 0 % (0 % to 0.0738 %) of the answers: no more than 0.1 %")


def test_a_timer_that_cuts_is_raised_to_the_shortest_that_is_shown_to_be_enough() -> None:
    known = lognormal(2, 0.8)
    found = judged(known.sample(2, 20_000))
    assert found.sure
    assert known.share_over(found.recommended_seconds) <= 0.001
    assert 20 <= found.recommended_seconds <= 45


def test_seen_to_the_end_it_is_said_so() -> None:
    found = judged(Sample.of([*np.linspace(0.05, 8, 9_000), *np.linspace(8, 14, 200)]))
    assert (found.recommended_seconds, found.sure) == (14.0, True)
    assert found.reason.endswith(", seen")


def test_where_most_was_cut_it_says_that_nothing_can_be_said() -> None:
    found = judged(lognormal(12, 0.5).sample(1, 3_000))
    assert not found.sure
    assert found.told_up_to_seconds == 10.0
    assert found.recommended_seconds == 20.0
    assert (
        "of the log was cut, and no tail fits what was seen; nothing beyond 10 s can be said" in found.reason
    )


def test_few_calls_raise_no_timer_without_need() -> None:
    found = judged(Sample.of([0.1, 0.2, 0.3] * 20))
    assert (found.recommended_seconds, found.sure) == (10.0, False)
    assert "60 are too few" in found.reason


def test_the_phone_outwaits_the_ra() -> None:
    every = [judged(QUICK, name) for name in ("read", "login", "form", "download")]
    slow = judged(lognormal(2, 0.8).sample(2, 20_000))
    found = recommended([*every, slow], Tunables())
    assert found.submit == slow.recommended_seconds
    assert found.read >= found.submit + 2 * 0.49 + 0.49 + 0.49 + 1
    assert found.login == 10.0


@pytest.mark.parametrize("name", ["read", "submit"])
def test_a_timer_of_which_no_log_tells_stays(name: str) -> None:
    found = recommended([judged(QUICK, name)], Tunables())
    assert found == Tunables(read=max(10.0, found.read))
