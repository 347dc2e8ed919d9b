"""The `[generator]` table of a scenario: how the load is made, not what it is."""

import enum
from typing import Annotated

import msgspec

from testbed.bounds import Settings
from testbed.metrics_settings import MetricsSettings


class TlsLibrary(enum.StrEnum):
    """`fast`: the OpenSSL that `cryptography` brings; `python`: the one that Python was built with."""

    FAST = "fast"
    PYTHON = "python"


class GeneratorSettings(Settings, frozen=True):
    """How many processes make the load, on which TLS, and whether requests are made before the run.

    `quick_ack`: TCP acknowledges at once, so that no server's second write waits for that; phones do not.
    """

    processes: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    tls: TlsLibrary = TlsLibrary.FAST
    prepare_requests: bool = True
    quick_ack: bool = False
    metrics: MetricsSettings = MetricsSettings()
