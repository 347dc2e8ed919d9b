"""Settings held against conditions in simulated time."""

import msgspec
import pytest

from loadtests.tuning.bench import arrivals
from loadtests.tuning.tunables import Tunables
from tests.loadtests.tuning.chains import bench, condition, scenario, with_seed

PATIENT = msgspec.structs.replace(Tunables(), read=60.0, total=59.0, submit=55.0, reuse=True, workers=16)


def test_patience_enrolls_phones_at_a_ca_with_slow_submissions() -> None:
    held = bench("slow_submit")
    (default,), (patient,) = (held.score(each, [1]).outcomes[0] for each in (Tunables(), PATIENT))
    assert default.enrolled < patient.enrolled == patient.phones
    assert default.orphans > patient.orphans == 0
    assert default.false_timeouts > patient.false_timeouts == 0


def test_the_same_seed_gives_the_same_outcome() -> None:
    held = bench("heavy_tailed")
    assert held.score(PATIENT, [3]) == held.score(PATIENT, [3])
    assert held.score(PATIENT, [3]) != held.score(PATIENT, [4])


def test_seeds_that_were_simulated_apart_make_one_score_together() -> None:
    held = bench("heavy_tailed", "healthy", phones=60)
    parts = [held.score(PATIENT, [seed]) for seed in (3, 4)]
    joined, whole = held.joined(parts), held.score(PATIENT, [3, 4])
    assert joined.outcomes == whole.outcomes
    assert joined.loss == pytest.approx(whole.loss)
    assert held.losses(joined) == pytest.approx([each.loss for each in parts])


def test_a_hopeless_setting_is_given_up_before_its_last_condition() -> None:
    held = bench("slow_submit", "healthy")
    scored = held.score(Tunables(), [1], limit=0.1)
    assert scored.stopped
    assert len(scored.outcomes) == 1


def test_few_phones_shorten_all_but_what_must_outlive_a_fault() -> None:
    held = bench("healthy", "outage")
    healthy, outage = held.score(Tunables(), [1], phones=30).outcomes
    assert (healthy[0].phones, outage[0].phones) == (30, 120)


def test_phones_arrive_as_in_a_storm_of_that_seed() -> None:
    of = scenario()
    shape = with_seed(of, 7).shape
    assert shape is not None
    assert list(arrivals(of, 7)) == list(shape.offsets_seconds(of.phones.count))


def test_after_an_outage_it_is_known_whether_the_chain_recovered() -> None:
    of = scenario(400)
    held = bench("outage", phones=400)
    assert held.outcome(PATIENT, condition("outage", of), 1).recovered is not None
    assert held.outcome(PATIENT, condition("healthy", of), 1).recovered is None


def test_the_defaults_collapse_after_an_outage_where_nothing_bounds_what_is_under_way() -> None:
    """Metastable: the CA is back after a minute, and phones that try again keep it busy for nobody."""
    held = bench("outage", phones=900, **{"ra.workers.model": "async"})
    (default,), (patient,) = (held.score(each, [1]).outcomes[0] for each in (Tunables(), PATIENT))
    assert default.recovered is False
    assert default.enrolled_share < 0.5
    assert patient.recovered
    assert patient.enrolled_share > 0.9


@pytest.mark.parametrize("name", ["healthy", "slow_login"])
def test_the_ras_workers_count_as_a_cost(name: str) -> None:
    held = bench(name)
    many = msgspec.structs.replace(PATIENT, workers=32)
    assert held.score(many, [1]).terms.workers > held.score(PATIENT, [1]).terms.workers
