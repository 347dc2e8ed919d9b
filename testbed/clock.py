"""A clock that never steps, for those whose own may be set while they look at it."""

from collections.abc import Callable


def steady_clock(wall: Callable[[], float], monotonic: Callable[[], float]) -> Callable[[], float]:
    """A clock that shows the wall's time now and goes on at the monotonic one's pace.

    Times of one run can then be subtracted from each other whatever happens to the wall clock meanwhile.
    """
    ahead = wall() - monotonic()
    return lambda: ahead + monotonic()
