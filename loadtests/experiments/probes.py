"""What an experiment may measure. Chaos Toolkit calls these by name.

All but `evidence` are of the phones meant to start since a fault last struck or ended, `phones` of them at
least: they wait until so many have ended.
"""

from collections.abc import Mapping

from loadtests.experiments.session import session_of

Configuration = Mapping[str, object]
_PHONES = 10


def enrolled_share(configuration: Configuration, phones: int = _PHONES) -> float:
    """How many of the attempts enrolled, 0 to 1."""
    return session_of(configuration).steady(int(phones)).enrolled_share


def timeout_share(configuration: Configuration, phones: int = _PHONES) -> float:
    """How many of the attempts CAPF's read timer ended, 0 to 1."""
    return session_of(configuration).steady(int(phones)).timeout_share


def latency_p99_seconds(configuration: Configuration, phones: int = _PHONES) -> float | None:
    """The time from the intended start to the end that 99 in 100 of the enrolled do not exceed."""
    return session_of(configuration).steady(int(phones)).latency_p99_seconds


def throughput_per_second(configuration: Configuration, phones: int = _PHONES) -> float:
    """Phones enrolled per second."""
    return session_of(configuration).steady(int(phones)).throughput_per_second


def orphans(configuration: Configuration, phones: int = _PHONES) -> int:
    """Certificates that the CA issued to these phones and that they do not hold."""
    return session_of(configuration).orphans(int(phones))


def evidence(configuration: Configuration) -> dict[str, int]:
    """How many lines of the logs hold each pattern that the experiment's faults should leave; fails for none.

    Waits as long as a phone may take to come to its end.
    """
    return session_of(configuration).evidence()
