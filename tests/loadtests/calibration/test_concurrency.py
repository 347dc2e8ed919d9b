import pytest

from loadtests.calibration.concurrency import Concurrency, level, up_to


def test_requests_count_in_the_seconds_that_they_lasted() -> None:
    concurrency = Concurrency()
    concurrency.add(100.0, 25.0, 2)
    concurrency.add(105.0, 2.0, 1)
    assert concurrency.beside(100.0, 25.0) == pytest.approx((25 + 2) / 30)
    assert concurrency.beside(105.0, 2.0) == pytest.approx(2 * 10 / 10)
    assert concurrency.beside(50.0, 0.0) == 0
    assert concurrency.highest == pytest.approx(2.2)


def test_a_request_alone_has_none_beside_it_however_long_it_took() -> None:
    concurrency = Concurrency()
    concurrency.add(5_000.0, 3_000.0, 1)
    assert concurrency.beside(5_000.0, 3_000.0) == 0


def test_windows_grow_when_there_are_too_many_and_nothing_is_lost() -> None:
    concurrency = Concurrency()
    for window in range(1_100_000):
        concurrency.add(window * 10, 5.0, 1)
    assert concurrency.window_seconds == 40
    assert concurrency.beside(7_000_000, 0.0) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("concurrency", "limit"), [(0.0, 0.5), (0.5, 0.5), (0.6, 1.0), (100.0, 128.0), (999.0, None)]
)
def test_levels_double(concurrency: float, limit: float | None) -> None:
    assert up_to(level(concurrency)) == limit
