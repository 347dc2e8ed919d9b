"""A scenario's faults as outages of the simulated chain, and the names of those that it does not know."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from chaos.schedule import Strike, plan, timeline
from chaos.settings import ChaosSettings
from loadtests.simulation.settings import Outage

Kind = Literal["hang", "freeze", "unresolved"]

# Each held against the lab in tests/benchmarks/test_simulator_against_lab.py.
OUTAGES: Mapping[str, Kind] = MappingProxyType(
    {"ca.hang": "hang", "ca.paused": "freeze", "dns.drop": "unresolved"}
)
# With these parameters a fault befalls every request, as an outage does.
_ALL: Mapping[str, object] = MappingProxyType(
    {"probability": 1.0, "count": 0, "stage": "any", "types": (), "transport": "any"}
)
_FOR_EVER_SECONDS = 1e9


def outages_of(
    chaos: ChaosSettings | None, seed: int, until_seconds: float
) -> tuple[tuple[Outage, ...], list[str]]:
    """The outages of a schedule that begin before `until_seconds`, and the names of faults that are none.

    A fault is none where the simulator does not know it, where it strikes some requests alone, or by phones
    enrolled. PlanRefused for a schedule that makes no sense.
    """
    if chaos is None:
        return (), []
    strikes = timeline(plan(chaos.schedule), seed, until_seconds)
    outages = tuple(_outages(strike for strike in strikes if _is_known(strike)))
    return outages, sorted({strike.fault.name for strike in strikes if not _is_known(strike)})


def _is_known(strike: Strike) -> bool:
    known = strike.fault.name in OUTAGES and strike.by == "seconds"
    return known and all(getattr(strike.fault, name, usual) == usual for name, usual in _ALL.items())


def _outages(strikes: Iterator[Strike]) -> Iterator[Outage]:
    for strike in strikes:
        end = _FOR_EVER_SECONDS if strike.end is None else strike.end
        if strike.seconds is not None:
            end = min(end, strike.start + strike.seconds)
        yield Outage(strike.start, end, OUTAGES[strike.fault.name])
