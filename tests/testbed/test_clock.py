from testbed.clock import steady_clock


def test_a_steady_clock_ignores_steps_of_the_wall_clock() -> None:
    wall, monotonic = iter([1000.0, 5.0]), iter([7.0, 8.0])
    clock = steady_clock(lambda: next(wall), lambda: next(monotonic))
    assert clock() == 1001.0
