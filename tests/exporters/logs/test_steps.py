import io
import random
import re
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporters.logs import families
from exporters.logs.steps import Steps

AT = 1_547_647_500.0
LATER = AT + 1e6


SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+) (\d+)")


def written(steps: Steps, now: float = LATER) -> dict[str, list[tuple[float, float]]]:
    """Each series with its (time, value) pairs."""
    out = io.StringIO()
    steps.write(out, now)
    found: dict[str, list[tuple[float, float]]] = {}
    for line in out.getvalue().splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            name = f"{match[1]}{{{(match[2] or '').replace(chr(34), '')}}}"
            found.setdefault(name, []).append((float(match[4]), float(match[3])))
    return found


def test_the_text_is_openmetrics_to_a_strict_parser(tmp_path: Path) -> None:
    with Steps(tmp_path / "steps", 15) as steps:
        for label in ("plain", 'with "quotes", a \\ and\na line'):
            steps.count(families.LINES, (label,), AT)
            steps.count(families.LINES, (label,), AT + 40)
        out = io.StringIO()
        steps.write(out, LATER)
    (metric,) = text_string_to_metric_families(out.getvalue())  # type: ignore[no-untyped-call]
    assert {sample.labels["log"] for sample in metric.samples} == {"plain", 'with "quotes", a \\ and\na line'}


def test_a_series_begins_with_a_zero_so_that_its_first_increase_counts(tmp_path: Path) -> None:
    with Steps(tmp_path / "steps", 15) as steps:
        steps.count(families.STARTED, ("",), AT + 1)
        values = written(steps)["estorm_enrollments_started_total{operation=}"]
    assert values[:2] == [(AT, 0.0), (AT + 15, 1.0)]
    assert all(value == 1.0 for _, value in values[1:])
    assert values[-1][0] == AT + 15 + 300


@pytest.mark.parametrize("now", [AT + 2, AT + 14.9, AT + 15, AT + 16, AT + 100])
def test_nothing_is_later_than_now_and_nothing_is_lost(tmp_path: Path, now: float) -> None:
    with Steps(tmp_path / "steps", 15) as steps:
        for at in (AT + 1, AT + 31, AT + 3_000):  # the last two by a clock that is ahead
            steps.count(families.STARTED, ("",), at)
        values = written(steps, now)["estorm_enrollments_started_total{operation=}"]
    times = [at for at, _ in values]
    assert times == sorted(set(times))
    assert values[0][1] == 0.0
    assert values[-1] == (int(now), 3.0)


def test_events_in_any_order_give_the_same_text(tmp_path: Path) -> None:
    source = random.Random(7)
    events = [(AT + source.random() * 3000, source.random() * 20) for _ in range(500)]
    texts = []
    for name in ("one", "two"):
        with Steps(tmp_path / name, 15) as steps:
            for at, seconds in events:
                steps.observe(families.SERVICE, ("", "enrolled"), at, round(seconds, 3))
            out = io.StringIO()
            steps.write(out, LATER)
            texts.append([line for line in out.getvalue().splitlines() if "_sum" not in line])
        source.shuffle(events)
    assert texts[0] == texts[1]


def test_hours_without_a_line_are_left_out_and_the_count_goes_on(tmp_path: Path) -> None:
    with Steps(tmp_path / "steps", 15) as steps:
        for at in (AT, AT + 86_400):
            steps.count(families.STARTED, ("",), at)
        values = written(steps)["estorm_enrollments_started_total{operation=}"]
    assert len(values) < 60
    around = [value for at, value in values if at >= AT + 86_400 - 15]
    assert around[:3] == [1.0, 1.0, 2.0] or around[:2] == [1.0, 2.0]


def test_a_histograms_buckets_add_up_to_its_count(tmp_path: Path) -> None:
    with Steps(tmp_path / "steps", 15) as steps:
        for seconds in (0.2, 10.0, 10.04, 100.0):
            steps.observe(families.SERVICE, ("", "failed"), AT, seconds)
        found = written(steps)
    last = {name: values[-1][1] for name, values in found.items()}
    labels = "operation=,outcome=failed"
    assert last[f"estorm_enrollment_service_seconds_bucket{{{labels},le=10.0}}"] == 2
    assert last[f"estorm_enrollment_service_seconds_bucket{{{labels},le=+Inf}}"] == 4
    assert last[f"estorm_enrollment_service_seconds_count{{{labels}}}"] == 4
    assert last[f"estorm_enrollment_service_seconds_sum{{{labels}}}"] == pytest.approx(120.24)


def test_more_than_memory_may_hold_is_kept_on_disk(tmp_path: Path) -> None:
    with Steps(tmp_path / "steps", 1) as steps:
        for number in range(150_000):
            steps.count(families.STARTED, ("",), AT + number)
        values = written(steps)["estorm_enrollments_started_total{operation=}"]
    assert values[-1][1] == 150_000
