"""A killed run's folder, made by hand: what is recovered from it."""

from pathlib import Path

import msgspec
import pytest

from loadtests.capf.device_spool import SpoolWriter
from loadtests.errors import ScenarioError
from loadtests.phones.roster import Roster, Start, read_roster, write_roster
from loadtests.results.journal import Attempt, JournalReader, JournalWriter
from loadtests.scenario import Operation, PhoneSettings, Scenario
from loadtests.storm.resumption import Devices, enlist, recover, renewing
from loadtests.storm.run_folder import RunFolder, open_run_folder
from tests.loadtests.attempts import START, enrolled, failed

SCENARIO = Scenario(seed=1, phones=PhoneSettings(count=4))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run that was begun."""
    begun = RunFolder(tmp_path)
    enlist(SCENARIO, begun, START).close()
    begun.scenario.write_text(SCENARIO.to_toml())
    return begun


def journaled(folder: RunFolder) -> list[Attempt]:
    return list(JournalReader(folder.path).new())


def test_what_was_journaled_and_spooled_is_recovered(folder: RunFolder) -> None:
    with JournalWriter(folder.path / "attempts-0.jsonl") as journal:
        journal.write(enrolled(0))
        journal.write(failed(1))
    with SpoolWriter(folder.path / "devices-0.spool") as spool:
        spool.csr(1, 1, b"csr")
        spool.lsc(enrolled(0), b"lsc")
    with recover(folder, 2) as table:
        assert table.enrolled() == [0]
        assert table.remaining(2) == [Start(1, 2), Start(2), Start(3)]


def test_an_lsc_that_did_not_come_to_the_journal_is_added_to_it(folder: RunFolder) -> None:
    with SpoolWriter(folder.path / "devices-0.spool") as spool:
        spool.lsc(enrolled(2), b"lsc")
    for _ in range(2):
        recover(folder, 1).close()
    assert journaled(folder) == [enrolled(2)]


def test_a_journal_line_that_was_cut_is_removed_and_its_phone_starts_again(folder: RunFolder) -> None:
    path = folder.path / "attempts-0.jsonl"
    line = msgspec.json.encode(failed(1))
    path.write_bytes(msgspec.json.encode(failed(0)) + b"\n" + line[:40])
    with recover(folder, 1) as table:
        assert [start.index for start in table.remaining(1)] == [1, 2, 3]
    with JournalWriter(path) as journal:
        journal.write(failed(1))
    assert journaled(folder) == [failed(0), failed(1)]


def test_finished_devices_leave_no_spool(folder: RunFolder) -> None:
    with recover(folder, 1) as table:
        with SpoolWriter(folder.path / "devices-0.spool") as spool:
            spool.lsc(enrolled(3), b"lsc")
        Devices(folder, table, 1).finish()
        assert table.enrolled() == [3]
    assert not list(folder.path.glob("*.spool"))


def test_a_deadline_is_counted_from_the_runs_begin(tmp_path: Path) -> None:
    phones = msgspec.structs.replace(SCENARIO.phones, finish_within_seconds=90.0)
    with enlist(msgspec.structs.replace(SCENARIO, phones=phones), RunFolder(tmp_path), START) as table:
        assert table.finish_by() == START + 90


def test_one_storm_at_a_time_runs_in_a_folder(folder: RunFolder) -> None:
    with folder.locked(), pytest.raises(ScenarioError, match="under way"), folder.locked():
        pass
    with folder.locked():
        pass


def test_a_folder_that_holds_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"is not a run folder: it has no scenario\.toml"):
        open_run_folder(tmp_path)


def renewal_of(folder: RunFolder, **phones: object) -> Scenario:
    settings = msgspec.structs.replace(PhoneSettings(renew_from=str(folder.path)), **phones)
    return renewing(Scenario(seed=99, phones=settings))


def test_a_renewal_has_the_seed_and_the_phones_that_enrolled(folder: RunFolder, tmp_path: Path) -> None:
    folder.keys.write_bytes(b"")
    with SpoolWriter(folder.path / "devices-0.spool") as spool:
        spool.lsc(enrolled(1), b"lsc")
        spool.lsc(enrolled(3), b"lsc")
    recover(folder, 1).close()
    scenario = renewal_of(folder)
    assert (scenario.seed, scenario.phones.count, scenario.phones.operation) == (1, 2, Operation.RENEW)
    assert renewal_of(folder, count=1).phones.count == 1
    later = tmp_path / "later"
    later.mkdir()
    with enlist(scenario, RunFolder(later), START) as table:
        assert table.remaining(1) == [Start(1), Start(3)]


def test_a_renewal_of_phones_without_keys_or_lscs_says_what_to_do(folder: RunFolder) -> None:
    with pytest.raises(ScenarioError, match="--keep-keys"):
        renewal_of(folder)
    folder.keys.write_bytes(b"")
    with pytest.raises(ScenarioError, match=r"no phone of .* holds an LSC"):
        renewal_of(folder)


def test_a_roster_comes_back_and_fits_its_phones(tmp_path: Path) -> None:
    path = tmp_path / "roster.json"
    write_roster(path, [Start(4, 2), Start(9)])
    assert read_roster(path, 2).at(0) == Start(4, 2)
    assert Roster().at(7) == Start(7)
    with pytest.raises(ScenarioError, match="2 phones, --phones says 3"):
        read_roster(path, 3)
    path.write_text("{}")
    with pytest.raises(ScenarioError, match="--roster: cannot read"):
        read_roster(path, 2)
