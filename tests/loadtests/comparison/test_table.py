"""A comparison in words and columns."""

import pytest

from loadtests.comparison.table import change


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(None, "-"), (1.0, "+0.0%"), (0.875, "-12.5%"), (9.0, "+800.0%"), (4e16, "over 100 times")],
)
def test_a_change_is_in_per_cent_as_long_as_these_mean_anything(ratio: float | None, shown: str) -> None:
    assert change(ratio) == shown
