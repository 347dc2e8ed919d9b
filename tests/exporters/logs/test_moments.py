import datetime as dt
import zoneinfo

from exporters.logs.moments import DatedTimes, LocalTime, TimeOfDay, date_near

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
DAY = dt.date(2019, 1, 16)


def utc(*parts: int) -> float:
    return dt.datetime(*parts, tzinfo=dt.UTC).timestamp()  # type: ignore[misc,arg-type]


def test_the_hour_that_autumn_repeats_is_read_twice_in_the_order_of_the_log() -> None:
    local = LocalTime(PARIS)
    day = dt.date(2019, 10, 27)
    moments = [
        local.at(day, hour, minute, 0.0) for hour, minute in ((2, 10), (2, 50), (2, 5), (2, 50), (3, 0))
    ]
    assert moments == [
        utc(2019, 10, 27, 0, 10), utc(2019, 10, 27, 0, 50), utc(2019, 10, 27, 1, 5), utc(2019, 10, 27, 1, 50),
        utc(2019, 10, 27, 2, 0),
    ]  # fmt: skip


def test_times_that_go_back_by_a_little_stay_on_their_day() -> None:
    times = DatedTimes(dt.UTC, DAY)
    assert times.at(TimeOfDay(10, 0, 0.0)) - times.at(TimeOfDay(9, 58, 0.0)) == 120


def test_midnight_begins_the_next_day() -> None:
    times = DatedTimes(dt.UTC, DAY)
    times.at(TimeOfDay(23, 59, 59.0))
    assert times.at(TimeOfDay(0, 0, 1.0)) == utc(2019, 1, 17, 0, 0, 1)
    assert times.days_passed == 1


def test_a_clock_set_back_over_midnight_is_on_the_day_before_again() -> None:
    times = DatedTimes(dt.UTC, DAY)
    times.at(TimeOfDay(23, 59, 59.0))
    times.at(TimeOfDay(0, 0, 1.0))
    assert times.at(TimeOfDay(23, 59, 30.0)) == utc(2019, 1, 16, 23, 59, 30)


def test_a_time_just_before_midnight_read_just_after_it_is_yesterdays() -> None:
    assert date_near(TimeOfDay(23, 59, 0.0), utc(2019, 1, 17, 0, 1), dt.UTC) == DAY
    assert date_near(TimeOfDay(0, 1, 0.0), utc(2019, 1, 16, 23, 59), dt.UTC) == dt.date(2019, 1, 17)
