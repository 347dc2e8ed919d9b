"""The registry: finds every fault, reads and describes it."""

import importlib.util
import inspect
import re
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
import pytest

import chaos
from chaos.dns.plan import AnyFault
from chaos.errors import PlanRefused
from chaos.fault import Evidence, Fault
from chaos.registry import describe, faults, read_fault, write_fault
from chaos.tcp.registry import toxic_types

NAMES = sorted(faults())


class Example(Fault, frozen=True):
    """A fault for its description."""

    name = "example.one"
    summary = "Nothing goes wrong."

    part: Literal["ca", "ra"]
    wait_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 5.0
    hosts: tuple[str, ...] = ()
    silent: bool = False

    def evidence(self) -> tuple[Evidence, ...]:
        return (Evidence("iis", f"{self.wait_seconds:g}"),)


def test_every_class_of_a_fault_module_is_found() -> None:
    written = {f"tcp.{kind}" for kind in toxic_types()} | {
        f"dns.{lie.__struct_config__.tag}" for lie in get_args(AnyFault)
    }
    for path in Path(chaos.__file__).parent.glob("**/faults/**/*.py"):
        written |= set(
            re.findall(r'^    name: ClassVar\[str\] = "([a-z_]+\.[a-z_]+)"', path.read_text(), re.MULTILINE)
        )
    assert set(NAMES) == written


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_says_what_it_is(name: str) -> None:
    described = describe(faults()[name])
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", described.name)
    assert described.summary
    assert "\n" not in described.summary
    assert faults()[name].strike is not Fault.strike
    assert inspect.getdoc(faults()[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_evidence_of_a_fault_can_be_looked_for(name: str) -> None:
    for evidence in describe(faults()[name]).evidence or ():
        re.compile(evidence.pattern)


@pytest.mark.parametrize("name", [name for name in NAMES if describe(faults()[name]).evidence is not None])
def test_a_fault_is_read_back_as_it_was_written(name: str) -> None:
    fault = faults()[name]()
    assert read_fault(write_fault(fault)) == fault


def test_parameters_are_described_with_type_default_and_unit() -> None:
    rows = [(one.name, one.type, one.default, one.unit) for one in describe(Example).parameters]
    assert rows == [
        ("part", '"ca" or "ra"', None, ""),
        ("wait_seconds", "number from 0 to 60", 5.0, "seconds"),
        ("hosts", "list of text", (), ""),
        ("silent", "true or false", False, ""),
    ]
    assert [one.required for one in describe(Example).parameters] == [True, False, False, False]


def test_evidence_is_not_told_where_a_parameter_is_missing() -> None:
    assert describe(Example).evidence is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("clock.skew", "a fault is a table"),
        ({}, "the key `fault` is missing"),
        ({"fault": "no.such"}, "there is no fault 'no.such'; there are "),
        ({"fault": 3}, "there is no fault 3"),
    ],
)
def test_what_is_no_fault_is_refused(table: object, said: str) -> None:
    with pytest.raises(PlanRefused, match=r"^here: ") as refused:
        read_fault(table, "here")
    assert said in str(refused.value)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_parameter_is_refused_by_name(name: str) -> None:
    with pytest.raises(PlanRefused, match=rf"{re.escape(name)}: unknown key `nonsense`"):
        read_fault({"fault": name, "nonsense": 1})


def test_the_packages_that_hold_faults_are_packages() -> None:
    for path in Path(chaos.__file__).parent.glob("*/faults"):
        assert importlib.util.find_spec(f"chaos.{path.parent.name}.faults") is not None
