"""The dashboard Timeout tuning and `estorm tune` speak of the same things by the same names."""

import datetime as dt
import re
from pathlib import Path

import numpy as np
import pytest

from exporters import pictures, ra, storm
from exporters.load import families as load
from exporters.logs.ledger import Totals
from exporters.logs.moments import DatedTimes
from exporters.logs.reading import Readers
from exporters.logs.sources import find_logs
from grafana.boards.timeout_tuning import BOARD
from loadtests.survival.advice import CANDIDATES
from loadtests.survival.document import LoggedTune
from loadtests.survival.tuning import tune_from_logs
from loadtests.tuning.tunables import KEYS, Tunables
from tests.grafana.expressions import DASHBOARDS, panels
from tests.loadtests.survival.known import lognormal
from tests.loadtests.survival.logs import MANNER, capf_trace, nginx_log

TIMES = np.round(lognormal(3, 0.7).draw(np.random.default_rng(4), 800), 3)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    nginx_log(folder / "nginx_error.log", TIMES)
    capf_trace(folder / "capf.log", TIMES)
    return folder


@pytest.fixture(scope="module")
def tune(logs: Path) -> LoggedTune:
    return tune_from_logs([logs], MANNER)


@pytest.fixture(scope="module")
def scraped(logs: Path) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What `estorm logs` shows of the same logs, by name and labels."""
    totals = Totals()
    readers = Readers(MANNER, totals, DatedTimes(dt.UTC, dt.date(2026, 1, 16)).at, lambda: 2e9, 1.0)
    for file in find_logs([logs])[0]:
        readers.reader(file.log).read(file.path.read_bytes(), 0.0)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in totals.collect()
        for sample in metric.samples
    }


def expressions() -> str:
    (path,) = (path for path in DASHBOARDS if path.stem == BOARD.name)
    return "\n".join(target["expr"] for panel in panels(path) for target in panel.get("targets", ()))


def test_the_dashboard_reads_the_metrics_that_say_what_tune_says() -> None:
    read = set(re.findall(r"estorm_\w+?(?=_bucket|_sum|_count|[{\[)\s])", expressions()))
    timers_and_their_use = {
        load.TIMER_SECONDS.name, load.TIMER_USED.name, load.TIMEOUTS.name, load.SERVICE.name,
        ra.TIMER_SECONDS.name, ra.TIMER_USED.name, ra.STAGE_SECONDS.name,
    }  # fmt: skip
    assert timers_and_their_use <= read
    # A tuning's `timeout_rate` is of the tries, its `orphans` are certificates that no phone holds.
    assert {load.TIMEOUTS.name, load.STARTED.name, storm.ORPHANS.name, ra.ORPHANS.name} <= read


def test_timers_have_the_same_names_on_both() -> None:
    (label,) = ra.TIMER_SECONDS.labels
    of_a_call = re.split(r", | or ", label.meaning)
    assert set(Tunables().timers) == set(of_a_call)
    assert "read" in load.TIMERS
    assert set(pictures.TIMED_CALLS) < set(Tunables().timers)
    assert {"read", *pictures.TIMED_CALLS} <= set(KEYS)


def test_tune_has_a_share_for_each_what_if_of_the_dashboard() -> None:
    assert {*pictures.CUT_OFF_SECONDS, *pictures.LONGER_SECONDS} <= set(CANDIDATES)


def test_what_a_shorter_timer_would_cut_off_is_the_same_number(
    tune: LoggedTune, scraped: dict[tuple[str, frozenset[tuple[str, str]]], float]
) -> None:
    by_seconds = {each.seconds: each for each in tune.timers["submit"].candidates}
    bucket, submit = f"{ra.STAGE_SECONDS.name}_bucket", ("stage", "submit")
    every = scraped[f"{ra.STAGE_SECONDS.name}_count", frozenset({submit})]
    assert every == len(TIMES)
    for seconds in (5.0, 10.0):
        within = scraped[bucket, frozenset({submit, ("le", f"{seconds:.1f}")})]
        # The RA's log has whole seconds, which tune spreads and a bucket does not.
        slack = 0.1 if seconds < 10 else 1e-9
        assert by_seconds[seconds].estimate == pytest.approx(1 - within / every, abs=slack)


def test_what_the_phone_s_timer_ended_is_the_same_number(
    tune: LoggedTune, scraped: dict[tuple[str, frozenset[tuple[str, str]]], float]
) -> None:
    timed_out = sum(
        value
        for (name, labels), value in scraped.items()
        if name == load.TIMEOUTS.name and ("timer", "read") in labels
    )
    assert timed_out == tune.timers["read"].cut == (TIMES > 10).sum()
