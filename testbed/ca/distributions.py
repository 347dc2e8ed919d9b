"""Service times drawn from seeded distributions."""

import math
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

from testbed.ca.capacity_settings import (
    ConstantTime,
    EmpiricalTime,
    ExponentialTime,
    LognormalTime,
    NormalTime,
    ParetoTime,
    SamplesTime,
    ServiceTime,
)
from testbed.errors import SettingsError, reason

Draw = Callable[[], float]


def drawer(time: ServiceTime | None, seed: int, stage: str) -> Draw:
    """Draws the service times of one stage, in seconds; the same seed and stage draw the same ones.

    SettingsError when a file of samples cannot be used.
    """
    # A string seed is hashed with SHA-512, so stages of one seed share nothing.
    draw: Draw
    chance = random.Random(f"{seed}/{stage}")  # noqa: S311 - a simulation, not a secret
    match time:
        case None:
            draw = _nothing
        case ConstantTime(seconds):
            draw = partial(float, seconds)
        case ExponentialTime(mean):
            draw = partial(chance.expovariate, 1 / mean) if mean else _nothing
        case NormalTime(mean, deviation):
            draw = lambda: max(0.0, chance.gauss(mean, deviation))  # noqa: E731
        case LognormalTime(median, sigma):
            draw = partial(chance.lognormvariate, math.log(median), sigma)
        case ParetoTime(minimum, alpha):
            draw = lambda: minimum * chance.paretovariate(alpha)  # noqa: E731
        case EmpiricalTime(file):
            draw = partial(chance.choice, read_samples(Path(file)))
        case SamplesTime(seconds):
            draw = partial(chance.choice, seconds)
    return draw


def _nothing() -> float:
    return 0.0


def read_samples(path: Path) -> list[float]:
    """The seconds in a file of samples, one a line; empty lines and `#` comments do not count."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read service times from {path}: {reason(error)}") from error
    samples = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            samples.append(_seconds(text, path, number))
    if not samples:
        raise SettingsError(f"{path} holds no service times: write one number of seconds a line")
    return samples


def _seconds(text: str, path: Path, number: int) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise SettingsError(f"{path}:{number}: {text!r} is not a number of seconds from 0 to 3600")
    return seconds
