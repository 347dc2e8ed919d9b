"""A generator of IIS W3C logs: enrollments as the vendor's RA makes them, seven rows each, at a steady rate.

The same seed gives the same bytes. Speed: about 100 MB/s, so a file of gigabytes is made in a minute.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FIELDS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken"
)
START = dt.datetime(2019, 1, 16, 22, 0, 0, tzinfo=dt.UTC)
_SERVER = "14.48.31.152"
_REFERER = "https://lab-dc.michamen.com:443/certsrv/certrqxt.asp"
_ACCOUNT = r"MICHAMEN\ciscora"


def header(moment: dt.datetime = START, fields: str = FIELDS) -> bytes:
    """The directives that IIS writes when it opens a file."""
    software = "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"
    return f"{software}#Date: {moment:%Y-%m-%d %H:%M:%S}\r\n#Fields: {fields}\r\n".encode()


@dataclass
class Written:
    """What is in a generated log: its size, its rows, and how often each stage came with each status."""

    size_bytes: int = 0
    rows: int = 0
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)


def write_log(path: Path, size_bytes: int, seed: int = 1, per_second: int = 100) -> Written:
    """Fill `path` with whole enrollments until it has `size_bytes`."""
    written = Written()
    with path.open("wb") as file:
        file.write(header())
        for second in seconds(seed, per_second, written):
            file.write(second)
            written.size_bytes = file.tell()
            if written.size_bytes >= size_bytes:
                break
    return written


def seconds(seed: int, per_second: int, written: Written) -> Iterator[bytes]:
    """The log, second by second, without end."""
    source = random.Random(seed)
    moment, request_id = START, 1
    while True:
        stamp = f"{moment:%Y-%m-%d %H:%M:%S} {_SERVER}"
        rows: list[str] = []
        for _ in range(per_second):
            rows += _enrollment(stamp, request_id, source, written)
            request_id += 1
        written.rows += len(rows)
        yield "".join(rows).encode()
        moment += dt.timedelta(seconds=1)


def _enrollment(stamp: str, request_id: int, source: random.Random, written: Written) -> list[str]:
    draw = source.random
    client = f"14.48.31.{request_id % 250}"
    failed = draw() < 0.01
    form, submit = int(250 * draw() ** 4), int(12_000 * draw() ** 8)
    login = (
        f"{stamp} GET /certsrv - 443 - {client} CiscoRA+1.0 - 401 1 2148074254 0\r\n",
        f"{stamp} GET /certsrv - 443 {_ACCOUNT} {client} CiscoRA+1.0 - 301 0 0 16\r\n",
    )
    rows = [
        *login,
        f"{stamp} GET /certsrv/certrqxt.asp - 443 {_ACCOUNT} {client} CiscoRA+1.0 - 200 0 0 {form}\r\n",
    ]
    status, win32 = ("500", 64) if failed else ("200", 0)
    rows += [
        *login,
        (
            f"{stamp} POST /certsrv/certfnsh.asp - 443 {_ACCOUNT} {client} CiscoRA+1.0 {_REFERER} "
            f"{status} 0 {win32} {submit}\r\n"
        ),
    ]
    counted = written.requests
    counted["login", "401"] += 2
    counted["login", "301"] += 2
    counted["form", "200"] += 1
    counted["submit", status] += 1
    if not failed:
        rows.append(
            f"{stamp} GET /certsrv/certnew.cer ReqID={request_id}&ENC=b64 443 {_ACCOUNT} {client} "
            f"CiscoRA+1.0 - 200 0 0 {int(draw() * 16)}\r\n"
        )
        counted["download", "200"] += 1
    return rows
