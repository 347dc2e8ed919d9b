"""Which connection was struck by what, kept for after the chain is gone: `connections.json`."""

import contextlib
from pathlib import Path

import msgspec

from chaos.errors import ChaosError
from loadtests.storm.chain import Chain
from testbed.lab import Lab


def keep_connections(lab: Chain | None, path: Path) -> None:
    """Write what the TCP proxy drew for each connection to `path`, in the words of its API.

    Nothing is written where there is no proxy of ours, or it no longer answers.
    """
    if lab is None or isinstance(lab, Lab) or not lab.endpoints.toxiproxy:
        return
    with contextlib.suppress(ChaosError), lab.system() as system:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(system.proxies.faults()), indent=1) + b"\n")
