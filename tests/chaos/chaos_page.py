"""The rows of docs/chaos.md for faults and experiments; `python -m tests.chaos.chaos_page` prints them."""

import sys
from collections.abc import Iterator

from chaos.registry import Parameter
from loadtests.experiments.command import catalogue

_FAULTS = ("| fault | what goes wrong | parameters |", "|---|---|---|")
_EXPERIMENTS = ("| experiment | what is wrong | faults |", "|---|---|---|")


def fault_rows() -> Iterator[str]:
    """The table of faults."""
    yield from _FAULTS
    for fault in catalogue().faults:
        parameters = ", ".join(map(_parameter, fault.parameters)) or "none"
        yield f"| `{fault.name}` | {fault.summary} | {parameters} |"


def experiment_rows() -> Iterator[str]:
    """The table of experiments."""
    yield from _EXPERIMENTS
    for experiment in catalogue().experiments:
        struck = ", ".join(f"`{name}`" for name in experiment.faults)
        yield f"| `{experiment.name}` | {experiment.title} | {struck} |"


def _parameter(parameter: Parameter) -> str:
    default = parameter.default
    if parameter.required or default in (None, "", (), [], {}) or isinstance(default, dict):
        return f"`{parameter.name}`"
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    return f"`{parameter.name}` ({shown.lower() if isinstance(default, bool) else shown})"


if __name__ == "__main__":
    sys.stdout.write("\n".join([*fault_rows(), "", *experiment_rows(), ""]))
