"""What a certificate manager may do to a request in the database, with or without the CA running."""

import sqlite3
from collections.abc import Mapping

from testbed.ca import database
from testbed.ca.policy import refused_by_officer
from testbed.ca.records import Disposition, RequestRecord
from testbed.errors import DatabaseError

# RFC 5280 section 5.3.1, under the names that OpenSSL gives them.
REASONS: Mapping[str, int] = {
    "unspecified": 0,
    "keyCompromise": 1,
    "CACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
}
_LONGEST_ID = 10


def look_up(connection: sqlite3.Connection, text: str) -> RequestRecord:
    """The request with this id, or whose certificate has this serial number; DatabaseError when none has."""
    by_id = text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID
    found = database.find(connection, int(text)) if by_id else database.find_serial(connection, text)
    if found is None:
        kind = "request id" if by_id else "serial number"
        raise DatabaseError(f"the database holds no {kind} {text}: `estorm ca list` shows what it holds")
    return found


def approve(connection: sqlite3.Connection, request_id: int) -> None:
    """Let a pending request be issued: the CA signs it when its requester next asks for it."""
    change = "UPDATE requests SET disposition = 'approved' WHERE id = ? AND disposition = 'pending'"
    _change(connection, change, (request_id,), request_id, "a pending request can be approved")


def deny(connection: sqlite3.Connection, request_id: int, now: float) -> None:
    """Refuse a pending or approved request."""
    decision = refused_by_officer()
    change = (
        "UPDATE requests SET disposition = 'denied', status = ?, message = ?, resolved_at = ? "
        "WHERE id = ? AND disposition IN ('pending', 'approved')"
    )
    values = (decision.status.code, decision.message, now, request_id)
    _change(connection, change, values, request_id, "a pending request can be denied")


def revoke(connection: sqlite3.Connection, request_id: int, reason: str, now: float) -> None:
    """Enter an issued certificate in the revocation list, with a reason of REASONS."""
    change = (
        "UPDATE requests SET disposition = 'revoked', revoked_at = ?, revocation_reason = ? "
        "WHERE id = ? AND disposition = 'issued'"
    )
    values = (now, REASONS[reason], request_id)
    _change(connection, change, values, request_id, "an issued certificate can be revoked")


def _change(
    connection: sqlite3.Connection, statement: str, values: database.Row, request_id: int, rule: str
) -> None:
    if connection.execute(statement, values).rowcount == 1:
        return
    record = look_up(connection, str(request_id))
    state = Disposition(record.disposition)
    raise DatabaseError(f"request {request_id} is {state}: only {rule}")
