import os
import shutil
from pathlib import Path

import pytest

from exporters.logs.follower import Follower
from exporters.logs.ledger import Totals
from exporters.logs.unreadable import Unreadable
from tests.exporters.logs.reading import NOW, numbers, readers


class Lines:
    """Keeps what it is handed."""

    last_at: float | None = None

    def __init__(self) -> None:
        self.text = b""

    def read(self, block: bytes, now: float) -> None:
        assert now == NOW
        self.text += block

    def finish(self, now: float) -> None:
        pass


class Followed:
    """A file that is followed, and what came of it."""

    def __init__(self, path: Path) -> None:
        self.lines, self.totals = Lines(), Totals()
        self.follower = Follower(path, "capf", self.lines, self.totals, Unreadable(self.totals))

    def poll(self) -> bytes:
        """What is new."""
        self.lines.text = b""
        while self.follower.poll(NOW):
            pass
        return self.lines.text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "capf.log"


@pytest.fixture
def followed(path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN201
    made = Followed(path)
    yield made
    made.follower.close()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_line_is_handed_over_once_it_has_its_end(path: Path, followed: Followed) -> None:
    append(path, b"one\ntw")
    assert followed.poll() == b"one\n"
    append(path, b"o\n")
    assert followed.poll() == b"two\n"
    assert followed.poll() == b""


def test_a_file_that_is_not_there_yet_is_read_when_it_comes(path: Path, followed: Followed) -> None:
    assert followed.poll() == b""
    append(path, b"one\n")
    assert followed.poll() == b"one\n"


def test_what_is_there_may_be_skipped(path: Path, followed: Followed) -> None:
    append(path, b"old\n")
    followed.follower.skip_to_end()
    append(path, b"new\n")
    assert followed.poll() == b"new\n"


def test_a_renamed_file_is_read_to_its_end_before_its_successor(path: Path, followed: Followed) -> None:
    append(path, b"one\n")
    followed.poll()
    old = path.rename(path.with_suffix(".log.1"))
    append(old, b"late\nunfinished")
    assert followed.poll() == b"late\n"
    append(path, b"new\n")
    assert followed.poll() == b"unfinished\nnew\n"


def test_a_file_truncated_after_a_copy_is_read_from_its_start(path: Path, followed: Followed) -> None:
    append(path, b"one\ntwo\n")
    followed.poll()
    shutil.copy(path, path.with_suffix(".log.1"))
    os.truncate(path, 0)
    append(path, b"new\n")
    assert followed.poll() == b"new\n"


def test_a_truncated_file_that_has_grown_past_its_old_size_is_still_found_out(
    path: Path, followed: Followed
) -> None:
    append(path, b"one\n")
    followed.poll()
    os.truncate(path, 0)
    append(path, b"another and longer\n")
    assert followed.poll() == b"another and longer\n"


def test_a_writer_that_leaves_a_hole_after_a_truncation_costs_no_line(path: Path, followed: Followed) -> None:
    with path.open("wb") as writer:
        writer.write(b"one\n" * 1000)
        writer.flush()
        followed.poll()
        os.truncate(path, 0)
        followed.poll()
        writer.write(b"new\n")
    assert followed.poll() == b"new\n"


def test_utf_16_is_followed_from_its_end_too(path: Path, followed: Followed) -> None:
    append(path, "old\n".encode("utf-16"))
    followed.follower.skip_to_end()
    append(path, "new\n".encode("utf-16-le"))
    assert followed.poll() == b"new\n"


def test_a_line_without_an_end_that_grows_and_grows_is_counted_and_left_out(
    path: Path, followed: Followed
) -> None:
    append(path, b"x" * 3_000_000)
    followed.poll()
    append(path, b"\nlast\n")
    assert followed.poll() == b"last\n"
    assert numbers(followed.totals)["log_lines_unreadable_total{log=capf,reason=long}"] == 1


def test_an_iis_log_followed_from_its_end_knows_its_columns_from_its_beginning(tmp_path: Path) -> None:
    path, totals = tmp_path / "u_ex190116.log", Totals()
    made = readers(totals)
    append(path, b"#Fields: sc-status date time cs-uri-stem\r\n404 2019-01-16 10:00:00 /certsrv\r\n")
    follower = Follower(path, "iis", made.reader("iis"), totals, made.unreadable)
    follower.skip_to_end()
    append(path, b"200 2019-01-16 10:00:01 /certsrv\r\n")
    while follower.poll(NOW):
        pass
    follower.close()
    assert numbers(totals)["ca_requests_total{stage=login,status=200}"] == 1


def test_a_deleted_file_is_known_from_a_renamed_one(path: Path, followed: Followed) -> None:
    append(path, b"one\n")
    followed.poll()
    moved = path.rename(path.with_suffix(".log.1"))
    assert not followed.follower.deleted
    moved.unlink()
    assert followed.follower.deleted
