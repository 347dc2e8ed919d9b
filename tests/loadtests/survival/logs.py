"""Logs of production as the guide shows them, made of times that are known."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from exporters.logs.est_errors import EstErrorNames
from exporters.logs.reading import Manner
from testbed.est_errors import EstError

MANNER = Manner(EstErrorNames(tuple(map(str, sorted(EstError)))))
DAY = dt.datetime(2026, 1, 16, 1, 0, tzinfo=dt.UTC)
_IIS_HEAD = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"
)
_URL = "https://ca.test:443/certsrv/certfnsh.asp"


def iis_log(path: Path, seconds: Iterable[float], timer_seconds: float = 10.0) -> Path:
    """Submissions that took so long at the CA; of those over the RA's timer the RA had gone."""
    rows = [
        f"{DAY + dt.timedelta(seconds=number):%Y-%m-%d %H:%M:%S} 10.0.0.1 POST /certsrv/certfnsh.asp - 443 "
        f"LAB\\ra 10.0.0.2 CiscoRA+1.0 - 200 0 {64 if taken > timer_seconds else 0} {round(taken * 1000)}\r\n"
        for number, taken in enumerate(seconds)
    ]
    path.write_text(_IIS_HEAD + "".join(rows))
    return path


def nginx_log(path: Path, seconds: Iterable[float], timer_seconds: float = 10.0) -> Path:
    """The same calls as the RA saw them, each on a connection of its own."""
    lines = []
    for number, taken in enumerate(seconds):
        begun = DAY + dt.timedelta(seconds=30 * number)
        head = f"[warn] 1#0: *{number} "
        lines.append(f"{begun:%Y/%m/%d %H:%M:%S} {head}ossl_init_cert_store: Adding cert to store (/CN=x)")
        ended = begun + dt.timedelta(seconds=min(taken, timer_seconds))
        stamp = f"{ended:%Y/%m/%d %H:%M:%S} {head}"
        if taken > timer_seconds:
            why = (
                f"Operation timed out after {round(timer_seconds * 1000)} milliseconds with 0 bytes received"
            )
            lines.append(f"{stamp}submit_csr: Curl request failed with return code 28 ({why})")
            lines.append(f"{stamp}submit_csr: URL used: {_URL}")
        else:
            done = "Secure connection to MS CertServ completed successfully using the following URL"
            lines.append(f"{stamp}submit_csr: {done} {_URL}")
    path.write_text("\n".join(lines) + "\n")
    return path


def capf_trace(
    path: Path, seconds: Iterable[float], timer_seconds: float = 10.0, error: str = "EST_ERR_SSL_READ"
) -> Path:
    """Enrollments one after the other; those over CAPF's timer end with `error` there."""
    lines, at = [], DAY
    for number, taken in enumerate(seconds):
        phone = f"debug 2:SEP{number:012X}:"
        cut = taken > timer_seconds
        lines.append(f"{_clock(at)} | {phone}Calling enrollCertUsingEST() csr_file=/tmp/x.csr")
        at += dt.timedelta(seconds=min(taken, timer_seconds))
        told = f"35 ({error})" if cut else "0 (EST_ERR_NONE)"
        lines.append(f"{_clock(at)} | {phone}Enrollment rv = {told} with pkcs7 length = 0")
        ending = "Online Cert Signing Failed" if cut else "Online Cert Signing successful"
        lines.append(f"{_clock(at)} | {phone}{ending}")
    path.write_text("\n".join(lines) + "\n")
    return path


def _clock(at: dt.datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
