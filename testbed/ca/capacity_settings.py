"""Settings of the capacity model: how long a stage takes, and how many servers there are for it."""

from typing import Annotated

import msgspec

from testbed.bounds import Settings

Duration = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1e6)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class ConstantTime(Settings, frozen=True, tag="constant", tag_field="kind"):
    """Always the same."""

    seconds: Duration


class ExponentialTime(Settings, frozen=True, tag="exponential", tag_field="kind"):
    """Memoryless, what queueing theory reckons with."""

    mean_seconds: Duration


class NormalTime(Settings, frozen=True, tag="normal", tag_field="kind"):
    """Bell-shaped; a draw below zero counts as zero."""

    mean_seconds: Duration
    deviation_seconds: Duration


class LognormalTime(Settings, frozen=True, tag="lognormal", tag_field="kind"):
    """Skewed to the right, as service times mostly are; `sigma` is the deviation of the logarithm."""

    median_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)]
    sigma: Annotated[float, msgspec.Meta(ge=0, le=10)]


class ParetoTime(Settings, frozen=True, tag="pareto", tag_field="kind"):
    """Heavy-tailed: P(T > t) = (minimum / t) ** alpha."""

    minimum_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)]
    alpha: Positive


class EmpiricalTime(Settings, frozen=True, tag="empirical", tag_field="kind"):
    """Drawn from measured times: a text file, one number of seconds a line, named from where the CA runs."""

    file: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class SamplesTime(Settings, frozen=True, tag="samples", tag_field="kind"):
    """Drawn from these measured times, as `estorm calibrate` writes them."""

    seconds: Annotated[tuple[Duration, ...], msgspec.Meta(min_length=1, max_length=100_000)]


ServiceTime = (
    ConstantTime | ExponentialTime | NormalTime | LognormalTime | ParetoTime | EmpiricalTime | SamplesTime
)


class CapacitySettings(Settings, frozen=True):
    """What the CA can do at once. 0 means without bound; the defaults are a CA that is never busy.

    `workers` threads serve the pages (classic ASP: 25 a CPU). Requests that wait for one are bounded twice:
    over `kernel_queue` HTTP.sys answers 503 (Windows: 1000), over `page_queue` ASP answers 500 «Server Too
    Busy» (Windows: 3000). A request that has waited for `abandoned_after_seconds` is dropped when its client
    is gone by then. A page that takes `script_timeout_seconds` ends with 500.
    A submission also needs one of `database_sessions` (Windows: 100): without one it is denied with
    0x8009400F. With `signing` set, submissions sign one at a time, as with one HSM; each holds it that long.
    """

    workers: Count = 0
    kernel_queue: Count = 1000
    page_queue: Count = 3000
    abandoned_after_seconds: Duration = 3.0
    script_timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 90.0
    database_sessions: Count = 0
    login: ServiceTime | None = None
    form: ServiceTime | None = None
    submit: ServiceTime | None = None
    download: ServiceTime | None = None
    signing: ServiceTime | None = None
