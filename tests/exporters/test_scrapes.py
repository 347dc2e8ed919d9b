from exporters.scrapes import Scrapes


class Time:
    def __init__(self) -> None:
        self.now = 100.0
        self.plan: dict[float, object] = {}

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for due in [due for due in self.plan if due <= self.now]:
            self.plan.pop(due)()  # type: ignore[operator]


def scraped(time: Time, *moments: float) -> tuple[Scrapes, object]:
    scrapes = Scrapes(time)
    application = scrapes.watched(lambda _environ, _start: [b""])

    def scrape() -> None:
        application({}, lambda *_: lambda _: None)

    for moment in moments:
        time.now = moment
        scrape()
    return scrapes, scrape


def test_nobody_is_waited_for_when_nobody_scrapes() -> None:
    time = Time()
    assert not Scrapes(time).see_last(time.sleep)
    assert time.now == 100.0


def test_one_scrape_makes_no_habit() -> None:
    time = Time()
    scrapes, _ = scraped(time, 100.0)
    assert not scrapes.see_last(time.sleep)
    assert time.now == 100.0


def test_the_next_scrape_of_a_habit_is_waited_for_and_no_longer() -> None:
    time = Time()
    scrapes, scrape = scraped(time, 100.0, 101.0)
    time.now, time.plan = 101.2, {102.0: scrape}
    assert scrapes.see_last(time.sleep)
    assert 102.0 <= time.now < 102.2


def test_who_stops_scraping_is_not_waited_for_long() -> None:
    time = Time()
    scrapes, _ = scraped(time, 100.0, 101.0)
    assert not scrapes.see_last(time.sleep)
    assert time.now < 113.0


def test_a_scraper_that_has_long_gone_is_not_waited_for() -> None:
    time = Time()
    scrapes, _ = scraped(time, 100.0, 101.0)
    time.now = 110.0
    assert not scrapes.see_last(time.sleep)
    assert time.now == 110.0


def test_a_scraper_that_a_busy_machine_holds_up_is_waited_for() -> None:
    time = Time()
    scrapes, scrape = scraped(time, 100.0, 100.4)
    time.plan = {109.0: scrape}
    assert scrapes.see_last(time.sleep)


def test_a_habit_is_as_slow_as_its_longest_gap() -> None:
    time = Time()
    scrapes, scrape = scraped(time, 100.0, 106.0, 106.2)
    time.now, time.plan = 115.0, {116.0: scrape}
    assert scrapes.see_last(time.sleep)


def test_a_scraper_that_is_slower_than_any_habit_is_not_waited_for() -> None:
    time = Time()
    scrapes, _ = scraped(time, 100.0, 121.0)
    assert not scrapes.see_last(time.sleep)
    assert time.now == 121.0
