"""A search for a CA with slow submissions, and what it may have found."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import msgspec

from loadtests.tuning.space import NETWORK_SECONDS
from loadtests.tuning.sweep import Search, SweepSettings
from loadtests.tuning.tunables import Tunables
from tests.loadtests.tuning.chains import bench
from tests.loadtests.tuning.tunings import PATIENT

# Patience, and three values that do nothing for a CA with slow submissions.
BUSY = msgspec.structs.replace(PATIENT, resolver=2.0, form=8.0, ra_spacing=4.0)


@contextmanager
def searching(*names: str, phones: int = 100) -> Iterator[Search]:
    """A search under these conditions, in this process."""
    with ThreadPoolExecutor(1) as executor:
        held = bench(*names, phones=phones)
        yield Search(held, Tunables(), 1, SweepSettings(), executor, NETWORK_SECONDS)
