"""The CAPF trace: what CUCM's CAPF service writes while it enrolls a phone, line for line.

The sequences are those of Cisco's guide «CAPF automatic enrollment and renewal» (CUCM 12.5). A message of
`debug` is three lines, entry, text and exit:

    14:05:05.236 |-->debug
    14:05:05.236 | debug 2:SEP74A02FC0A675:Enrollment rv = 0 (EST_ERR_NONE) with pkcs7 length = 1963
    14:05:05.236 |<--debug

Where the guide shows no case, the lines are ours: an answer that libEST takes (rv = 0) and CAPF's own check
refuses ends like any failure, with the check's code; elliptic curves put themselves into ECKeySize.
"""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from loadtests.phones.settings import AuthenticationMode, KeyType
from testbed.est_errors import EstError
from testbed.ownership import Closing

_TIME, _NAME, _LENGTH = b"\0", b"\1", b"\2"
_SESSION = 2  # the guide shows no other; it does not say what it counts
_PEER_DESCRIPTOR = 6  # CAPF's socket to the phone, which there is none of here: the guide's number


@dataclass(frozen=True, slots=True)
class KeyWords:
    """How CAPF speaks of a key: the two sizes, the order, and the bytes of the bare public key."""

    size: str
    curve: str
    order: str
    public_key_bytes: int


_KEY_WORDS: dict[KeyType, KeyWords] = {
    KeyType.RSA_2048: KeyWords("KEY_SIZE_2048:3", "INVALID:0", "KEYORDER_RSA_ONLY:1", 270),
    KeyType.RSA_3072: KeyWords("KEY_SIZE_3072:4", "INVALID:0", "KEYORDER_RSA_ONLY:1", 398),
    KeyType.RSA_4096: KeyWords("KEY_SIZE_4096:5", "INVALID:0", "KEYORDER_RSA_ONLY:1", 526),
    KeyType.P_256: KeyWords("INVALID:0", "EC_KEY_SIZE_256:1", "KEYORDER_EC_ONLY:2", 65),
    KeyType.P_384: KeyWords("INVALID:0", "EC_KEY_SIZE_384:2", "KEYORDER_EC_ONLY:2", 97),
}


_MODES = {
    AuthenticationMode.AUTH_BY_STR: "AUTH_BY_STR:1",
    AuthenticationMode.AUTH_BY_NULL_STR: "AUTH_BY_NULL_STR:2",
}


def key_words(key_type: KeyType) -> KeyWords:
    """CAPF's words for a device's key."""
    return _KEY_WORDS[key_type]


def _template(text: str) -> str:
    """Lines with a bar stand as they are, any other is a message of `debug` with its entry and exit."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        marked = [line] if line.startswith("|") else ["|-->debug", f"| debug {line}", "|<--debug"]
        lines.extend(f"{{t}} {text}\n" for text in marked)
    return "".join(lines)


_STARTED = _template("""
{id}CA Mode is OnlineCA, Initiating Automatic Certificate Enrollment
{id}Calling enrollCertUsingEST() csr_file=/tmp/capf/csr/{name}.csr
{id}Inside X509_REQ *read_csr()
{id}Completed action in X509_REQ *read_csr()
""")
_ANSWERED = _template("""
{id}Enrollment rv = {rv} ({error}) with pkcs7 length = {length}
""")
_WRITTEN = _template("""
{id}Signed Cert written to /tmp/capf/cert/ location...
{id}Inside write_binary_file()
{id}Completed action in write_binary_file()
{id}Converting PKCS7 file to PEM format and PEM to DER
""")
_RECEIVED = _ANSWERED + _WRITTEN
_REFUSED = _template("""
{id}est_client_enroll_csr() Failed! Could not obtain new certificate. Aborting.
""")
_FAILED = _template("""
{id}Return value from enrollCertUsingEST() : {rv}
{id}Online Cert Signing Failed
addded {descriptor} to readset
""")
# `pubKey: ` goes on with DER's first bytes, 30 82, as the guide shows them.
_SUCCEEDED = _template("""
{id}Return value from enrollCertUsingEST() : 0
{id}Online Cert Signing successful
|-->findAndPost
| findAndPost Device found in the cache map {name}
|<--findAndPost
addded {descriptor} to readset
Recd event
{id}CA CERT RES certificate ready .
{id}CAPF CORE: Rcvd Event: CAPF_EV_CA_CERT_REP in State: CAPF_STATE_AWAIT_CA_CERT_RESP
{id}CAPF got device certificate
loadFile('/tmp/capf/cert/{name}.der')
loadFile() successfully loaded file: '/tmp/capf/cert/{name}.der'
{id}Read certificate for device
LSC is verified. removing CSR at /tmp/capf/csr/{name}.csr
{id}Sending STORE_CERT_REQ msg
|<--Select({name})
|-->{set_status}
| {set_status} Operation status Value is '0'
|-->{map_status}
| {map_status} =>DbStatus=CERT_STATUS_UPGRADE_SUCCESS
|<--{map_status}
| {set_status} Operation status is set to 1
| {set_status} Operation status is set to Success:CAPF_OP_SUCCESS
| {set_status} sql query - ({query} WHERE my_lower(name)=my_lower('{name}'))
|<--{set_status}
{id}In capf_ui_set_ph_public_key()
{id}pubKey: 0\u201a
{id}pubKey length: {public_key_bytes}
|-->Select({name})
| Select({name}) device exists
| Select({name}) BEFORE DB query Authentication Mode={mode}
| Select({name}) KeySize={size}
| Select({name}) ECKeySize={curve}
| Select({name}) KeyOrder={order}
| Select({name}) Operation=OPERATION_NONE:1
| Select({name}) Operation Status =CERT_STATUS_UPGRADE_SUCCESS:3
| Select({name}) Authentication Mode=AUTH_BY_NULL_STR:2
| Select({name}) Operation Should Finish By={finish_by}
|<--Select({name})
MsgType : CAPF_MSG_END_SESSION
""")


class CapfTrace(Closing):
    """Appends enrollments to one trace file that several processes may share; a context manager.

    Each call is one write(2) with O_APPEND, so the lines of one enrollment's start, and those of its end,
    stay together. `finish_by` is the devices' deadline. Times are seconds since the epoch, written as local
    time like CAPF's.
    """

    def __init__(
        self,
        path: Path,
        key_type: KeyType,
        finish_by: dt.datetime,
        mode: AuthenticationMode = AuthenticationMode.AUTH_BY_STR,
    ) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._ready: dict[tuple[str, EstError], bytes] = {}
        self._second, self._time_of_day = -1, b""
        words = _KEY_WORDS[key_type]
        self._constant = {
            "mode": _MODES[mode], "size": words.size, "curve": words.curve, "order": words.order,
            "public_key_bytes": words.public_key_bytes, "descriptor": _PEER_DESCRIPTOR,
            "finish_by": f"{finish_by:%Y:%m:%d:%H:%M}",
            "set_status": "SetOperationStatus(Success:CAPF_OP_SUCCESS):0",
            "map_status": "CAPFDevice::MapCapf_OpStatusToDBLTypeCertificateStatus(OPERATION_UPGRADE, Suc",
            "query": "UPDATE Device SET tkCertificateOperation=1, tkcertificatestatus='3'",
        }  # fmt: skip

    def started(self, name: str, at: float) -> None:
        """CAPF has read the phone's CSR and calls libEST."""
        self._append(self._lines(_STARTED, name, at))

    def succeeded(self, name: str, pkcs7_length: int, answered: float, done: float) -> None:
        """LibEST returned the answer, it was checked, and the phone has its LSC."""
        received = self._lines(_RECEIVED, name, answered, EstError.NONE, pkcs7_length)
        self._append(received + self._lines(_SUCCEEDED, name, done))

    def refused(self, name: str, error: EstError, done: float) -> None:
        """LibEST returned an error."""
        self._append(self._lines(_ANSWERED + _REFUSED + _FAILED, name, done, error))

    def unusable(self, name: str, error: EstError, pkcs7_length: int, answered: float, done: float) -> None:
        """LibEST returned an answer that CAPF could not use as the phone's LSC."""
        received = self._lines(_RECEIVED, name, answered, EstError.NONE, pkcs7_length)
        self._append(received + self._lines(_FAILED, name, done, error))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _lines(
        self, template: str, name: str, at: float, error: EstError = EstError.NONE, length: int = 0
    ) -> bytes:
        second, milliseconds = divmod(int(at * 1000), 1000)
        if second != self._second:
            time_of_day = dt.datetime.fromtimestamp(second).strftime("%T")  # noqa: DTZ006
            self._second, self._time_of_day = second, time_of_day.encode()
        time = b"%s.%03d" % (self._time_of_day, milliseconds)
        text = self._ready.get((template, error)) or self._made_ready(template, error)
        return text.replace(_TIME, time).replace(_NAME, name.encode()).replace(_LENGTH, b"%d" % length)

    def _made_ready(self, template: str, error: EstError) -> bytes:
        """The template with all in it but what each enrollment has of its own: to replace costs a third."""
        time, name, length = _TIME.decode(), _NAME.decode(), _LENGTH.decode()
        text = template.format(
            t=time, id=f"{_SESSION}:{name}:", name=name, rv=int(error), error=error, length=length,
            **self._constant,
        )  # fmt: skip
        ready = self._ready[template, error] = text.encode()
        return ready

    def _append(self, text: bytes) -> None:
        os.write(self._descriptor, text)
