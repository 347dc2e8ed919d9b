"""CES's NGINX error log, with libEST's lines in it, and CES's start-up log, which is of the same form.

    2019/03/05 12:31:21 [info] 31067#0: *2 login_to_certsrv_ca: Secure connection to MS CertServ completed URL
    nginx: [warn] login_to_certsrv_ca: Curl call for MS CA login failed with return code 28 (...)
    ***EST [ERROR][est_mg_handler:1234]--> EST error response code: 22 (EST_ERR_AUTH_FAIL)
    ***EST [INFO][log_access:1298]--> 14.48.31.128 [27/Feb/2019:16:53:28 -0500] "POST /... HTTP/1.1" 401 0

The last two forms have no time of their own that the others' clock gives; they happened when the line before
them did. A call's stage is known from its URL, which for a failed one stands in the line after.
"""

import datetime as dt
import re
from dataclasses import dataclass

from exporters.logs import families
from exporters.logs.call_times import CallTimes
from exporters.logs.est_errors import EstErrorNames
from exporters.logs.ledger import Ledger, Metered
from exporters.logs.lines import lines_of
from exporters.logs.moments import LocalTime
from exporters.logs.unreadable import Unreadable

_TIMED = re.compile(
    rb"(\d{4})/(\d\d)/(\d\d) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60) \[([a-z]+)\] "
    rb"(\d+#\d+): (?:\*(\d+) )?(.*)",
    re.DOTALL,
)
_AT_START = re.compile(rb"nginx: \[[a-z]+\] (.*)", re.DOTALL)
_EST = re.compile(rb"\*\*\*EST \[[A-Z]+\]\[[\w.]+:\d+\]-->(?: (.*))?$", re.DOTALL)
_SERVER = re.compile(rb"EnrollmentService\.sh : nginx server PID value")
_DONE = re.compile(
    rb"\w+: Secure connection to MS CertServ completed successfully using the following URL (\S+)"
)
_CURL_FAILED = re.compile(
    rb"(\w+): Curl (?:call for MS CA login|request) failed with return code (\d{1,3})\b"
)
_URL_USED = re.compile(rb"\w+: URL used: (\S+)")
_ERROR = re.compile(rb"EST error response code: \d{1,3} \((EST_ERR_[A-Z0-9_]{1,40})\)")
_ACCESS = re.compile(rb'\S+ \[[^\]]+\] "[A-Z]+ (\S+) HTTP/1\.\d" (-1|[1-5]\d\d) ')
_TRUST_STORE = b"ossl_init_cert_store: "
_ORPHAN = b"ra_enroll: certificate issued but not delivered"
_OPERATIONS = (b"simpleenroll", b"simplereenroll", b"cacerts", b"csrattrs", b"serverkeygen", b"fullcmc")
_STAGES = {
    b"certrqxt.asp": "form",
    b"certfnsh.asp": "submit",
    b"certnew.cer": "download",
    b"certnew.p7b": "chain",
}
_FUNCTIONS = {
    b"login_to_certsrv_ca": "login", b"navigate_to_certsrv_page": "form", b"retrieve_cacerts": "chain",
}  # fmt: skip
_CURL_CODES = 100


@dataclass(frozen=True, slots=True)
class _Failed:
    """A call that failed, whose URL is still to come."""

    function: bytes
    cause: str
    seconds: float | None


class NginxReader:
    """Reads blocks of lines of one file. `log` is nginx or ces; `local` the writer's time.

    `errors` are libEST's, `times` takes how long calls took.
    """

    def __init__(
        self,
        log: str,
        ledger: Ledger,
        unreadable: Unreadable,
        local: LocalTime,
        errors: EstErrorNames,
        times: CallTimes | None = None,
    ) -> None:
        self.last_at: float | None = None
        self._log, self._ledger, self._unreadable = log, ledger, unreadable
        self._local, self._errors = local, errors
        self._times = times or CallTimes(ledger)
        self._failed: dict[bytes, _Failed] = {}
        self._continues = False
        self._orphan_told = False

    def read(self, block: bytes, now: float) -> None:
        """Count what the lines say; `now` stands in until the first line with a time."""
        lines = 0
        untimed: list[bytes] = []
        for line in lines_of(block):
            lines += 1
            if self.last_at is None and not _TIMED.match(line) and len(untimed) < 1_000:
                untimed.append(line)
                continue
            self._line(line, now)
            while untimed:
                self._line(untimed.pop(0), now)
        for line in untimed:
            self._line(line, now)
        if lines:
            self._ledger.count(families.LINES, (self._log,), self.last_at or now, lines)

    def finish(self, now: float) -> None:
        """The log ends here: count what waited for its next line."""
        while self._failed:
            self._told(next(iter(self._failed)), now)

    def _line(self, line: bytes, now: float) -> None:
        if found := _TIMED.match(line):
            if not self._set_time(found):
                self._refuse("time", line, now)
                return
            self._continues = False
            self._call(found[8] + b"*" + (found[9] or b""), found[10])
        elif found := _AT_START.match(line):
            self._continues = False
            self._call(b"", found[1], now)
        elif found := _EST.match(line):
            text = found[1] or b""
            # An error page is shown as it is, over several lines.
            self._continues = text.startswith(b"[") and b"]" not in text
            self._est(text, now)
        elif _SERVER.match(line):
            self._count_here(families.RA_STARTS, ("launched",), now)
        elif self._continues:
            self._continues = b"]" not in line
        else:
            self._refuse("form", line, now)

    def _set_time(self, found: re.Match[bytes]) -> bool:
        try:
            date = dt.date(int(found[1]), int(found[2]), int(found[3]))
            self.last_at = self._local.at(date, int(found[4]), int(found[5]), float(found[6]))
        except (ValueError, OverflowError):
            return False
        return True

    def _refuse(self, reason: str, line: bytes, now: float) -> None:
        self._unreadable.add(self._log, reason, self.last_at or now)
        self._unreadable.keep(self._log, reason, line)

    def _count_here(self, metered: Metered, labels: tuple[str, ...], now: float = 0.0) -> None:
        self._ledger.count(metered, labels, self.last_at or now)

    def _call(self, conversation: bytes, text: bytes, now: float = 0.0) -> None:
        """A line about a call to the CA; both logs may show a start's, so the NGINX log alone is counted."""
        if self._log != "nginx":
            return
        if text.startswith(_TRUST_STORE):
            self._times.begins(conversation, self.last_at)
        elif found := _DONE.match(text):
            stage = stage_of(found[1])
            self._count_here(families.RA_CALLS, (stage, "good"), now)
            self._times.ended_well(conversation, stage, self.last_at)
        elif found := _CURL_FAILED.match(text):
            code = int(found[2])
            self._told(conversation, now)
            cause = f"curl_{code}" if code < _CURL_CODES else "curl_other"
            seconds = self._times.took(conversation, text, self.last_at)
            self._failed[conversation] = _Failed(found[1], cause, seconds)
        elif found := _URL_USED.match(text):
            self._told(conversation, now, stage_of(found[1]))
        elif text.startswith(_ORPHAN):
            self._orphan_told = True
            self._count_here(families.RA_ORPHANS, (), now)
        elif text.startswith(b"ra_certsrv_ca_plugin_postconf: "):
            outcome = "no_chain" if b"Unable" in text else "ready"
            self._count_here(families.RA_STARTS, (outcome,), now)
        while len(self._failed) > 1_000:
            self._told(next(iter(self._failed)), now)

    def _told(self, conversation: bytes, now: float, stage: str | None = None) -> None:
        """Count the failed call of which the URL has come now, or will not come any more."""
        failed = self._failed.pop(conversation, None)
        if failed is None:
            return
        stage = stage or _FUNCTIONS.get(failed.function, "other")
        self._count_here(families.RA_FAILURES, (stage, failed.cause), now)
        self._count_here(families.RA_CALLS, (stage, "failed"), now)
        self._times.failed(stage, failed.seconds, self.last_at or now)

    def _est(self, text: bytes, now: float) -> None:
        if self._log != "nginx":
            return
        if found := _ERROR.match(text):
            name = self._errors.named(found[1])
            self._count_here(families.RA_EST_ERRORS, (name,), now)
            # Our own RA says so in words before; CES's log has only the error (CSCvf83629).
            if name == "EST_ERR_HTTP_WRITE" and not self._orphan_told:
                self._count_here(families.RA_ORPHANS, (), now)
            self._orphan_told = False
        elif found := _ACCESS.match(text):
            self._orphan_told = False
            status = "200" if found[2] == b"-1" else found[2].decode("ascii")
            self._count_here(families.RA_REQUESTS, (operation_of(found[1]), status), now)


def stage_of(url: bytes) -> str:
    """The stage of an enrollment that a URL of /certsrv belongs to."""
    path = url.partition(b"?")[0].rstrip(b"/").lower()
    if path.endswith(b"/certsrv"):
        return "login"
    return _STAGES.get(path.rpartition(b"/")[2], "other")


def operation_of(path: bytes) -> str:
    """The EST operation a path names, `other` when it names none."""
    last = path.partition(b"?")[0].rpartition(b"/")[2]
    return last.decode("ascii") if last in _OPERATIONS else "other"


def looks_right(line: bytes) -> bool:
    """Whether a line is of the form that these logs have."""
    return any(pattern.match(line) for pattern in (_TIMED, _AT_START, _EST))
