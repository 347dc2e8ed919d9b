"""What the method and the rollbacks of an experiment may do. Chaos Toolkit calls these by name."""

from collections.abc import Mapping

from chaos.errors import ControlRefused
from chaos.registry import read_fault
from chaos.system import Part
from loadtests.errors import ExperimentFailed
from loadtests.experiments.session import KEY, Session, session_of

Configuration = Mapping[str, object]


def strike(configuration: Configuration, fault: Mapping[str, object], seconds: float | None = None) -> None:
    """Strike with a fault, a table such as `{"fault": "ca.hang"}`; for so long, or until it is ended.

    Ended within the action when `seconds` are given, by `end` or the end of the experiment otherwise.
    """
    session = session_of(configuration)
    wanted = read_fault(fault)
    session.strike(wanted)
    if seconds is not None:
        session.hold(float(seconds))
        session.end(wanted.name)


def end(configuration: Configuration, fault: str) -> None:
    """End the faults of this name that are in force."""
    session_of(configuration).end(fault)


def end_all(configuration: Configuration) -> None:
    """End every fault that is in force; none is when the storm could not start, or was interrupted first."""
    session = configuration.get(KEY)
    if isinstance(session, Session):
        session.end_all()


def restart(configuration: Configuration, part: Part, fails: bool = False) -> None:
    """Start the CA or the RA anew, on its ports; with `fails`, see that it cannot."""
    session = session_of(configuration)
    if not fails:
        session.restart(part)
        return
    try:
        session.restart(part)
    except ControlRefused:
        return
    raise ExperimentFailed(f"the {part} was to fail to start, and did start")


def wait_until_up(configuration: Configuration, part: Part) -> None:
    """Wait until the CA or the RA runs."""
    session_of(configuration).wait_until_up(part)


def hold(configuration: Configuration, seconds: float) -> None:
    """Let the storm go on for so long."""
    session_of(configuration).hold(float(seconds))


def wait_for_enrolled(configuration: Configuration, phones: int) -> None:
    """Wait until so many phones have enrolled since the storm began."""
    session_of(configuration).wait_for_enrolled(int(phones))


def wait_for_ended(configuration: Configuration, phones: int) -> None:
    """Wait until so many attempts, enrolled or failed, have ended that began after the last fault did."""
    session_of(configuration).wait_for_ended(int(phones))
