from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from exporters.load.collector import LoadCollector, Reporting, RunFacts
from exporters.load.tally import Ended, Failure, Tally

TIMERS = {"connect": 10.0, "handshake": 10.0, "read": 10.0}
FACTS = RunFacts("20261009T010203Z-storm", 7, "a night", "https://127.0.0.1:8443")


def report(phones: dict[str, int], *, lost: bool = False, ended: bool = False, worker: int = 0) -> Reporting:
    tally = Tally(TIMERS, "install")
    tally.ended(Ended("install", 1.0, 1.0, (0.1, 0.2, 0.1, 0.6, 0.1, 0.1), sent=True))
    return Reporting(tally.snapshot(worker, 0.0, 1.0, phones, ended=ended), lost)


def shown(
    *reports: Reporting, facts: RunFacts = FACTS
) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    registry = CollectorRegistry()
    registry.register(LoadCollector(lambda: list(reports), lambda: facts))
    text = generate_latest(registry).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def phones(*reports: Reporting) -> dict[str, float]:
    found = shown(*reports)
    return {labels[0][1]: value for (name, labels), value in found.items() if name == "estorm_phones"}


def test_phones_of_all_processes_are_added_up() -> None:
    told = phones(report({"waiting": 3, "enrolled": 2}), report({"waiting": 1, "failed": 1}))
    assert (told["waiting"], told["enrolled"], told["failed"], told["lost"]) == (4, 2, 1, 0)


def test_phones_go_with_a_process_that_is_lost_and_what_they_did_stays() -> None:
    lost = report({"waiting": 3, "under_way": 1, "between_tries": 1, "enrolled": 2}, lost=True)
    told = phones(lost, report({"enrolled": 5}))
    assert (told["waiting"], told["lost"], told["enrolled"]) == (0, 5, 7)
    succeeded = ("estorm_enrollments_succeeded_total", (("operation", "install"),))
    assert shown(lost, report({}))[succeeded] == 2


def test_processes_are_running_ended_or_lost() -> None:
    found = shown(report({}), report({}, ended=True, worker=1), report({}, lost=True, worker=2))
    states = {
        labels[0][1]: value for (name, labels), value in found.items() if name == "estorm_generator_workers"
    }
    assert states == {"running": 1, "ended": 1, "lost": 1}


def test_buckets_are_cumulative_and_end_in_the_count() -> None:
    found = shown(report({}), report({}))
    labels = {"operation": "install", "outcome": "enrolled"}

    def bucket(edge: str) -> float:
        return found[
            "estorm_enrollment_latency_seconds_bucket", tuple(sorted((labels | {"le": edge}).items()))
        ]

    assert (bucket("0.5"), bucket("1.0"), bucket("10.0"), bucket("+Inf")) == (0, 2, 2, 2)


def test_before_the_first_report_there_is_the_run_and_no_phone() -> None:
    found = shown()
    info = (("id", FACTS.id), ("scenario", "a night"), ("seed", "7"), ("target", FACTS.target))
    assert found["estorm_run_info", info] == 1
    assert found["estorm_phones", (("state", "waiting"),)] == 0


def test_hostile_text_comes_back_as_it_was_and_breaks_no_other_line() -> None:
    hostile = 'x"} 1\nestorm_phones{state="waiting"} 99\\'
    found = shown(report({"waiting": 1}), facts=RunFacts(hostile, 1, hostile, hostile))
    assert found["estorm_phones", (("state", "waiting"),)] == 1
    assert any(dict(labels).get("scenario") == hostile for name, labels in found if name == "estorm_run_info")


def test_a_hostile_error_name_breaks_no_other_line() -> None:
    tally = Tally(TIMERS, "install")
    hostile = 'EST"\n} 5'
    stages = (None,) * 6
    tally.ended(Ended("install", 1.0, 1.0, stages, sent=False, failure=Failure(hostile, "connect")))
    found = shown(Reporting(tally.snapshot(0, 0.0, 0.0, {}, ended=True)))
    labels = (("est_error", hostile), ("operation", "install"), ("stage", "connect"))
    assert found["estorm_enrollments_failed_total", labels] == 1
