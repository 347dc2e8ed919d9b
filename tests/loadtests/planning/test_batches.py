from hypothesis import given
from hypothesis import strategies as st

from loadtests.planning.batches import Batches


@given(st.integers(1, 500), st.integers(1, 100), st.floats(1, 100), st.integers(0, 9))
def test_every_phone_starts_once_in_its_batch(phones: int, size: int, spacing: float, seed: int) -> None:
    batches = Batches(phones, size, spacing, spacing / 2)
    starts = list(batches.starts(seed))
    assert len(starts) == phones
    assert starts == sorted(starts)
    assert all(0 <= start - (at // size) * spacing <= spacing / 2 + 1e-6 for at, start in enumerate(starts))
    assert batches.last_seconds <= starts[-1]
    assert batches.first(1).count == 1
