"""docs/chaos-clock.md says what is there."""

from tests.chaos.documents import scheduled, undocumented

PAGE = "chaos-clock.md"


def test_every_fault_and_its_parameters_are_told() -> None:
    assert undocumented(PAGE, "clock.", "part") == []


def test_the_example_is_a_schedule() -> None:
    assert [fault.name for fault in scheduled(PAGE)] == ["clock.skew"]
