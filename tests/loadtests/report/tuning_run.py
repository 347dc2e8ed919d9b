"""The folder of a tuning in which every number on the page is known beforehand.

The CA hangs from 6 s to 12 s of the lab's time, a tenth of the full scale's: from 60 s to 120 s. Ten phones a
second start. With the default every try fails from then on; with the recommendation all succeed after it.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from chaos.annotations import AnnotationFile
from chaos.striking import Note
from loadtests.results import table
from loadtests.results.journal import Attempt
from loadtests.storm.run_folder import RunFolder
from loadtests.tuning import document, grid
from loadtests.tuning.document import Tune, totals
from loadtests.tuning.grid import Cell, Grid
from tests.loadtests import attempts
from tests.loadtests.attempts import START
from tests.loadtests.tuning.tunings import BAD, GOOD, tuned

SECONDS, FROM, UNTIL, RECOVERY_SECONDS = 20, 6.0, 12.0, 14.0
HANG: dict[str, object] = {"fault": {"fault": "ca.hang"}}
READS, TOTALS = (5.0, 10.0, 20.0), (4.0, 9.0, 19.0)


def tuning() -> Tune:
    """A tuning for slow submissions and an outage, both measured."""
    found = tuned()
    collapsed = msgspec.structs.replace(BAD, recovered=False)
    recovered = msgspec.structs.replace(GOOD, recovered=True, recovery_seconds=RECOVERY_SECONDS)
    return msgspec.structs.replace(
        found,
        conditions=found.conditions | {"outage": "the CA hangs for 60 s"},
        default=msgspec.structs.replace(
            found.default, measured=totals({"slow_submit": [BAD], "outage": [collapsed]})
        ),
        recommended=msgspec.structs.replace(
            found.recommended, measured=totals({"slow_submit": [GOOD], "outage": [recovered]})
        ),
    )


def cells() -> Grid:
    """Less is lost the longer both timers are; false timeouts are 1 / read for each phone."""
    return Grid(
        tuple(
            Cell(read, total, 10 / read + 10 / total, 0.5 / read, 1 / read, 0.25 / read)
            for read in READS
            for total in TOTALS
        )
    )


def write_folder(folder: Path) -> Path:
    """The folder, as a tuning with lab runs leaves it."""
    document.write(tuning(), folder)
    (folder / grid.NAME).write_bytes(msgspec.json.encode(cells()))
    for setting in ("default", "recommended"):
        run = RunFolder(folder / f"outage-{setting}")
        run.path.mkdir()
        table.write(table.build(_attempts(setting)), run.enrollments)
        notes = AnnotationFile(run.annotations)
        for event, at in (("start", FROM), ("end", UNTIL)):
            notes.take(
                msgspec.convert({"event": event, "name": "ca.hang#0.0", "at": START + at} | HANG, Note)
            )
    return folder


def _attempts(setting: str) -> Iterator[Attempt]:
    for index in range(10 * SECONDS):
        at = index / 10
        fails = FROM <= at < (UNTIL if setting == "recommended" else SECONDS)
        make = attempts.failed if fails else attempts.enrolled
        yield make(index, at=at, latency=0.1)
