"""A real Prometheus for tests, asked over its API."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import pytest

from loadtests.storm.prometheus import prometheus_beside

T = TypeVar("T")
_NOT_NUMBERS = {"NaN", "+Inf", "-Inf"}
needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="needs prometheus",
)


class Series(msgspec.Struct, frozen=True):
    """What a query found: labels, and value or values, each with its time."""

    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: tuple[tuple[float, str], ...] = ()

    @property
    def number(self) -> float:
        """The value of an instant query."""
        assert self.value is not None
        return float(self.value[1])


class Found(msgspec.Struct, frozen=True):
    result: tuple[Series, ...]


@dataclass(frozen=True)
class Prometheus:
    url: str

    def ask(self, expression: str, at: float | None = None) -> list[Series]:
        """The series of an instant query; those without a number are left out."""
        moment = {} if at is None else {"time": str(at)}
        found = self._get("query", Found, query=expression, **moment)
        return [each for each in found.result if each.value and each.value[1] not in _NOT_NUMBERS]

    def value(self, expression: str, at: float | None = None) -> float:
        (found,) = self.ask(expression, at)
        return found.number

    def drawn(self, expression: str, begin: float, end: float) -> list[Series]:
        """The series of a range query that have a number anywhere."""
        moments = {"start": str(begin), "end": str(end), "step": "1"}
        found = self._get("query_range", Found, query=expression, **moments)
        return [each for each in found.result if any(value not in _NOT_NUMBERS for _, value in each.values)]

    def names(self) -> set[str]:
        return self._get("label/__name__/values", set[str])

    def _get(self, path: str, kind: type[T], **parameters: str) -> T:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, trust_env=False)
        assert answer.status_code == 200, answer.text
        return msgspec.convert(answer.json()["data"], kind)


@contextlib.contextmanager
def reopened(directory: Path, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus on the data that one has left in `directory`; it scrapes nothing."""
    with prometheus_beside(tmp_path, directory) as url:
        yield Prometheus(url)
