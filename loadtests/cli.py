"""The command line: `estorm COMMAND`. Exit codes: 0 done, 1 the SLO is not met, 2 bad usage or input."""

import contextlib
import errno
import importlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

import click

from chaos.errors import ChaosError
from loadtests import exits
from loadtests.entry import loaded
from loadtests.errors import LoadtestError
from testbed.errors import TestbedError, reason
from testbed.process_end import end_without_search

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
# Where each command is, and what `estorm --help` says of it.
COMMANDS = {
    "account": ("loadtests.storm.account_command:account", "What became of each certificate of a run."),
    "ca": ("testbed.ca.admin:ca_group", "What a lab's CA was asked for; approve, revoke, export."),
    "calibrate": ("loadtests.calibration.command:calibrate", "Service times and load from logs, as a file."),
    "capacity": ("loadtests.capacity.command:capacity", "How fast phones may come, and what gives first."),
    "chaos": ("loadtests.experiments.command:chaos_group", "Break the chain and prove what came of it."),
    "compare": ("loadtests.comparison.command:compare", "Runs side by side; exit 1 when one is worse."),
    "exporter": ("loadtests.exporter_command:exporter_group", "Metrics of what is not ours."),
    "lab": ("loadtests.lab_command:lab", "Start RA and CA on this machine and run until Ctrl-C."),
    "logs": ("loadtests.logs_command:logs_group", "Metrics from the logs of a chain in production."),
    "plan": (
        "loadtests.planning.command:plan",
        "So many phones in so long: which batches, and what to change.",
    ),
    "probe": ("loadtests.targets.probe_command:probe", "Enroll one phone and explain each step."),
    "simulate": ("loadtests.simulation.command:simulate", "A storm in simulated time, as large as you like."),
    "storm": ("loadtests.storm.command:storm", "Let phones enroll, watch them, leave a report."),
    "tune": ("loadtests.tuning.command:tune", "The timers that lose the fewest certificates."),
}


class LazyGroup(click.Group):
    """Imports a command when it is called: every import takes CPU that `estorm storm` needs not spend."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names, in order."""
        return sorted(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; None for a name that is not known."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(loaded(lambda: importlib.import_module(module)), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="estorm")
def estorm() -> None:
    """Load-test and break certificate enrollment over EST. For test use only."""


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that every owner stops what it started."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> None:
    """Run the command line; every expected failure is one line on standard error."""
    end_without_search()
    try:
        with _sigterm_interrupts():
            estorm(standalone_mode=False)
    except (LoadtestError, TestbedError, ChaosError) as error:
        exits.fail(str(error), exits.USAGE)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        what = error.filename or "results"
        exits.fail(f"{what} cannot be written: {reason(error)}; make room", exits.USAGE)
    except click.ClickException as error:
        exits.fail(error.format_message(), exits.USAGE)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(exits.INTERRUPTED)
