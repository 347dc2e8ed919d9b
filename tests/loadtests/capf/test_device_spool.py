from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capf.device_spool import SpooledCsr, SpooledLsc, SpoolReader, SpoolWriter
from tests.loadtests.attempts import enrolled


def test_what_is_written_is_read_in_its_order(tmp_path: Path) -> None:
    attempt = enrolled(3)
    with SpoolWriter(tmp_path / "devices-0.spool") as spool:
        spool.csr(3, 1, b"csr")
        spool.lsc(attempt, b"lsc")
    assert list(SpoolReader(tmp_path).new()) == [SpooledCsr(3, 1, b"csr"), SpooledLsc(attempt, b"lsc")]


def test_a_reader_gets_each_record_once_from_every_worker(tmp_path: Path) -> None:
    reader = SpoolReader(tmp_path)
    with SpoolWriter(tmp_path / "devices-0.spool") as one, SpoolWriter(tmp_path / "devices-1.spool") as two:
        one.csr(0, 1, b"a")
        two.csr(1, 1, b"b")
        assert [record.der for record in reader.new()] == [b"a", b"b"]
        two.csr(3, 1, b"c")
        assert [record.der for record in reader.new()] == [b"c"]
    assert list(reader.new()) == []


def test_a_spool_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "devices-0.spool"
    SpoolWriter(path).close()
    assert path.stat().st_mode & 0o077 == 0


@given(cut=st.integers(min_value=0, max_value=200))
def test_a_record_that_was_cut_waits_for_its_rest(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    directory = tmp_path_factory.mktemp("spool")
    path = directory / "devices-0.spool"
    with SpoolWriter(path) as spool:
        spool.csr(1, 1, b"first")
        spool.csr(2, 1, b"x" * 150)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    reader = SpoolReader(directory)
    before = list(reader.new())
    path.write_bytes(whole)
    assert len(before + list(reader.new())) == 2
