from pathlib import Path

import polars as pl
import pytest

from loadtests.errors import JournalError
from loadtests.results import table
from loadtests.results.journal import JournalReader, JournalWriter
from tests.loadtests import attempts

START = attempts.START


def test_latency_counts_from_the_intended_start_and_service_time_from_the_real_one() -> None:
    row = table.build([attempts.enrolled(at=2.0, latency=3.0, lag=1.0)]).row(0, named=True)
    assert row["latency_seconds"] == pytest.approx(3.0)
    assert row["service_time_seconds"] == pytest.approx(2.0)
    assert row["start_lag_seconds"] == pytest.approx(1.0)


def test_timestamps_are_the_epoch_seconds_in_utc() -> None:
    row = table.build([attempts.enrolled(at=0.25)]).row(0, named=True)
    assert row["intended_start"] == START + 0.25
    assert row["intended_start_utc"].isoformat() == "2025-10-09T08:53:20.250000+00:00"
    assert row["done_utc"].timestamp() == pytest.approx(row["done"], abs=1e-6)


def test_a_request_never_sent_leaves_its_times_null() -> None:
    row = table.build([attempts.refused()]).row(0, named=True)
    assert (row["sent"], row["sent_utc"], row["wait_seconds"], row["serial"]) == (None, None, None, None)
    assert not row["enrolled"]


def test_an_attempt_is_enrolled_only_without_an_est_error() -> None:
    assert table.build([attempts.enrolled(), attempts.failed()])["enrolled"].to_list() == [True, False]


def test_rows_keep_the_order_of_the_attempts() -> None:
    built = table.build(attempts.enrolled(index) for index in (2, 0, 1))
    assert built["index"].to_list() == [2, 0, 1]


def test_an_empty_run_has_the_same_columns_and_types_as_a_full_one() -> None:
    full = table.build([attempts.enrolled(), attempts.failed(), attempts.refused()])
    assert table.build(()).schema == full.schema


@pytest.mark.parametrize("phones", [0, 50])
def test_a_written_table_reads_back_the_same(tmp_path: Path, phones: int) -> None:
    built = table.build(attempts.storm(phones))
    table.write(built, tmp_path / "enrollments.parquet")
    assert table.read(tmp_path / "enrollments.parquet").equals(built)
    assert table.read(tmp_path / "enrollments.parquet").schema == built.schema


def test_a_journal_becomes_a_table_without_loss(tmp_path: Path) -> None:
    written = [attempts.enrolled(0), attempts.failed(1), attempts.refused(2)]
    with JournalWriter(tmp_path / "attempts-0.jsonl") as journal:
        for attempt in written:
            journal.write(attempt)
    assert table.build(JournalReader(tmp_path).new()).equals(table.build(written))


def test_a_file_that_is_no_parquet_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "enrollments.parquet"
    path.write_text("phone,done\n")
    with pytest.raises(JournalError, match=r"enrollments\.parquet: not an enrollments table"):
        table.read(path)


def test_a_missing_table_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"nowhere\.parquet: not an enrollments table"):
        table.read(tmp_path / "nowhere.parquet")


def test_a_table_without_its_columns_is_refused_and_they_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    table.build([attempts.enrolled()]).drop("serial", "done_utc").write_parquet(path)
    with pytest.raises(JournalError, match="no column done_utc, serial"):
        table.read(path)


def test_a_column_of_another_type_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    late = pl.lit("late").alias("done")
    table.build([attempts.enrolled()]).with_columns(late).write_parquet(path)
    with pytest.raises(JournalError, match=r"not an enrollments table: .*'done'") as refused:
        table.read(path)
    assert "\n" not in str(refused.value)


def test_the_last_attempt_of_a_phone_is_the_one_that_ended_last() -> None:
    first = attempts.failed(7, at=0.0, latency=10.0)
    second = attempts.retry(attempts.enrolled(7, at=30.0), 2)
    other = attempts.enrolled(8)
    last = table.last_attempts(table.build([second, other, first]))
    assert sorted(zip(last["index"], last["attempt"], last["enrolled"], strict=True)) == [
        (7, 2, True),
        (8, 1, True),
    ]


def test_every_column_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "run-folder.md").read_text()
    assert [column for column in table.build(()).columns if f"`{column}`" not in text] == []


def test_the_table_is_typed_so_that_other_tools_need_no_guess() -> None:
    schema = table.build(()).schema
    assert schema["done"] == pl.Float64
    assert schema["done_utc"] == pl.Datetime("us", "UTC")
    assert schema["http_status"] == pl.Int32
    assert schema["enrolled"] == pl.Boolean
