import contextlib
from dataclasses import replace
from pathlib import Path

from testbed.ca import database
from testbed.ca.records import Disposition, RequestRecord

RECORD = RequestRecord(1, 0.0, r"D\u", "CiscoRA", "CN=x", Disposition.PENDING, 1, "m", b"csr")


def test_requests_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    issued = replace(RECORD, disposition=Disposition.ISSUED, resolved_at=1.0, certificate=b"c", not_after=2.0)
    records = [
        RECORD,
        replace(RECORD, id=2, disposition=Disposition.DENIED),
        replace(issued, id=3, serial="03"),
        replace(issued, id=4, serial="04"),
        replace(issued, id=5, serial="05", disposition=Disposition.REVOKED, revoked_at=1.5),
    ]
    with contextlib.closing(database.open_for_service(tmp_path / "db")) as connection:
        connection.executemany(database.INSERT, map(database.row_of, records))
        counted = database.count_by_disposition(connection)

    assert counted == {"pending": 1, "approved": 0, "issued": 2, "denied": 1, "revoked": 1}


def test_counting_reads_no_row_of_the_table(tmp_path: Path) -> None:
    with contextlib.closing(database.open_for_service(tmp_path / "db")) as connection:
        seen: list[str] = []
        connection.set_trace_callback(seen.append)
        database.count_by_disposition(connection)
        connection.set_trace_callback(None)
        plans = [str(connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()) for query in seen]
    assert len(plans) == 2
    assert all("COVERING INDEX" in plan for plan in plans), plans
