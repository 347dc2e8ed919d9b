"""The IIS log in W3C extended format: `u_exYYMMDD.log`, UTC, one file a day."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_FIELDS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken"
)
_END = b"\r\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One request in the log; empty fields become `-`, blanks in the two header fields `+`."""

    server_ip: str
    method: str
    stem: str
    query: str
    port: int
    user: str
    client_ip: str
    user_agent: str
    referer: str
    status: int
    sub_status: int
    win32_status: int
    taken_milliseconds: int

    def text(self) -> str:
        """The line without date, time and end."""
        return (
            f"{self.server_ip} {self.method} {_field(self.stem)} "
            f"{_field(self.query)} {self.port} {_field(self.user)} {self.client_ip} "
            f"{_field(self.user_agent)} {_field(self.referer)} "
            f"{self.status} {self.sub_status} {self.win32_status} {self.taken_milliseconds}"
        )


class W3cLog:
    """Writes rows to the day's file in `directory`; a context manager's job is its owner's: call `close`.

    A full disk costs rows, not answers, as with HTTP.sys: `lost_rows` counts them.
    """

    def __init__(self, directory: Path, now: Callable[[], dt.datetime]) -> None:
        self._directory, self._now = directory, now
        self._day: dt.date | None = None
        self._second: dt.datetime | None = None
        self._stamp = ""
        self._file: BinaryIO | None = None
        self._torn = False
        self.lost_rows = 0

    def write(self, row: Row) -> None:
        """Append one row; it is in the file when this returns, unless it is lost."""
        moment = self._now().replace(microsecond=0)
        try:
            if moment != self._second or self._file is None:
                self._begin_second(moment)
            self._append(f"{self._stamp} {row.text()}\r\n".encode("utf-8", "replace"))
        except OSError:
            self.lost_rows += 1

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _append(self, line: bytes) -> None:
        """The line; before it the end of one of which the disk took only a part."""
        assert self._file
        line = _END + line if self._torn else line
        taken = self._file.write(line)
        self._torn = taken < len(line)
        if self._torn:
            self.lost_rows += 1

    def _begin_second(self, moment: dt.datetime) -> None:
        if moment.date() != self._day or self._file is None:
            self._open(moment)
        self._second, self._stamp = moment, f"{moment:%Y-%m-%d %H:%M:%S}"

    def _open(self, moment: dt.datetime) -> None:
        self.close()
        self._file = (self._directory / f"u_ex{moment:%y%m%d}.log").open("ab", buffering=0)
        try:
            self._append(_header(moment).encode("ascii"))
        except OSError:
            self.close()  # the next row tries again
            raise
        self._day = moment.date()


def _header(moment: dt.datetime) -> str:
    return (
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"
        f"#Date: {moment:%Y-%m-%d %H:%M:%S}\r\n#Fields: {_FIELDS}\r\n"
    )


def _field(text: str) -> str:
    """A field holds no blank and no line end, whatever the client sent."""
    if not text:
        return "-"
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    return "".join(map(_char, text))


def _char(char: str) -> str:
    if char == " ":
        return "+"
    return char if char.isprintable() else f"%{ord(char):02X}"
