"""The command line: what is wrong is told in one line, with exit code 2 and no traceback."""

import datetime as dt
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from loadtests.cli import COMMANDS, estorm
from testbed.pki import make_lab_pki
from tests.processes import run_estorm
from tests.testbed.full_disk import files_no_longer_than


def test_help_lists_every_command_and_imports_none(tmp_path: Path) -> None:
    script = "import sys; from loadtests.cli import main; sys.argv[1:] = ['--help']; main()"
    check = "import atexit, sys; atexit.register(lambda: print('polars' in sys.modules)); "
    done = subprocess.run(
        [sys.executable, "-c", check + script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"
    assert [line.split()[0] for line in done.stdout.split("Commands:\n")[1].splitlines()[:-1]] == [*COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    context = click.Context(estorm)
    command = estorm.get_command(context, name)
    assert command is not None
    assert command.name == name or isinstance(command, click.Group)
    assert command.help


def contexts_in(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """Those of the command and all below it, for their help."""
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from contexts_in(below, click.Context(below, context, name))


def test_help_says_what_a_number_means_and_shows_no_formula() -> None:
    for context in contexts_in(estorm, click.Context(estorm, info_name="estorm")):
        found = re.findall(r"[<>]=|RANGE|FLOAT", context.get_help())
        assert not found, context.command_path


def refused(*arguments: str, cwd: Path) -> str:
    """The one line that a refused command prints."""
    done = run_estorm(*arguments, cwd=cwd)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_an_unknown_key_in_a_scenario_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[phones]\ncolour = 'red'\n")
    assert "bad.toml: unknown key `colour` in [phones]; known are count" in refused(
        "storm", "bad.toml", cwd=tmp_path
    )


def test_a_scenario_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "cannot read the scenario gone.toml" in refused("storm", "gone.toml", cwd=tmp_path)


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with files_no_longer_than(1000):
        assert "cannot be written: File too large; make room" in refused("storm", cwd=tmp_path)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--phones", "10000001", "'10000001' is not a whole number of at least 1, at most 10000000"),
        ("--phones", "many", "'many' is not a whole number of at least 1, at most 10000000"),
        ("--seed", "9223372036854775808", "is not a whole number of at least 0, at most 9223372036854775807"),
    ],
)
def test_a_number_that_no_scenario_may_have_is_refused(
    option: str, value: str, said: str, tmp_path: Path
) -> None:
    assert said in refused("storm", option, value, cwd=tmp_path)


def test_a_bad_slo_rule_is_named_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[slo]\nrules = ["happiness >= 3"]\n')
    assert "happiness" in refused("storm", "bad.toml", cwd=tmp_path)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("storm", "--phones", "0"), "'0' is not a whole number of at least 1, at most 10000000"),
        (("storm", "--phones", "3", "--rate", "1", "--duration", "9"), "give two of --phones, --rate"),
        (("storm", "--target", "est.example.com"), "must be https://HOST:PORT"),
        (("storm", "--target", "https://127.0.0.1:1"), "needs --trust-anchor"),
        (("ca", "deny", "x.sqlite", "first"), "'first' is not a whole number of at least 1"),
        (("logs", "backfill", ".", "--step", "0"), "'0' is not a whole number of at least 1"),
        (("storm", "--max-rate", "fast"), "'fast' is not a rate above 0 like 25, 25/s or 1500/min"),
        (("strom",), "No such command 'strom'"),
    ],
)
def test_bad_usage_is_one_line(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in refused(*arguments, cwd=tmp_path)


def test_a_target_that_nobody_serves_is_named(tmp_path: Path, trust_anchor: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    line = refused(*storm_at(port, trust_anchor), cwd=tmp_path)
    assert f"127.0.0.1:{port}" in line


def test_a_target_that_is_not_est_is_named(tmp_path: Path, trust_anchor: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_with_noise, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        line = refused(
            "storm",
            "--target",
            f"https://127.0.0.1:{port}",
            "--trust-anchor",
            str(trust_anchor),
            cwd=tmp_path,
        )
        thread.join()
    assert f"127.0.0.1:{port}" in line


def storm_at(port: int, trust_anchor: Path) -> list[str]:
    return ["storm", "--target", f"https://127.0.0.1:{port}", "--trust-anchor", str(trust_anchor)]


def answer_with_noise(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.fixture
def trust_anchor(tmp_path: Path) -> Path:
    return make_lab_pki(tmp_path, "TEST", "127.0.0.1", dt.datetime.now(dt.UTC)).trust_anchor
