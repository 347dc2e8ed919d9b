from collections import defaultdict

import pytest

from loadtests.survival.evidence import Evidence, evidence
from loadtests.survival.logs import Heard, Timed

GOOD = "EST_ERR_NONE"


def heard(
    enrollments: list[Timed] | None = None,
    calls: list[Timed] | None = None,
    requests: list[Timed] | None = None,
) -> Heard:
    return Heard(
        enrollments or [],
        defaultdict(list, {"submit": calls or []}),
        defaultdict(list, {"submit": requests or []}),
    )


def only(found: list[Evidence]) -> Evidence:
    assert len(found) == 1
    return found[0]


def test_what_the_ca_finished_for_a_client_that_had_gone_is_seen() -> None:
    calls = [Timed(1, 10.0, "curl_28"), Timed(2, 3.0, "")]
    requests = [Timed(1, 14.2, "200", gone=True), Timed(2, 3.4, "200")]
    found = only(evidence(heard(calls=calls, requests=requests), 10.0, 10.0))
    assert list(found.sample.seen) == [3.4, 14.2]
    assert not len(found.sample.cut)
    assert "worked on after the RA had gone" in found.notes[0]


def test_what_the_ca_ended_when_its_client_went_is_cut_there() -> None:
    requests = [Timed(1, 10.02, "200", gone=True), Timed(2, 3.4, "200"), Timed(3, 90.0, "500")]
    found = only(evidence(heard(requests=requests), 10.0, 10.0))
    assert list(found.sample.seen) == [3.4]
    assert list(found.sample.cut) == [10.02, 90.0]


def test_a_call_that_the_ra_cut_and_the_ca_never_logged_is_cut_at_the_timer() -> None:
    calls = [Timed(each, 12.0005, "curl_28") for each in range(3)]
    requests = [Timed(1, 14.2, "200", gone=True), Timed(2, 3.4, "200")]
    found = only(evidence(heard(calls=calls, requests=requests), 10.0, 10.0))
    assert found.timer_seconds == 12.0
    assert list(found.sample.cut) == [12.0, 12.0]
    assert "of 2 calls that the RA cut at 12 s the CA's log has no row: cut there" in found.notes


def test_refusals_are_no_work_of_the_ca() -> None:
    requests = [Timed(1, 0.01, "401", number=9), Timed(1, 0.01, "503"), Timed(2, 3.4, "200", number=2)]
    assert list(only(evidence(heard(requests=requests), 10.0, 10.0)).sample.seen) == [3.4, 3.4]


def test_without_the_cas_log_the_ras_whole_seconds_are_spread() -> None:
    calls = [Timed(each, 3.0, "") for each in range(100)] + [Timed(1, 10.0005, "curl_28")]
    found = only(evidence(heard(calls=calls), 10.0, 10.0))
    assert found.source == "the RA's log"
    assert found.sample.seen.mean() == pytest.approx(3.0)
    assert 2 < found.sample.seen[0] < 2.2
    assert 3.8 < found.sample.seen[-1] < 4
    assert list(found.sample.cut) == [10.0005]


def test_whole_seconds_make_no_spells() -> None:
    calls = [Timed(at, float(at % 3), "") for at in range(6000)]
    assert only(evidence(heard(calls=calls), 10.0, 10.0)).alike == 1.0


def test_an_enrollment_that_a_timer_ended_is_cut_whoever_set_it() -> None:
    enrollments = [
        Timed(1, 2.0, GOOD), Timed(2, 10.001, "EST_ERR_SSL_READ"), Timed(3, 10.2, "EST_ERR_AUTH_FAIL"),
        Timed(4, 0.1, "EST_ERR_AUTH_FAIL"), Timed(5, 10.0, "EST_ERR_SSL_CONNECT"),
    ]  # fmt: skip
    found = only(evidence(heard(enrollments), 10.0, 10.0))
    assert list(found.sample.seen) == [2.0]
    assert list(found.sample.cut) == [10.001, 10.2]
    assert any("1 did not get past the handshake" in note for note in found.notes)
    assert any("1 failed sooner" in note for note in found.notes)


def test_calls_that_are_slow_in_spells_weigh_less() -> None:
    requests = [Timed(at, 5.0 if at // 100 % 5 == 0 else 0.1, "200") for at in range(4000)]
    found = only(evidence(heard(requests=requests), 10.0, 10.0))
    assert found.alike > 10
    assert found.sample.weight == pytest.approx(1 / found.alike)
    assert any("spells" in note for note in found.notes)


def test_a_stage_without_times_is_no_evidence() -> None:
    assert evidence(heard(), 10.0, 10.0) == []
