"""Capacity runs: several runs beside each other."""

from exporters import ra
from exporters.load import families as load
from grafana.panels import Board, Query, lines, rows
from grafana.queries import gained, quantile, rate, series, total

_ENROLLED = 'outcome="enrolled"'

_FACTS = ", ".join(load.RUN.label_names)

BOARD = Board(
    "capacity-runs",
    "estorm / Capacity runs",
    "Several runs beside each other: choose them under Run, and a time that holds them all.",
    (
        (
            "The runs",
            (
                rows(
                    "Runs",
                    "Id, scenario, seed and target of each run in the time shown.",
                    "none",
                    Query(f"max by (run, {_FACTS}) (max_over_time({series(load.RUN)}[$__range]))"),
                ),
            ),
        ),
        (
            "Speed",
            (
                lines(
                    "Enrolled",
                    "Phones enrolled a second.",
                    "ops",
                    Query(rate(load.SUCCEEDED, "run"), "{{run}}"),
                ),
                lines(
                    "Latency from the intended start, p99",
                    "Of enrolled phones.",
                    "s",
                    Query(quantile(0.99, load.LATENCY, "run", _ENROLLED), "{{run}}"),
                ),
                lines(
                    "Phones enrolled",
                    "How far each run is.",
                    "short",
                    Query(total(load.PHONES, "run", 'state="enrolled"'), "{{run}}"),
                ),
                lines(
                    "Timeouts",
                    "Attempts that a timer ended, a second.",
                    "ops",
                    Query(rate(load.TIMEOUTS, "run"), "{{run}}"),
                ),
                lines(
                    "Submissions at the CA, p95",
                    "As the RA sees them.",
                    "s",
                    Query(quantile(0.95, ra.STAGE_SECONDS, "run", 'stage="submit"'), "{{run}}"),
                ),
                lines(
                    "Attempts by outcome",
                    "Gained over the time shown.",
                    "short",
                    Query(gained(load.SUCCEEDED, "run"), "{{run}} succeeded"),
                    Query(gained(load.FAILED, "run"), "{{run}} failed"),
                ),
            ),
        ),
        (
            "Was it the generator?",
            (
                lines(
                    "CPU of the generator's processes",
                    "Cores; over 0.8 the generator is the limit.",
                    "short",
                    Query(rate(load.CPU, "run, worker"), "{{run}} {{worker}}"),
                ),
                lines(
                    "Start lag, p99",
                    "How late attempts started; over 5 ms the generator is the limit.",
                    "s",
                    Query(quantile(0.99, load.START_LAG, "run"), "{{run}}"),
                ),
                lines(
                    "Event-loop lag, p99",
                    "How late the generator's event loop woke.",
                    "s",
                    Query(quantile(0.99, load.LOOP_LAG, "run"), "{{run}}"),
                ),
                lines(
                    "Late starts and processes",
                    "Attempts that started over 5 ms late, a second; processes by state.",
                    "short",
                    Query(rate(load.LATE, "run"), "{{run}} late"),
                    Query(total(load.WORKERS, "run, state"), "{{run}} processes {{state}}"),
                ),
            ),
        ),
    ),
    time="now-6h",
    refresh="1m",
)
