"""What a run has done and has yet to do: from its device table, and from what a killed run left beside it."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from loadtests.capf.device_spool import SpooledLsc, SpoolReader
from loadtests.capf.device_table import DeviceSettings, DeviceTable, existing_table
from loadtests.errors import ScenarioError
from loadtests.phones.phone import PhoneNames
from loadtests.phones.settings import noon_tomorrow
from loadtests.results.journal import Attempt, JournalReader, JournalWriter
from loadtests.results.orphans import CaRecords, Mark, read_mark
from loadtests.scenario import Scenario, read_scenario
from loadtests.storm.run_folder import RunFolder, find_run_folder
from loadtests.targets.settings import TargetSettings


class Devices:
    """The devices of one run in progress: keeps their table up to date. `finish` it in the end."""

    def __init__(self, folder: RunFolder, table: DeviceTable, attempts_allowed: int) -> None:
        self.table = table
        self._spool = SpoolReader(folder.path)
        self._attempts_allowed = attempts_allowed

    def take(self, attempts: Iterable[Attempt]) -> None:
        """Store what was spooled since, and what these attempts came to."""
        self.table.update(self._spool.new(), attempts, self._attempts_allowed)

    def finish(self) -> None:
        """Take the rest of the spool and remove it: the table has it all."""
        self.take(())
        for path in self._spool.paths():
            path.unlink()


def ca_records(scenario: Scenario, folder: RunFolder) -> CaRecords:
    """What is at hand of the records of the CA behind the scenario's EST server: all of a lab's."""
    return _target_records(scenario.target) if scenario.target.url else CaRecords(folder.database)


def target_mark(scenario: Scenario) -> Mark | None:
    """Where the records of a target's CA end before the run; None in a lab, which begins with none."""
    return _target_records(scenario.target).mark() if scenario.target.url else None


def end_mark(scenario: Scenario, folder: RunFolder) -> None:
    """Note where the records of a target's CA end now that the run has: what comes later is not the run's."""
    if not scenario.target.ca_database:
        return
    end, begin = _target_records(scenario.target).mark(), read_mark(folder.ca_mark)
    msgspec.structs.replace(begin, until_request_id=end.request_id).write(folder.ca_mark)


def _target_records(target: TargetSettings) -> CaRecords:
    return CaRecords(
        Path(target.ca_database) if target.ca_database else None,
        Path(target.ca_log) if target.ca_log else None,
    )


def enlist(scenario: Scenario, folder: RunFolder, now: float) -> DeviceTable:
    """The device table of a new run: every phone of the scenario, or each that renews.

    ScenarioError when the run whose LSCs are to be renewed has none.
    """
    phones = scenario.phones
    assert scenario.seed is not None
    names = PhoneNames(scenario.seed)
    settings = DeviceSettings(
        phones.key, phones.authentication_mode,
        now + phones.finish_within_seconds if phones.finish_within_seconds else noon_tomorrow(now),
    )  # fmt: skip
    indexes: Iterable[int] = range(phones.count)
    if phones.renew_from:
        indexes = _renewable(RunFolder(Path(phones.renew_from)))[: phones.count]
    return DeviceTable.create(folder.devices, ((index, names.name(index)) for index in indexes), settings)


def renewing(scenario: Scenario) -> Scenario:
    """The scenario with the fleet of the run that it renews, if it renews one.

    Seed, keys and the number of phones are that run's. ScenarioError says what the run lacks.
    """
    if not scenario.phones.renew_from:
        return scenario
    earlier = find_run_folder(Path(scenario.phones.renew_from))
    before = read_scenario(earlier.scenario)
    if not earlier.keys.is_file():
        raise ScenarioError(
            f"{earlier.path} holds no keys of its phones, which renewing needs; run it with --keep-keys"
        )
    count = min(scenario.phones.count, len(_renewable(earlier)))
    return scenario.renewing(earlier.path, before, count)


def recover(folder: RunFolder, attempts_allowed: int) -> DeviceTable:
    """The device table of a run that was killed, brought up to all that its phones had done.

    A journal's last line is removed if it was cut; a line that an enrolled phone's LSC had but the journal
    did not get is added.
    """
    journaled = _mended(folder.path)
    spooled = list(SpoolReader(folder.path).new())
    known = {(attempt.index, attempt.attempt) for attempt in journaled}
    for record in spooled:
        if isinstance(record, SpooledLsc) and (record.attempt.index, record.attempt.attempt) not in known:
            with JournalWriter(folder.path / f"attempts-{record.attempt.worker}.jsonl") as journal:
                journal.write(record.attempt)
    with existing_table(folder.devices) as table:
        table.update(spooled, journaled, attempts_allowed)
    return DeviceTable(folder.devices)


def _mended(directory: Path) -> list[Attempt]:
    for path in directory.glob("attempts-*.jsonl"):
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(data.rfind(b"\n") + 1)
    return list(JournalReader(directory).new())


def _renewable(earlier: RunFolder) -> list[int]:
    with existing_table(earlier.devices, read_only=True) as table:
        indexes = table.enrolled()
    if not indexes:
        raise ScenarioError(f"no phone of {earlier.path} holds an LSC, so none can renew it")
    return indexes
