"""docs/chaos-tls.md says what is there."""

import re

from tests.chaos.documents import ROOT, page, scheduled, undocumented

PAGE = "chaos-tls.md"


def test_every_fault_and_its_parameters_are_told() -> None:
    assert undocumented(PAGE, "tls.", "hop") == []


def test_the_example_is_a_schedule() -> None:
    assert [fault.name for fault in scheduled(PAGE)] == ["tls.expired"]


def test_the_smallest_fault_is_shown_as_it_is() -> None:
    source = (ROOT / "chaos" / "tls" / "faults" / "weak_key.py").read_text()
    shown = re.search(r"```python\n(class .*?)```", page(PAGE), re.DOTALL)
    assert shown is not None
    assert source.endswith(shown[1])
