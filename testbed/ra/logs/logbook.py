"""The RA's two log files: `nginx_error.log`, and `ciscora.log` for the start-up alone."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from testbed.ownership import Closing
from testbed.ra.certsrv.calls import CaCall
from testbed.ra.logs import est_log, nginx_log
from testbed.ra.logs.exchange import Exchange
from testbed.ra.logs.nginx_log import Connection, Entry


class Logbook(Closing):
    """Appends whole events, one write each, so that what belongs together stands together.

    A context manager that owns the files. `trusted` are the trust anchors' subjects. A full disk costs lines,
    not enrollments: `lost_lines` counts them.
    """

    def __init__(self, directory: Path, trusted: Sequence[str], pid: int) -> None:
        self.lost_lines = 0
        self._trusted = tuple(trusted)
        self._pid = pid
        self._nginx = _open(directory / "nginx_error.log")
        self._ciscora = _open(directory / "ciscora.log")

    def starting(self) -> None:
        """CES has begun to start: what it trusts, which libraries serve."""
        entries = [*nginx_log.chain_not_set(), *nginx_log.trust_store(self._trusted)]
        lines = [nginx_log.at_start(entry) for entry in entries]
        self._append(self._ciscora, [*lines, *est_log.versions(), *est_log.trust_store(self._trusted)])

    def chain_missing(self, failed: CaCall) -> None:
        """CES could not read the CA's chain."""
        lines = [nginx_log.at_start(entry) for entry in nginx_log.chain_missing(failed)]
        self._append(self._ciscora, lines)
        self._append(self._nginx, lines)

    def started(self, calls: Iterable[CaCall], *, possession_required: bool = False) -> None:
        """CES has the CA's chain and serves, with or without a proof of possession."""
        entries = nginx_log.chain_retrieved(calls)
        self._append(self._nginx, [nginx_log.served(entry, self._pid) for entry in entries])
        switch, what = ("on", "Enabling") if possession_required else ("off", "Disabling")
        possession = f"pop_enabled {switch} in nginx.conf. {what} EST Proof of Possession"
        lines = [nginx_log.at_start(Entry("warn", possession)), *est_log.tls_options()]
        self._append(self._ciscora, [*lines, f"EnrollmentService.sh : nginx server PID value = {self._pid}"])

    def worker_died(self, pid: int, exit_code: int, at: float) -> None:
        """A worker process ended by itself; another takes its place."""
        how = f"exited on signal {-exit_code}" if exit_code < 0 else f"exited with code {exit_code}"
        self._say(Entry("alert", f"worker process {pid} {how}", at))

    def cannot_accept(self, error: OSError, at: float) -> None:
        """Clients wait in the accept queue: this process has no files left, as a rule."""
        self._say(Entry("crit", f"accept4() failed ({error.errno}: {error.strerror})", at))

    def reloaded(self, problem: str | None, at: float) -> None:
        """Credentials and the CA's chain were read again, or could not be."""
        if problem is None:
            self._say(Entry("notice", "reconfigured: credentials and CA chain read again", at))
        else:
            self._say(Entry("error", f"not reconfigured: {problem}", at))

    def answered(self, exchange: Exchange, connection: Connection, at: float) -> None:
        """A client got its answer."""
        ending = est_log.outcome(exchange, connection.client, at)
        lost = exchange.issued is not None and exchange.response.status != 200
        self._served(exchange, connection, ending, at if lost else None)

    def undelivered(self, exchange: Exchange, connection: Connection, at: float) -> None:
        """A client had gone before its answer."""
        ending = est_log.undelivered(exchange, connection.client, at)
        self._served(exchange, connection, ending, at if exchange.issued else None)

    def close(self) -> None:
        """Close both files."""
        os.close(self._nginx)
        os.close(self._ciscora)

    def _served(
        self, exchange: Exchange, connection: Connection, ending: list[str], orphaned_at: float | None
    ) -> None:
        entries = [e for call in exchange.calls for e in nginx_log.conversation(call, self._trusted)]
        if orphaned_at is not None and exchange.issued is not None:
            entries.append(nginx_log.orphaned(exchange.issued, orphaned_at))
        begun = [est_log.authentication(exchange)] if exchange.authenticating else []
        served = [nginx_log.served(entry, self._pid, connection) for entry in entries]
        self._append(self._nginx, [*begun, *served, *ending])

    def _say(self, entry: Entry) -> None:
        self._append(self._nginx, [nginx_log.served(entry, self._pid)])

    def _append(self, file: int, lines: list[str]) -> None:
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", errors="backslashreplace")
        try:
            os.write(file, data)
        except OSError:
            self.lost_lines += len(lines)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
