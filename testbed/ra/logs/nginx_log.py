"""The lines of CES's NGINX error log, in the guide's words.

Functions give entries (level and text); `at_start` and `served` make lines of them. The guide shows no
success lines for the submission and the download: `submit_csr_to_certsrv` and `retrieve_cert_from_certsrv`
are names chosen here, their wording is that of the calls it shows.
"""

import functools
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from testbed.errors import CaRefused, CurlError
from testbed.ra.certsrv.calls import CaCall, Issued, Stage

_FUNCTIONS = {
    Stage.LOGIN: "login_to_certsrv_ca",
    Stage.FORM: "navigate_to_certsrv_page",
    Stage.SUBMIT: "submit_csr_to_certsrv",
    Stage.DOWNLOAD: "retrieve_cert_from_certsrv",
    Stage.CHAIN: "retrieve_cacerts",
}
# curl hands a body to its callback in pieces of this size at most (CURL_MAX_WRITE_SIZE).
_CURL_PIECE_BYTES = 16_384
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0]+")
_SHORT_NAMES = {
    NameOID.DOMAIN_COMPONENT: "DC", NameOID.COMMON_NAME: "CN", NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU", NameOID.COUNTRY_NAME: "C", NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line says and how grave it is: `info`, `warn` or `error`; `at` is seconds since the epoch."""

    level: str
    text: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Connection:
    """Which connection a line is about: NGINX's number for it, the client, the address listened on."""

    number: int
    client: str
    server: str


def at_start(entry: Entry) -> str:
    """The line of an NGINX that has not opened its log yet: no time, no process."""
    return f"nginx: [{entry.level}] {one_line(entry.text)}"


def served(entry: Entry, pid: int, connection: Connection | None = None) -> str:
    """The line of a running NGINX; with `connection`, of one that serves a client."""
    head = f"{_stamp(int(entry.at))} [{entry.level}] {pid}#0: "
    text = one_line(entry.text)
    if connection is None:
        return head + text
    client, server = connection.client, connection.server
    return f"{head}*{connection.number} {text} while SSL EST handshaking, client: {client}, server: {server}"


def trust_store(subjects: Iterable[str], at: float = 0.0) -> list[Entry]:
    """The trust anchors as they are loaded, each time curl is set up."""
    return [Entry("warn", f"ossl_init_cert_store: Adding cert to store ({name})", at) for name in subjects]


def chain_not_set() -> list[Entry]:
    """What CES says before it has asked the CA for anything."""
    return [
        Entry("warn", "CA Chain requested but this value has not yet been set"),
        Entry("warn", "CA Cert response requested but this value has not yet been set"),
    ]


def chain_retrieved(calls: Iterable[CaCall]) -> list[Entry]:
    """The start-up conversation that gave a chain."""
    entries = [success(call) for call in calls]
    text = "ra_certsrv_ca_plugin_postconf: CA Cert chain retrieved from CA, will be passed to EST"
    return [*entries, Entry("info", text, entries[-1].at)]


def chain_missing(failed: CaCall) -> list[Entry]:
    """The start-up conversation that gave none."""
    entries = failure(failed)
    if failed.stage is Stage.LOGIN:
        entries.append(Entry("error", "retrieve_cacerts: Unable to execute login to certsrv with curl"))
    return [
        *entries,
        Entry("warn", "ra_certsrv_ca_plugin_postconf: Unable to retrieve CA Cert chain from CA"),
    ]


def conversation(call: CaCall, trusted: Sequence[str]) -> list[Entry]:
    """One call of an enrollment; a login is the first on its handle, so it comes with the trust store."""
    entries = trust_store(trusted, call.ended - call.seconds) if call.stage is Stage.LOGIN else []
    remaining = call.body_bytes or 0
    while remaining > 0:
        piece = min(remaining, _CURL_PIECE_BYTES)
        entries.append(Entry("info", f"ra_certsrv_auth_curl_data_cb: Rcvd data len: {piece}", call.ended))
        remaining -= piece
    # A form without the template leaves no trace of its own: the guide's mistyped template.
    if call.failure is None or call.cause == "template_missing":
        return [*entries, success(call)]
    return entries + failure(call)


def success(call: CaCall) -> Entry:
    """The line of a call that was answered."""
    done = "Secure connection to MS CertServ completed successfully using the following URL"
    return Entry("info", f"{_FUNCTIONS[call.stage]}: {done} {call.url}", call.ended)


def failure(call: CaCall) -> list[Entry]:
    """The lines of a call that failed: why, and the URL."""
    function = _FUNCTIONS[call.stage]
    match call.failure:
        case CurlError(code=code, text=text):
            what = "Curl call for MS CA login" if call.stage is Stage.LOGIN else "Curl request"
            reason = f"{what} failed with return code {code} ({text})"
        case CaRefused() as refused:
            reason = str(refused)
        case None:
            return []
    return [
        Entry("warn", f"{function}: {reason}", call.ended),
        Entry("warn", f"{function}: URL used: {call.url}", call.ended),
    ]


def orphaned(issued: Issued, at: float) -> Entry:
    """The certificate that the CA has issued and nobody will hold."""
    text = f"certificate issued but not delivered, ReqID={issued.request_id}, serial={issued.serial}"
    return Entry("warn", f"ra_enroll: {text}", at)


def subject_text(name: x509.Name) -> str:
    """A name as OpenSSL's one-line form shows it, `/DC=com/DC=example/CN=ca`, in the certificate's order."""
    return "".join(f"/{_SHORT_NAMES.get(part.oid, part.oid.dotted_string)}={part.value!s}" for part in name)


def one_line(text: str) -> str:
    """`text` with every run of blanks and control characters as one blank: no answer can forge a line."""
    return _UNPRINTABLE.sub(" ", text)


@functools.lru_cache(maxsize=64)
def _stamp(second: int) -> str:
    return time.strftime("%Y/%m/%d %H:%M:%S", time.localtime(second))
