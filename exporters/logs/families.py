"""The metrics that logs give, by name: those of the other jobs where they say the same, and the logs' own."""

from exporters import ca, ra
from exporters.families import Family, Group, Kind, Label, with_edges
from exporters.load import families as load
from exporters.logs.ledger import Metered

LOGS = ("capf", "ces", "nginx", "iis")
READ_TIMER = "read"
# Whole seconds tell nothing below one.
_CALL_EDGES = (1, 2.5, 5, 7.5, 10, 15, 30, 60)
_CALL_SHARE_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
_ENROLLMENT_EDGES = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 7.5, 10, 15, 30, 60)

LOG = Label("log", "capf, ces, nginx or iis")

_LINES = Family(
    "estorm_log_lines_total", Kind.COUNTER, "Lines read.", "as lines are written to the log", (LOG,)
)
_UNREADABLE = Family(
    "estorm_log_lines_unreadable_total", Kind.COUNTER,
    "Lines that could not be read; `/health` shows the shape of some.",
    "as such a line is met: another format, or damage",
    (LOG, Label("reason", "form, fields, time, or long (over 64 KiB)")),
)  # fmt: skip
_CLOCK_JUMPS = Family(
    "estorm_log_clock_jumps_total", Kind.COUNTER,
    "Enrollments that seem to have ended before they began, or to have taken over an hour: their time is not "
    "counted.",
    "as the clock of the log's writer is set", (LOG,),
)  # fmt: skip
_UNFINISHED = Family(
    "estorm_enrollments_unfinished_total", Kind.COUNTER,
    "Enrollments whose end the log does not show: the phone began anew, or an hour has passed.",
    "as the next one of the same phone begins, or much later", (LOG,),
)  # fmt: skip
_EST_ERRORS = Family(
    "estorm_ra_est_errors_total", Kind.COUNTER, "EST requests that libEST ended with an error.",
    "as the RA refuses or loses a request", (load.EST_ERROR,),
)  # fmt: skip
_CALLS = Family(
    "estorm_ra_calls_total", Kind.COUNTER, "Calls of the RA to the CA that ended.", "as a call ends",
    (ra.STAGE, Label("outcome", "good or failed")),
)  # fmt: skip
_STARTS = Family(
    "estorm_ra_starts_total", Kind.COUNTER, "Starts of the RA.", "as the RA starts",
    (Label("outcome", "launched; then ready with the CA's certificates, or no_chain without"),),
)  # fmt: skip
_CA_GONE = Family(
    "estorm_ca_clients_gone_total", Kind.COUNTER,
    "Requests whose client had gone before the CA answered (IIS: win32 status 64, 121, 995 or 1236).",
    "as the RA gives up on the CA", (ca.STAGE,),
)  # fmt: skip
_LAST_EVENT = Family(
    "estorm_log_last_event_timestamp_seconds", Kind.GAUGE,
    "When, by its writer's clock, the log's last line was.",
    "as lines are read that have a time", (LOG,),
)  # fmt: skip
_FILES = Family("estorm_log_files", Kind.GAUGE, "Files that are followed.", "as files appear and go", (LOG,))
_BEHIND = Family(
    "estorm_log_unread_bytes", Kind.GAUGE, "Bytes that the followed files have beyond what was read.",
    "as the log grows faster than it is read", (LOG,),
)  # fmt: skip
_UNDER_WAY = Family(
    "estorm_enrollments_under_way", Kind.GAUGE, "Enrollments that have begun and not ended.",
    "as enrollments begin and end", (LOG,),
)  # fmt: skip

STARTED = Metered(load.STARTED)
SUCCEEDED = Metered(load.SUCCEEDED)
FAILED = Metered(load.FAILED)
SERVICE = Metered(load.SERVICE, _ENROLLMENT_EDGES)
TIMEOUTS = Metered(load.TIMEOUTS)
TIMER_USED = Metered(load.TIMER_USED, ra.SHARE_EDGES)
TIMER_SECONDS = Metered(load.TIMER_SECONDS)
RA_REQUESTS = Metered(ra.REQUESTS)
RA_FAILURES = Metered(ra.FAILURES)
RA_STAGE = Metered(ra.STAGE_SECONDS, with_edges(_CALL_EDGES, ()))
RA_TIMER_USED = Metered(ra.TIMER_USED, with_edges(_CALL_SHARE_EDGES, ()))
RA_TIMER_SECONDS = Metered(ra.TIMER_SECONDS)
RA_TIMERS = ("login", "form", "submit", "download")
RA_ORPHANS = Metered(ra.ORPHANS)
RA_EST_ERRORS = Metered(_EST_ERRORS)
RA_CALLS = Metered(_CALLS)
RA_STARTS = Metered(_STARTS)
CA_REQUESTS = Metered(ca.REQUESTS)
CA_RESPONSE = Metered(ca.RESPONSE, with_edges(ca.SERVICE_EDGES, ()))
CA_GONE = Metered(_CA_GONE)
LINES = Metered(_LINES)
UNREADABLE = Metered(_UNREADABLE)
CLOCK_JUMPS = Metered(_CLOCK_JUMPS)
UNFINISHED = Metered(_UNFINISHED)
LAST_EVENT = Metered(_LAST_EVENT)
FILES = Metered(_FILES)
BEHIND = Metered(_BEHIND)
UNDER_WAY = Metered(_UNDER_WAY)

GROUP = Group(
    "estorm-logs",
    "`estorm logs serve`, and `estorm logs backfill`, which has no gauges. A label that a log cannot tell "
    "is empty: the operation of CAPF's enrollments. The RA's log has whole seconds, so the time of a single "
    "call is up to a second off, and right on average.",
    tuple(
        metered.family
        for metered in (
            STARTED, SUCCEEDED, FAILED, SERVICE, TIMEOUTS, TIMER_USED, TIMER_SECONDS, UNDER_WAY, UNFINISHED,
            RA_REQUESTS, RA_EST_ERRORS, RA_CALLS, RA_STAGE, RA_TIMER_USED, RA_TIMER_SECONDS, RA_FAILURES,
            RA_ORPHANS, RA_STARTS, CA_REQUESTS, CA_RESPONSE, CA_GONE, LINES, UNREADABLE,
            CLOCK_JUMPS, LAST_EVENT, FILES, BEHIND,
        )
    ),
)  # fmt: skip
