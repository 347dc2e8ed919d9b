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
    """Writes rows to the day's file in `directory`; a context manager's job is its owner's: call `close`."""

    def __init__(self, directory: Path, now: Callable[[], dt.datetime]) -> None:
        self._directory, self._now = directory, now
        self._day: dt.date | None = None
        self._second: dt.datetime | None = None
        self._stamp = ""
        self._file: BinaryIO | None = None

    def write(self, row: Row) -> None:
        """Append one row; it is in the file when this returns."""
        moment = self._now().replace(microsecond=0)
        if moment != self._second or self._file is None:
            self._begin_second(moment)
        assert self._file
        self._file.write(f"{self._stamp} {row.text()}\r\n".encode("utf-8", "replace"))

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _begin_second(self, moment: dt.datetime) -> None:
        if moment.date() != self._day or self._file is None:
            self._file = self._open(moment)
        self._second, self._stamp = moment, f"{moment:%Y-%m-%d %H:%M:%S}"

    def _open(self, moment: dt.datetime) -> BinaryIO:
        self.close()
        self._day = moment.date()
        file = (self._directory / f"u_ex{moment:%y%m%d}.log").open("ab", buffering=0)
        file.write(_header(moment).encode("ascii"))
        return file


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
