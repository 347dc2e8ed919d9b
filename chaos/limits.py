"""Limits of a running process (prlimit(2)): lowered under its feet, and put back as they were.

They live as long as the process: one that is started anew has none of them.
"""

from pathlib import Path

import msgspec
import psutil

from chaos.errors import FaultNotInjected


class Lowered(msgspec.Struct, frozen=True):
    """A limit of one process as it was: `resource` is of resource(7), `started` tells processes apart."""

    pid: int
    started: float
    resource: int
    soft: int
    hard: int


def lower(pid: int, resource: int, soft: int) -> Lowered:
    """Set the soft limit, which needs no privilege; FaultNotInjected when the kernel refuses."""
    try:
        process = psutil.Process(pid)
        was_soft, hard = process.rlimit(resource)
        process.rlimit(resource, (soft, hard))
        return Lowered(pid, process.create_time(), resource, was_soft, hard)
    except psutil.AccessDenied as error:
        owner = process.username()
        raise FaultNotInjected(
            f"cannot limit process {pid}: it runs as {owner}, whose processes this user may not limit"
        ) from error
    except (psutil.Error, OSError, ValueError) as error:
        raise FaultNotInjected(f"cannot limit process {pid}: {error}") from error


def put_back(*lowered: Lowered) -> None:
    """Give processes the limits that they had; one that is gone has none."""
    for each in lowered:
        try:
            process = psutil.Process(each.pid)
            if process.create_time() == each.started:
                process.rlimit(each.resource, (each.soft, each.hard))
        except psutil.NoSuchProcess:
            continue


def limit_of_descriptors(pid: int, left: int) -> int:
    """The limit of descriptors with which a process can open `left` more; FaultNotInjected when it is gone.

    The kernel gives the lowest free number, which must be below the limit.
    """
    try:
        used = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError as error:
        raise FaultNotInjected(f"cannot see the descriptors of process {pid}: {error.strerror}") from error
    free = (number for number in range(len(used) + left + 1) if number not in used)
    return next(number for place, number in enumerate(free) if place == left)
