from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from loadtests.arrivals.rates import Steady
from loadtests.errors import ScenarioError
from loadtests.est.authentication import Credentials
from loadtests.est.client import EstTarget
from loadtests.est.tls_stream import Timers
from loadtests.phones.keys import make_key_file
from loadtests.scenario import KeyType, Operation
from loadtests.swarm.options import LoadOptions, add_options, read_options

HOST = "https://127.0.0.1:8084"


class Parser(ArgumentParser):
    """Takes what Locust's parser takes beyond argparse's."""

    def add_argument(self, *names: str, **given: object) -> None:  # type: ignore[override]
        beyond = ("include_in_web_ui", "env_var")
        rest = {name: value for name, value in given.items() if name not in beyond}
        super().add_argument(*names, **rest)  # type: ignore[arg-type]


def options(*words: str, host: str | None = HOST) -> LoadOptions:
    parser = Parser()
    add_options(parser)  # type: ignore[arg-type]
    return read_options(parser.parse_args(words, Namespace()), host)


def test_a_host_is_all_that_is_needed() -> None:
    given = options()
    assert given.target == EstTarget("127.0.0.1", 8084)
    assert (given.phones, given.key_type, given.rules.operation) == (100, KeyType.RSA_2048, Operation.INSTALL)
    assert (given.arrivals, given.credentials, given.timers) == (None, None, Timers())


def test_a_rate_makes_an_open_workload() -> None:
    assert options("--arrival-rate", "2.5").arrivals == Steady(2.5)


def test_a_user_makes_credentials() -> None:
    given = options("--est-user", "capf", "--est-password", "secret")
    assert given.credentials == Credentials("capf", "secret")


def test_keys_are_one_a_phone_unless_a_pool_is_shared() -> None:
    assert options("--phones", "9").keys_needed == 9
    assert options("--phones", "9", "--key-pool-size", "4").keys_needed == 4
    assert options("--phones", "3", "--key-pool-size", "4").keys_needed == 3


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--phones", "0"),
        ("--arrival-rate", "0"),
        ("--arrival-rate", "nan"),
        ("--arrival-rate", "x"),
        ("--key-pool-size", "-1"),
        ("--read-timeout", "0"),
        ("--connect-timeout", "inf"),
        ("--handshake-timeout", "-1"),
        ("--journal", "/nowhere"),
        ("--arrival-rate", "fast"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_option(option: str, value: str) -> None:
    with pytest.raises(ScenarioError, match=option):
        options(option, value)


def test_keys_of_another_type_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    make_key_file(path, KeyType.P_256, 1)
    with pytest.raises(ScenarioError, match="holds p-256 keys, --key-type is p-384"):
        options("--keys-file", str(path), "--key-type", "p-384").check()


def test_a_key_type_that_there_is_not_is_refused_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        options("--key-type", "dsa")
    assert "'dsa' (choose from 'rsa-2048'" in capsys.readouterr().err


@pytest.mark.parametrize(("host", "complaint"), [("", "no EST server"), ("http://127.0.0.1:1", "http://127")])
def test_what_is_no_address_of_an_est_server_is_refused(host: str, complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        options(host=host)


@pytest.mark.parametrize("option", ["--trust-anchor", "--keys-file"])
def test_a_file_that_is_not_there_is_named(option: str) -> None:
    with pytest.raises(ScenarioError, match="/nowhere"):
        options(option, "/nowhere").check()


@pytest.mark.parametrize("option", ["--trust-anchor", "--lsc-chain"])
def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path, option: str) -> None:
    path = tmp_path / "anchor.pem"
    path.write_text("no certificate")
    with pytest.raises(ScenarioError, match=str(path)):
        options(option, str(path)).check()
