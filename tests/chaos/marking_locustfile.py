"""A locustfile whose schedule writes into a file when its faults strike, for `test_hooks.py`."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
from locust import User, constant, events, task
from locust.env import Environment
from prometheus_client import CollectorRegistry, generate_latest

from chaos import hooks
from chaos.annotations import AnnotationFile
from chaos.errors import FaultNotInjected
from chaos.fault import Fault
from chaos.schedule import read_schedule
from chaos.striking import Note
from chaos.system import System

FOLDER = Path(os.environ["FOLDER"])


def record(what: str) -> None:
    with (FOLDER / "record.txt").open("a") as file:
        file.write(f"{os.getpid()} {what}\n")


class Mark(Fault, frozen=True):
    """Leaves a mark."""

    name = "test.mark"
    summary = "Leaves a mark."

    label: str = "mark"
    fails: bool = False

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        if self.fails:
            raise FaultNotInjected("it is a test")
        record(f"in {self.label} {system.seed}")
        try:
            yield
        finally:
            record(f"out {self.label}")


class Enrolling(User):
    """Enrolls every tenth of a second."""

    wait_time = constant(0.1)

    @task
    def enroll(self) -> None:
        self.environment.events.request.fire(
            request_type="EST", name="enroll", response_time=1, response_length=1, exception=None, context={},
        )  # fmt: skip


def read(table: object, where: str) -> Fault:
    assert isinstance(table, dict)
    assert where
    return msgspec.convert({key: table[key] for key in table if key != "fault"}, Mark)


@events.init.add_listener  # type: ignore[untyped-decorator]
def attach(environment: Environment, **_: object) -> None:
    record("process")
    schedule = read_schedule(json.loads(os.environ["SCHEDULE"]), read)
    system = cast("System", SimpleNamespace(seed=7))
    attached = hooks.attach(environment, schedule, system, [AnnotationFile(FOLDER / "faults.jsonl").take])
    if attached is None:
        return
    registry = CollectorRegistry()
    registry.register(attached.metrics)

    def heard(note: Note, **_: object) -> None:
        series = generate_latest(registry).decode().splitlines()[-1]
        record(f"event {note.event} {note.name} {series}")

    for event in ("start", "end", "failed"):
        getattr(environment.events, f"fault_{event}").add_listener(heard)
