"""How a command ends: its exit code, and the one line when it fails. 0 is done and well, as everywhere."""

import sys
from typing import NoReturn

import click

NOT_MET = 1
PART_DIED = 1
USAGE = 2
INTERRUPTED = 130


def fail(message: str, exit_code: int) -> NoReturn:
    """End with this code and one line on standard error."""
    click.echo(f"estorm: {' '.join(message.split())}", err=True)
    sys.exit(exit_code)
