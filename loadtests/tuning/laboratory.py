"""Settings really run: a storm on a fresh lab, its outcome counted from journal, CA database and logs.

tries, p50, p99      the phones' journal
orphans              certificates in the CA's database that no phone holds
false time-outs      rows of the IIS log with win32 status 64, answers that the CA finished when the RA had
                     hung up, and answers that the RA could not write because the phone had
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import polars as pl

from loadtests.results import table
from loadtests.scenario import Scenario
from loadtests.simulation.forecast import simulate
from loadtests.simulation.settings import Overheads
from loadtests.storm.measured import MeasuredStorm, Silent, storm_on_lab
from loadtests.tuning.bench import arrivals
from loadtests.tuning.conditions import Condition
from loadtests.tuning.outcome import Losses, Outcome, Yardstick, of_forecast, outcome
from loadtests.tuning.scale import divided
from loadtests.tuning.tunables import Tunables
from testbed.ca.capacity_settings import ConstantTime, ExponentialTime, NormalTime, ServiceTime
from testbed.ca.distributions import drawer
from testbed.ca.hresult import CLIENT_GONE

_STATUS, _WIN32 = -4, -2
# An RA of 32 processes on a busy machine needs a minute.
_START_SECONDS = 120.0
# Of its timer: the start's login takes some time on the way, too.
_STARTING_SHARE, _SEEDS_TRIED = 0.8, 100
_UNWRITTEN = b"HTTP write error while propagating pkcs7"


@dataclass(frozen=True)
class Laboratory:
    """Runs storms of `scenario` with times divided by `scale`, in new folders of `folder`.

    `overheads` and `signing_seconds`, what a signature takes beside the time it is given, are this machine's.
    An RA starts only if the CA's first login and download end within these seconds (`able_to_start`).
    """

    def able_to_start(self, settings: Iterable[Tunables]) -> "Laboratory":
        """The same with a CA that lets an RA start with any of these settings."""
        found = tuple(settings)
        return replace(
            self,
            first_login_seconds=_STARTING_SHARE * min(each.login for each in found),
            first_download_seconds=_STARTING_SHARE * min(each.download for each in found),
        )

    def ca_seed(self, condition: Condition) -> int:
        """By which the mock CA draws its times: the scenario's, or the next with which the RA starts.

        CES was started before its CA became slow: it reads the chain then, and cannot serve without.
        """
        first, capacity = self.scenario.seed or 0, condition.capacity
        for seed in range(first, first + _SEEDS_TRIED):
            login, download = (
                drawer(time, seed, stage)()
                for stage, time in (("login", capacity.login), ("download", capacity.download))
            )
            if login <= self.first_login_seconds and download <= self.first_download_seconds:
                return seed
        return first

    scenario: Scenario
    folder: Path
    scale: float
    window_seconds: float
    overheads: Overheads
    signing_seconds: float = 0.0
    first_login_seconds: float = math.inf
    first_download_seconds: float = math.inf

    def run(self, name: str, tunables: Tunables, condition: Condition) -> tuple[Outcome, bool]:
        """What came of the settings, in times of the full scale, and whether the user interrupted.

        Raises PartFailed and GeneratorFailed as a storm does.
        """
        found = self.measured(name, tunables, condition)
        measured = outcome_of(found, self._yardstick(condition))
        return full_scale(measured, self.scale), found.course.interrupted

    def measured(self, name: str, tunables: Tunables, condition: Condition) -> MeasuredStorm:
        """The storm, as it was measured."""
        storm = self.storm(tunables, condition)
        return storm_on_lab(storm, self.folder / name, Silent(), keys=self.folder / "keys")

    def storm(self, tunables: Tunables, condition: Condition) -> Scenario:
        """The storm that `run` runs, scaled."""
        whole = condition.scenario(tunables.in_scenario(self.scenario))
        whole = msgspec.structs.replace(
            whole,
            ca=msgspec.structs.replace(whole.ca, seed=self.ca_seed(condition)),
            lab=msgspec.structs.replace(
                whole.lab, start_seconds=max(whole.lab.start_seconds, _START_SECONDS)
            ),
        )
        return divided(whole, self.scale, self.folder)

    def predicted(self, tunables: Tunables, condition: Condition, draws: int) -> list[Outcome]:
        """What the simulator says of the same storm: same arrivals, the lab's own cost, times as scaled.

        The first is with the service times that the mock CA will draw, the others with times drawn anew.
        """
        storm = self.storm(tunables, condition)
        scaled = self._as_run(condition, storm)
        found = []
        for seed in range(storm.ca.seed, storm.ca.seed + draws):
            forecast = simulate(scaled.model(storm, self.overheads, seed), arrivals(storm, storm.seed or 0))
            found.append(full_scale(of_forecast(forecast, self._yardstick(condition)), self.scale))
        return found

    def _as_run(self, condition: Condition, storm: Scenario) -> Condition:
        """The condition as the storm has it: divided, and with what this machine takes to sign."""
        capacity = storm.ca.capacity
        signing = _longer(capacity.signing, self.signing_seconds)
        outages = tuple(
            msgspec.structs.replace(
                each,
                from_seconds=each.from_seconds / self.scale,
                until_seconds=each.until_seconds / self.scale,
            )
            for each in condition.outages
        )
        return replace(
            condition, capacity=msgspec.structs.replace(capacity, signing=signing), outages=outages
        )

    def _yardstick(self, condition: Condition) -> Yardstick:
        return Yardstick(self.window_seconds, condition.recovers_from).divided(self.scale)


def outcome_of(found: MeasuredStorm, yardstick: Yardstick) -> Outcome:
    """The outcome of a storm that was run on a lab."""
    attempts = table.build(found.course.attempts)
    first = found.first_start
    tries = attempts.select(
        "phone",
        (pl.col("intended_start") - first).alias("started"),
        (pl.col("done") - first).alias("ended"),
        "enrolled",
    )
    busy, workers = found.usage.ra_workers, found.scenario.ra.workers.count
    losses = Losses(
        timeouts=attempts.height - int(attempts["enrolled"].sum()),
        false_timeouts=unheard_answers(found.folder.logs),
        orphans=found.certificates.orphaned if found.certificates else 0,
        workers_held=None if busy is None else busy * workers,
    )
    return outcome(tries, found.scenario.phones.count, losses, yardstick)


def unheard_answers(logs: Path) -> int:
    """Answers that were on their way when whoever asked had gone: the CA's to the RA, the RA's to phones."""
    unheard = 0
    for log in logs.glob("u_ex*.log"):
        unheard += sum(map(_is_unheard, log.read_bytes().splitlines()))
    log = logs / "nginx_error.log"
    return unheard + (log.read_bytes().count(_UNWRITTEN) if log.exists() else 0)


def _is_unheard(row: bytes) -> bool:
    words = row.split()
    if row.startswith(b"#") or len(words) < 4:
        return False
    return words[_WIN32] == str(CLIENT_GONE).encode() and words[_STATUS][:1] in (b"2", b"3")


def full_scale(found: Outcome, scale: float) -> Outcome:
    """The outcome with its times as they would be undivided."""
    names = ("p50_seconds", "p99_seconds", "recovery_seconds")
    values = {name: getattr(found, name) for name in names}
    grown = {name: None if value is None else value * scale for name, value in values.items()}
    return msgspec.structs.replace(found, **grown)


def _longer(time: ServiceTime | None, seconds: float) -> ServiceTime | None:
    """A service time with so much more; those of heavy tails or files are left as they are."""
    match time:
        case ConstantTime(known):
            return ConstantTime(known + seconds)
        case ExponentialTime(known):
            return ExponentialTime(known + seconds)
        case NormalTime(known, deviation):
            return NormalTime(known + seconds, deviation)
    return time
