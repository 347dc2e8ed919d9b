"""Failed attempts as dashboards count them: EST error, how far they came, the timer that ended them."""

import msgspec
import polars as pl

from loadtests.results.journal import Attempt
from loadtests.swarm.metering import failure_of

FAILED = pl.Schema({"at": pl.Float64(), "est_error": pl.String(), "stage": pl.String(), "timer": pl.String()})
"""A failed attempt: its end in seconds since the epoch; the timer is null where none ended it."""


def failed_attempts(table: pl.DataFrame) -> pl.DataFrame:
    """The table's failed attempts, as FAILED."""
    columns = [field.name for field in msgspec.structs.fields(Attempt)]
    attempts = (Attempt(*row) for row in table.filter(~pl.col("enrolled")).select(columns).iter_rows())
    failures = ((attempt.done, failure_of(attempt)) for attempt in attempts)
    return pl.DataFrame(
        [(done, failure.est_error, failure.stage, failure.timer) for done, failure in failures],
        schema=FAILED, orient="row",
    )  # fmt: skip
