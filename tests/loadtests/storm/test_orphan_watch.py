import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from exporters.storm import StormMetrics
from loadtests.results.journal import Attempt
from loadtests.storm.orphan_watch import OrphanWatch, Undelivered
from testbed.ca import database
from testbed.ca.following import IssuedFollower
from tests.loadtests.attempts import enrolled, failed
from tests.testbed.ca.test_following import issued

PATIENCE_SECONDS = 12.0


def serial(attempt: Attempt) -> str:
    assert attempt.serial
    return attempt.serial


@pytest.fixture
def undelivered() -> Undelivered:
    return Undelivered(PATIENCE_SECONDS)


def test_a_certificate_on_its_way_is_no_orphan(undelivered: Undelivered) -> None:
    undelivered.issued(["a", "b"], 0.0)
    assert (len(undelivered), undelivered.orphans(PATIENCE_SECONDS)) == (2, 0)


def test_a_certificate_that_nobody_took_in_time_is_an_orphan(undelivered: Undelivered) -> None:
    undelivered.issued(["a"], 0.0)
    undelivered.issued(["b"], 10.0)
    assert undelivered.orphans(PATIENCE_SECONDS + 0.1) == 1
    assert undelivered.orphans(10.0 + PATIENCE_SECONDS + 0.1) == 2


def test_a_certificate_that_a_phone_took_is_none(undelivered: Undelivered) -> None:
    taken = enrolled(1)
    undelivered.issued([serial(taken)], 0.0)
    undelivered.taken([taken, failed(2)])
    assert (len(undelivered), undelivered.orphans(100.0)) == (0, 0)


def test_a_phone_may_be_faster_than_the_news_of_its_certificate(undelivered: Undelivered) -> None:
    taken = enrolled(1)
    undelivered.taken([taken])
    undelivered.issued([serial(taken)], 0.0)
    assert len(undelivered) == 0


def test_an_orphan_that_is_handed_out_late_is_none_any_more(undelivered: Undelivered) -> None:
    late = enrolled(1)
    undelivered.issued([serial(late), "b"], 0.0)
    assert undelivered.orphans(100.0) == 2
    undelivered.taken([late])
    assert undelivered.orphans(100.0) == 1


def shown(metrics: StormMetrics) -> tuple[float, float]:
    lines = dict(line.split(" ") for line in generate_latest(metrics.registry).decode().splitlines()
                 if not line.startswith("#"))  # fmt: skip
    return float(lines["estorm_orphans"]), float(lines["estorm_certificates_in_delivery"])


def test_what_the_ca_issued_is_told_apart_while_the_storm_goes_on(tmp_path: Path) -> None:
    path, metrics = tmp_path / "ca.sqlite", StormMetrics()
    watch = OrphanWatch(IssuedFollower(path), PATIENCE_SECONDS, metrics)
    watch.take([], 0.0)  # there is no database yet
    with contextlib.closing(database.open_for_service(path)) as connection:
        taken = enrolled(1)
        records = [replace(issued(1), serial=serial(taken)), issued(2), issued(3)]
        connection.executemany(database.INSERT, map(database.row_of, records))
        watch.take([taken], 1.0)
        assert shown(metrics) == (0, 2)
        watch.take([], 1.5 + PATIENCE_SECONDS)
        assert shown(metrics) == (2, 0)
        connection.execute(database.INSERT, database.row_of(issued(4)))
        watch.settle(2.0 + PATIENCE_SECONDS)
        assert shown(metrics) == (3, 0)


def test_without_a_database_nothing_is_counted() -> None:
    metrics = StormMetrics()
    watch = OrphanWatch(None, PATIENCE_SECONDS, metrics)
    watch.take([enrolled(1)], 0.0)
    watch.settle(1.0)
    assert shown(metrics) == (0, 0)
