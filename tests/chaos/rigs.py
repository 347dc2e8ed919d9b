"""A rig for the tests of a module, phones that enroll through it, and the way back to a healthy chain."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from chaos.endpoints import ChainSystem
from chaos.rig import Rig
from chaos.settings import ChaosSettings
from chaos.system import Part, Reading
from testbed.settings import LabSettings, RaSettings

SEED = 7
PARTS: tuple[Part, ...] = ("ca", "ra")


@contextlib.contextmanager
def running_rig(
    directory: Path, chaos: ChaosSettings | None = None, ra: RaSettings | None = None
) -> Iterator[Rig]:
    """A rig whose files are in `directory`."""
    settings = LabSettings(ra=ra or RaSettings())
    with Rig(settings, chaos or ChaosSettings(), directory, directory / "ca.sqlite", SEED) as rig:
        yield rig


def heal(system: ChainSystem) -> None:
    """Bring everything back to where it was."""
    system.proxies.reset()
    system.dns.end_faults()
    for part in PARTS:
        if not system.control.part(part).pid:
            system.control.restart(part)
        system.control.restore(part)
        system.control.set_clock(part, Reading())
