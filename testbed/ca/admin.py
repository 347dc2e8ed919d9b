"""`estorm ca`: look into a CA's database and act as its certificate manager."""

import contextlib
import csv
import datetime as dt
import io
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
import msgspec
from rich.console import Console
from rich.table import Table

from testbed.ca import database, officer
from testbed.ca.authority import pem
from testbed.ca.records import Disposition, RequestRecord
from testbed.errors import DatabaseError
from testbed.numbers import Integer

_DATABASE = click.argument("path", metavar="DB", type=click.Path(path_type=Path))
_EVERYTHING = -1
_WIDE_COLUMNS = 200
_SHOWN = ("id", "disposition", "submitted_at", "requester", "template", "subject", "serial")


class _Row(msgspec.Struct, frozen=True):
    """A request as text: what `list` and `export` write."""

    id: int
    disposition: str
    submitted_at: str
    resolved_at: str
    requester: str
    template: str
    subject: str
    serial: str
    not_after: str
    status: str
    message: str
    revoked_at: str
    revocation_reason: str


@click.group(name="ca")
def ca_group() -> None:
    """Look into the mock CA's database, and decide on what it holds.

    DB is the file the CA was started with; a run keeps it in its folder. The CA may be running.
    """


@ca_group.command("list")
@_DATABASE
@click.option("--disposition", type=click.Choice([str(each) for each in Disposition]), help="Only these.")
@click.option("--limit", type=Integer(1), default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_requests(path: Path, disposition: str | None, limit: int, *, as_json: bool) -> None:
    """List requests, the newest first."""
    wanted = Disposition(disposition) if disposition else None
    with _opened(path) as connection:
        rows = [_row(record) for record in database.select(connection, wanted, limit)]
    if as_json:
        for row in rows:
            click.echo(msgspec.json.encode(row))
        return
    table = Table(*_SHOWN, box=None)
    for row in rows:
        table.add_row(*(str(getattr(row, name)) for name in _SHOWN))
    Console(width=None if sys.stdout.isatty() else _WIDE_COLUMNS).print(table)


@ca_group.command()
@_DATABASE
@click.argument("request", metavar="ID|SERIAL")
def show(path: Path, request: str) -> None:
    """Show one request and its certificate."""
    with _opened(path) as connection:
        record = officer.look_up(connection, request)
    for name, value in msgspec.structs.asdict(_row(record)).items():
        if value != "":
            click.echo(f"{name:<18} {' '.join(str(value).split())}")
    if record.certificate:
        click.echo(pem(record.certificate).replace(b"\r\n", b"\n"), nl=False)


@ca_group.command()
@_DATABASE
@click.argument("requests", metavar="ID...", type=Integer(1), nargs=-1, required=True)
def approve(path: Path, requests: tuple[int, ...]) -> None:
    """Let pending requests be issued: the CA signs each when its requester next asks for it."""
    with _changing(path) as connection:
        for request_id in requests:
            officer.approve(connection, request_id)
            click.echo(f"request {request_id} is approved")


@ca_group.command()
@_DATABASE
@click.argument("requests", metavar="ID...", type=Integer(1), nargs=-1, required=True)
def deny(path: Path, requests: tuple[int, ...]) -> None:
    """Refuse pending requests."""
    with _changing(path) as connection:
        for request_id in requests:
            officer.deny(connection, request_id, time.time())
            click.echo(f"request {request_id} is denied")


@ca_group.command()
@_DATABASE
@click.argument("requests", metavar="ID|SERIAL...", nargs=-1, required=True)
@click.option("--reason", type=click.Choice(list(officer.REASONS)), default="unspecified", show_default=True)
def revoke(path: Path, requests: tuple[str, ...], reason: str) -> None:
    """Enter issued certificates in the CRL that the CA gives out."""
    with _changing(path) as connection:
        for request in requests:
            record = officer.look_up(connection, request)
            officer.revoke(connection, record.id, reason, time.time())
            click.echo(f"request {record.id}, serial {record.serial}, is revoked")


@ca_group.command()
@_DATABASE
@click.option(
    "--format", "kind", type=click.Choice(["pem", "csv", "jsonl"]), default="pem", show_default=True
)
@click.option("--disposition", type=click.Choice([str(each) for each in Disposition]), help="Only these.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default standard output.")
def export(path: Path, kind: str, disposition: str | None, out: Path | None) -> None:
    """Write certificates (pem) or one row a request (csv, jsonl), the newest first."""
    wanted = Disposition(disposition) if disposition else None
    with _opened(path) as connection, _writable(out) as file:
        records = database.select(connection, wanted, _EVERYTHING)
        for chunk in _export_csv(records) if kind == "csv" else _export_lines(records, kind):
            file.write(chunk)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with database.open_existing(path) as connection:
        yield connection


@contextlib.contextmanager
def _changing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction: all of a command's changes, or none."""
    with database.open_existing(path, read_only=False) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


@contextlib.contextmanager
def _writable(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        return
    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise DatabaseError(f"cannot write to {path}: {error.strerror}") from error


def _export_lines(records: Iterator[RequestRecord], kind: str) -> Iterator[bytes]:
    for record in records:
        if kind == "jsonl":
            yield msgspec.json.encode(_row(record)) + b"\n"
        elif record.certificate:
            yield pem(record.certificate).replace(b"\r\n", b"\n")


def _export_csv(records: Iterator[RequestRecord]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_Row.__struct_fields__)
    for record in records:
        writer.writerow(msgspec.structs.astuple(_row(record)))
        yield text.getvalue().encode("utf-8")
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode("utf-8")


def _row(record: RequestRecord) -> _Row:
    return _Row(
        id=record.id, disposition=record.disposition, submitted_at=_time(record.submitted_at),
        resolved_at=_time(record.resolved_at), requester=record.requester, template=record.template,
        subject=record.subject, serial=record.serial or "", not_after=_time(record.not_after),
        status=f"0x{record.status:08x}", message=record.message.strip(), revoked_at=_time(record.revoked_at),
        revocation_reason="" if record.revocation_reason is None else str(record.revocation_reason),
    )  # fmt: skip


def _time(seconds: float | None) -> str:
    """UTC, as the IIS log writes it; empty for None."""
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}" if seconds is not None else ""
