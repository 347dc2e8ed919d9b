"""What could be changed in a chain, one thing at a time: the lever, and the chain with it."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import ConstantTime
from testbed.ra.settings import RaSettings

_LONGER = 3.0
_TIMERS = ("submit_seconds", "login_seconds", "form_seconds", "download_seconds", "total_seconds")
_AHEAD_SHARE = 0.9
# Of one RA; a scenario takes no more.
_MOST_PROCESSES = 64
# In each of its processes.
_MOST_POOLED = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """One change: what kind, what it is, how a scenario has it (empty: no scenario has it), the chain."""

    lever: str
    name: str
    setting: str
    model: ChainModel


def changes(model: ChainModel) -> Iterator[Change]:
    """Each change that this chain has not made yet."""
    yield from _ra_workers(model)
    nodes = 2 * model.ra_nodes
    yield Change(
        "RA servers", f"{nodes} RA servers instead of {model.ra_nodes}", "",
        msgspec.structs.replace(model, ra_nodes=nodes),
    )  # fmt: skip
    yield from _connections(model)
    yield from _timers(model)
    yield from _ca(model)
    if not model.ra.hand_out_late_certificates:
        yield Change(
            "late certificates", "the RA hands out certificates that came too late",
            "ra.hand_out_late_certificates = true", _with_ra(model, hand_out_late_certificates=True),
        )  # fmt: skip


def _ra_workers(model: ChainModel) -> Iterator[Change]:
    workers = model.ra.workers
    if not workers.blocking:
        return
    more = 2 * workers.count
    setting = f"ra.workers.processes = {more}" if more <= _MOST_PROCESSES else ""
    yield Change(
        "RA workers", f"{more} RA workers instead of {workers.count}", setting,
        _with_ra(model, workers=msgspec.structs.replace(workers, processes=more)),
    )  # fmt: skip
    yield Change(
        "RA workers", "RA workers that do not block", 'ra.workers.model = "async"',
        _with_ra(model, workers=msgspec.structs.replace(workers, model="async")),
    )  # fmt: skip


def _connections(model: ChainModel) -> Iterator[Change]:
    connections = model.ra.connections
    if connections.reuse_connections:
        yield from _pool(model)
        return
    if connections.handles == "two":
        yield Change(
            "connection reuse", "one connection to the CA for an enrollment",
            'ra.connections.handles = "one"',
            _with_ra(model, connections=msgspec.structs.replace(connections, handles="one")),
        )  # fmt: skip
    yield Change(
        "connection reuse", "connections to the CA that stay logged in",
        "ra.connections.reuse_connections = true",
        _with_ra(model, connections=msgspec.structs.replace(connections, reuse_connections=True)),
    )  # fmt: skip


def _pool(model: ChainModel) -> Iterator[Change]:
    """Where it can be too small at all: a worker that blocks has one connection at a time."""
    workers, connections = model.ra.workers, model.ra.connections
    if workers.blocking and workers.each <= connections.pool_size:
        return
    size = 2 * connections.pool_size
    yield Change(
        "RA pool", f"{size} connections in a pool of the RA instead of {connections.pool_size}",
        f"ra.connections.pool_size = {size}" if size <= _MOST_POOLED else "",
        _with_ra(model, connections=msgspec.structs.replace(connections, pool_size=size)),
    )  # fmt: skip


def _timers(model: ChainModel) -> Iterator[Change]:
    """Longer for all, and the RA's ahead of the phones', so that no phone goes while the RA still waits."""
    timers, phone = model.ra.timers, model.read_timeout_seconds
    longer = {name: _longer(getattr(timers, name)) for name in _TIMERS}
    patient = _with_ra(model, timers=msgspec.structs.replace(timers, **longer))
    words, first = f"RA timers {_LONGER:g} times as long", _TIMERS[0]
    setting = f"ra.timers.{first} = {longer[first]:g}, ..."
    yield Change("timers", words, setting, patient)
    handshake = _longer(model.handshake_timeout_seconds or phone)
    yield Change(
        "timers", f"phones wait {_longer(phone):g} s instead of {phone:g} s, {words}",
        f"phones.read_timeout_seconds = {_longer(phone):g}, "
        f"phones.handshake_timeout_seconds = {handshake:g}, {setting}",
        msgspec.structs.replace(
            patient, read_timeout_seconds=_longer(phone), handshake_timeout_seconds=handshake
        ),
    )  # fmt: skip
    bound = phone * _AHEAD_SHARE
    if not timers.total_seconds or timers.total_seconds > bound:
        yield Change(
            "timers", f"the RA gives up after {bound:g} s in all, before its phone does",
            f"ra.timers.total_seconds = {bound:g}",
            _with_ra(model, timers=msgspec.structs.replace(timers, total_seconds=bound)),
        )  # fmt: skip


def _ca(model: ChainModel) -> Iterator[Change]:
    capacity = model.capacity
    more = 2 * model.ca_nodes
    yield Change(
        "CA servers", f"{more} CA servers instead of {model.ca_nodes}", "",
        msgspec.structs.replace(model, ca_nodes=more),
    )  # fmt: skip
    if capacity.workers:
        doubled = msgspec.structs.replace(capacity, workers=2 * capacity.workers)
        yield Change(
            "CA threads", f"{doubled.workers} page threads at the CA instead of {capacity.workers}",
            f"ca.capacity.workers = {doubled.workers}", msgspec.structs.replace(model, capacity=doubled),
        )  # fmt: skip
    if isinstance(capacity.signing, ConstantTime):
        faster = ConstantTime(capacity.signing.seconds / 2)
        yield Change(
            "CA signing", "a signing device twice as fast",
            f"ca.capacity.signing.seconds = {faster.seconds:g}",
            msgspec.structs.replace(model, capacity=msgspec.structs.replace(capacity, signing=faster)),
        )  # fmt: skip


def _longer(seconds: float) -> float:
    return min(3600.0, seconds * _LONGER)


def _with_ra(model: ChainModel, **settings: object) -> ChainModel:
    ra: RaSettings = msgspec.structs.replace(model.ra, **settings)
    return msgspec.structs.replace(model, ra=ra)
