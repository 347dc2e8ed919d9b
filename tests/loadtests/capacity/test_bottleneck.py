import pytest

from loadtests.capacity.bottleneck import Failing, Machine, evidence_of, fails_by, held_longest_by
from loadtests.results.usage import Usage
from tests.loadtests.capacity.trials import changed, trial


def test_a_signing_lock_gives_first_though_everybody_before_it_is_as_busy() -> None:
    idle = Usage(ra_workers=0.25, ca_threads=0.6, ca_signing=0.8)
    busy = Usage(ra_workers=1.0, ca_threads=1.0, ca_signing=0.98, signing_wait_seconds=0.7)
    made = [trial(1, "baseline", 8, 0, idle), trial(2, "hold", 9.5, 0.01, busy)]
    found = evidence_of(made, Machine(2))
    assert [each.part for each in found] == ["ca_signing", "ca_threads", "ra_workers"]
    assert found[0].ceiling_per_second == pytest.approx(9.5 / 0.98)
    assert "98% busy" in found[0].says
    assert "waited for 0.7 s" in found[0].says


def test_a_pool_of_connections_gives_first_where_it_is_smaller_than_what_waits_for_it() -> None:
    idle, busy = Usage(ra_pool=0.3, ca_threads=0.1), Usage(ra_pool=1.0, ca_threads=0.4, pool_wait_seconds=0.2)
    made = [trial(1, "baseline", 3, 0, idle), trial(2, "hold", 10, 0.01, busy)]
    first, *_ = evidence_of(made, Machine(2))
    assert (first.part, first.ceiling_per_second) == ("ra_pool", 10)
    assert first.says.startswith("the RA's pool of connections could do 10 enrollments a second at most")
    assert first.wait_seconds == 0.2


def test_cpus_are_counted_by_what_each_part_has_of_them() -> None:
    busy = Usage(ra_cpu=0.9, ca_cpu=0.3, generator_cpu=0.5, machine_cpu=0.9)
    found = evidence_of([trial(1, "hold", 90, 0.01, busy)], Machine(cpus=2, ra_processes=2))
    ceilings = {each.part: each.ceiling_per_second for each in found}
    assert ceilings == pytest.approx(
        {"machine_cpu": 2 * 90 / 1.7, "generator_cpu": 180, "ra_cpu": 200, "ca_cpu": 300}
    )


def test_nginx_before_the_ra_has_a_cpu_of_its_own_and_takes_of_the_machine_s() -> None:
    busy = Usage(ra_cpu=0.9, ra_front_cpu=0.3, ca_cpu=0.3)
    machine = Machine(cpus=2, ra_processes=1, front_processes=2)
    found = evidence_of([trial(1, "hold", 90, 0.01, busy)], machine)
    ceilings = {each.part: each.ceiling_per_second for each in found}
    assert ceilings == pytest.approx(
        {"ra_cpu": 100, "machine_cpu": 2 * 90 / 1.5, "ca_cpu": 300, "ra_front_cpu": 600}
    )


def test_of_a_server_elsewhere_nothing_is_known_but_the_generator() -> None:
    found = evidence_of([trial(1, "hold", 90, 0.01, Usage(generator_cpu=0.5))], Machine(2))
    assert [each.part for each in found] == ["generator_cpu"]


def test_what_most_calls_fail_by_is_told_of_the_trials_that_broke_a_rule() -> None:
    held = Usage(failed_calls={"login curl_6": 9.0})
    broke = Usage(failed_calls={"submit denied": 3.0, "submit curl_28": 1.0})
    made = [trial(1, "hold", 90, 0.0, held), trial(2, "hold", 110, 0.03, broke)]
    assert fails_by(made) == Failing("submit", "denied", 0.75)
    assert fails_by(made[:1]) is None


def test_a_few_failed_calls_of_many_phones_are_not_what_broke_a_rule() -> None:
    few = Usage(failed_calls={"submit curl_28": 0.1})
    assert fails_by([trial(1, "hold", 110, 0.03, few)]) is None


def test_the_stage_that_calls_spend_their_time_in_is_that_of_the_first_trial_that_saw_it() -> None:
    made = [
        changed(trial(1, "baseline", 5, 0, Usage(stage_shares={"submit": 1.0})), problem="the ca died"),
        trial(2, "baseline", 5, 0, Usage(stage_shares={"login": 0.7, "submit": 0.3})),
    ]
    assert held_longest_by(made) == ("login", 0.7)
    assert held_longest_by([]) is None
