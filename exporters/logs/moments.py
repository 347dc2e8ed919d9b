"""What moment a log's local time is: zones with summer time, times without a date, clocks that jump."""

import datetime as dt
import functools
from dataclasses import dataclass

_DAY_SECONDS = 86_400
_HALF_DAY_SECONDS = _DAY_SECONDS // 2
_HOUR_SECONDS = 3_600
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).timestamp()


class LocalTime:
    """Turns local times of one zone, None: this machine's, into seconds since the epoch, in a log's order.

    The hour that autumn's change repeats is read once as summer's and, when the times have gone back, as
    winter's.
    """

    def __init__(self, zone: dt.tzinfo | None) -> None:
        self.zone = zone
        self._last = 0.0
        self._minute = functools.lru_cache(maxsize=4)(self._both_readings)

    def at(self, date: dt.date, hour: int, minute: int, second: float) -> float:
        """Seconds since the epoch."""
        first, second_reading = self._minute(date, hour, minute)
        moment = first + second
        if second_reading != first and self._last - _HOUR_SECONDS < moment < self._last - 1:
            moment = second_reading + second
        self._last = moment
        return moment

    def _both_readings(self, date: dt.date, hour: int, minute: int) -> tuple[float, float]:
        naive = dt.datetime.combine(date, dt.time(hour, minute), tzinfo=self.zone)
        return naive.timestamp(), naive.replace(fold=1).timestamp()


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time without its date."""

    hour: int
    minute: int
    second: float

    @property
    def seconds(self) -> float:
        """Since midnight, by the clock's face."""
        return self.hour * 3600 + self.minute * 60 + self.second


class DatedTimes:
    """Gives a log's times of day their dates: midnight has passed where they go back by half a day.

    Where they leap ahead by as much, a clock was set back over midnight.
    """

    def __init__(self, zone: dt.tzinfo | None, first_date: dt.date) -> None:
        self._local = LocalTime(zone)
        self._date, self._first = first_date, first_date
        self._last: float | None = None

    @property
    def days_passed(self) -> int:
        """Midnights since the first date."""
        return (self._date - self._first).days

    def at(self, time: TimeOfDay) -> float:
        """Seconds since the epoch."""
        if self._last is not None:
            change = time.seconds - self._last
            if change < -_HALF_DAY_SECONDS:
                self._date += dt.timedelta(days=1)
            elif change > _HALF_DAY_SECONDS and self._date > self._first:
                self._date -= dt.timedelta(days=1)
        self._last = time.seconds
        return self._local.at(self._date, time.hour, time.minute, time.second)


def date_near(time: TimeOfDay, now: float, zone: dt.tzinfo | None) -> dt.date:
    """The date on which that time of day is nearest to `now`."""
    today = dt.datetime.fromtimestamp(now, zone).date()
    days = (today + dt.timedelta(days=shift) for shift in (-1, 0, 1))
    return min(
        days,
        key=lambda day: abs(
            dt.datetime.combine(day, dt.time(time.hour, time.minute), tzinfo=zone).timestamp() - now
        ),
    )
