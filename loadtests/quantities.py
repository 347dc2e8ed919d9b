"""Rates and durations as people type them: `25`, `25/s`, `1500/min`; `90`, `90s`, `2m`, `1h30m`."""

import math
import re

import click

from testbed.numbers import Integer

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_NUMBER = r"\d+(?:\.\d+)?"
_RATE = re.compile(rf"({_NUMBER})(?:/(s|min|m|h))?")
_SHARE = re.compile(rf"({_NUMBER})\s*(%)?")
_DURATION = re.compile(rf"(?:{_NUMBER}(?:h|min|m|s)?)+")
_DURATION_PART = re.compile(rf"({_NUMBER})(h|min|m|s|)")


def parse_rate(text: str) -> float:
    """Events per second; ValueError says what a rate looks like."""
    match = _RATE.fullmatch(text.strip())
    rate = float(match[1]) / _SECONDS[match[2] or "s"] if match else 0.0
    if not (0 < rate < math.inf):
        raise ValueError(f"{text!r} is not a rate above 0 like 25, 25/s or 1500/min")
    return rate


def parse_duration(text: str) -> float:
    """Seconds; ValueError says what a duration looks like."""
    usable = _DURATION.fullmatch(text.strip()) is not None
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))
    if not usable or not (0 < seconds < math.inf):
        raise ValueError(f"{text!r} is not a duration above 0 like 90, 90s, 2m or 1h30m")
    return seconds


def parse_share(text: str) -> float:
    """A share from 0 to below 1; ValueError says what a share looks like."""
    match = _SHARE.fullmatch(text.strip())
    share = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not (0 <= share < 1):
        raise ValueError(f"{text!r} is not a share below 1 like 5% or 0.05")
    return share


SEED = Integer(0, 2**63 - 1)


class RateType(click.ParamType):  # type: ignore[type-arg]  # generic in new releases only
    """A rate on the command line, in events per second."""

    name = "rate"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The rate, or click's usage error."""
        try:
            return parse_rate(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DurationType(click.ParamType):  # type: ignore[type-arg]  # as above
    """A duration on the command line, in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The duration, or click's usage error."""
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ShareType(click.ParamType):  # type: ignore[type-arg]  # as above
    """A share on the command line, 0 to 1."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share, or click's usage error."""
        try:
            return parse_share(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
