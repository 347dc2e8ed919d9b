"""One part of the lab and the settings it runs with: changed while it runs, ended, started again."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from testbed.errors import PartFailed, SettingsError
from testbed.metrics_settings import MetricsSettings
from testbed.settings import CaPartSettings, RaPartSettings, changed
from testbed.supervision import PartDeath, PartProcess

S = TypeVar("S", CaPartSettings, RaPartSettings)


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a part is started: how long it may take to be ready, and with what in its environment."""

    start_seconds: float
    environment: Mapping[str, str]


class LabPart(Generic[S]):
    """A part that keeps its ports for as long as its lab lasts, however often it is started.

    `original` are the settings it was started with first, with the ports that it got.
    """

    def __init__(
        self,
        process: PartProcess,
        settings: S,
        pinned: Callable[[S, Mapping[str, str]], S],
        conditions: Conditions,
    ) -> None:
        self._process, self._conditions = process, conditions
        self._pinned: Callable[[S, Mapping[str, str]], S] = pinned
        self._numbers = itertools.count(1)
        self.original: S = settings
        self.changes: dict[int, Mapping[str, object]] = {}
        self.addresses: dict[str, str] = {}
        self.starts = 0

    @property
    def settings(self) -> S:
        """Those it runs with, or will when it is started again: the original ones, changed."""
        settings = self.original
        for change in self.changes.values():
            settings = changed(settings, change)
        return settings

    @property
    def name(self) -> str:
        """What it is called: ca, ra."""
        return self._process.name

    @property
    def pid(self) -> int:
        """The process id; 0 while it is dead on purpose."""
        return self._process.pid

    def start(self) -> None:
        """Start it; PartFailed with its own reason when it cannot, and then nothing of it runs."""
        try:
            self.addresses = self._process.start(
                self.settings, self._conditions.start_seconds, self._conditions.environment
            )
        except PartFailed:
            self._process.kill()
            raise
        self.starts += 1
        self.original = self._pinned(self.original, self.addresses)

    def restart(self) -> None:
        """End it in order, if it runs, and start it with its settings of now; raises as `start` does."""
        self._process.end()
        self.start()

    def kill(self) -> None:
        """End it at once, with what it has started; it is dead on purpose until it is started again."""
        self._process.kill()

    def change(self, settings: Mapping[str, object]) -> int:
        """Have it go on with other settings, `{"ra.template": "CiscoRB"}`; gives the change's number.

        One that is dead on purpose is started with them next. A change that it refuses (PartFailed), or that
        cannot be made (SettingsError), is none.
        """
        number = next(self._numbers)
        self.changes[number] = settings
        try:
            self.settle()
        except (PartFailed, SettingsError):
            del self.changes[number]
            raise
        return number

    def take_back(self, number: int | None = None) -> None:
        """Take a change back, or all of them; no matter if it has been before.

        PartFailed when it goes on as it did: it is to `settle`, now or when it is started next.
        """
        before = len(self.changes)
        for each in [number] if number is not None else list(self.changes):
            self.changes.pop(each, None)
        if len(self.changes) < before:
            self.settle()

    def replace(self, settings: S) -> None:
        """Have it go on with `settings` instead of the original ones, on its ports; changes stay on top.

        PartFailed or SettingsError when it cannot: it goes on as it did.
        """
        before, self.original = self.original, self._pinned(settings, self.addresses)
        try:
            self.settle()
        except (PartFailed, SettingsError):
            self.original = before
            raise

    def settle(self) -> None:
        """Have it go on with its settings of now, if it runs; PartFailed when it refuses."""
        settings = self.settings
        if self.pid:
            self._process.reload(settings, self._conditions.start_seconds)

    def death(self) -> PartDeath | None:
        """How it ended by itself; None while it runs or is dead on purpose."""
        return self._process.death()

    def stop(self) -> None:
        """End it for good."""
        self._process.stop()


def pinned_ca(settings: CaPartSettings, addresses: Mapping[str, str]) -> CaPartSettings:
    """The CA's settings with the ports it got."""
    ca = msgspec.structs.replace(
        settings.ca, port=_port(addresses["certsrv"]), management_port=_port(addresses["management"]),
        metrics=_pinned(settings.ca.metrics, addresses),
    )  # fmt: skip
    return msgspec.structs.replace(settings, ca=ca)


def pinned_ra(settings: RaPartSettings, addresses: Mapping[str, str]) -> RaPartSettings:
    """The RA's settings with the ports it got."""
    ra = msgspec.structs.replace(
        settings.ra, port=_port(addresses["est"]), metrics=_pinned(settings.ra.metrics, addresses)
    )
    return msgspec.structs.replace(settings, ra=ra)


def _pinned(metrics: MetricsSettings, addresses: Mapping[str, str]) -> MetricsSettings:
    return msgspec.structs.replace(metrics, port=_port(addresses["metrics"]))


def _port(url: str) -> int:
    return urlsplit(url).port or 0
