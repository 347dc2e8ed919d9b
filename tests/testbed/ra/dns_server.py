"""A DNS server for tests: real packets, with answers and failures by name."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from dnslib import QTYPE, RCODE, RR, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer

GOOD, UNKNOWN, SILENT = "lab-dc.estorm.test", "lab-dcc.estorm.test", "silent.estorm.test"
BROKEN, REFUSED, EMPTY = "broken.estorm.test", "refused.estorm.test", "empty.estorm.test"
_CODES = {UNKNOWN: RCODE.NXDOMAIN, BROKEN: RCODE.SERVFAIL, REFUSED: RCODE.REFUSED}


@dataclass
class Answers(BaseResolver):  # type: ignore[misc]
    """127.0.0.1 for any name but those above; `asked` are the names in their order.

    `silent_names` get no answer before the end.
    """

    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    address: str = ""
    silent_names: set[str] = field(default_factory=lambda: {SILENT})

    def resolve(self, request: DNSRecord, _: DNSHandler) -> DNSRecord:
        name = str(request.q.qname).rstrip(".")
        self.asked.append(name)
        reply = request.reply()
        if name in self.silent_names:
            self.released.wait()
        reply.header.rcode = _CODES.get(name, RCODE.NOERROR)
        if name not in _CODES and name != EMPTY and request.q.qtype == QTYPE.A:
            reply.add_answer(*RR.fromZone(f"{name} 60 A 127.0.0.1"))
        return reply


@contextlib.contextmanager
def dns_server() -> Iterator[Answers]:
    """A DNS server on loopback while the context lasts."""
    answers = Answers()
    server = DNSServer(answers, address="127.0.0.1", port=0, logger=DNSLogger(log="-request,-reply"))
    host, port = server.server.server_address
    answers.address = f"{host}:{port}"
    server.start_thread()
    try:
        yield answers
    finally:
        answers.released.set()
        server.stop()
        server.thread.join()
        server.server.server_close()
