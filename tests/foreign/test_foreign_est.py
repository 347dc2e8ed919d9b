"""Storms and probes against an EST server that we did not write."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.conftest import Foreign
from tests.processes import run_estorm

pytestmark = pytest.mark.long

PHONES = 12


def storm_at(foreign: Foreign, run: Path, *options: str) -> dict[str, Any]:
    """The summary of a small storm in which every phone must enroll."""
    done = run_estorm(
        "storm", "--target", foreign.url, *foreign.options, "--phones", str(PHONES), "--rate", "20", "--out",
        str(run), "--i-may-load-this", *options, cwd=run.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    summary: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return summary


@pytest.fixture(scope="module")
def first(foreign: Foreign, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a storm that kept its phones' keys."""
    run = tmp_path_factory.mktemp("first") / "run"
    storm_at(foreign, run, "--keep-keys")
    return run


def test_a_probe_enrolls_one_phone_and_says_what_it_saw(foreign: Foreign, tmp_path: Path) -> None:
    done = run_estorm("probe", foreign.url, *foreign.options, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for step in ("TLS", "cacerts", "csrattrs", "authentication", "enrollment"):
        assert f"ok     {step}\n" in done.stdout
    assert done.stdout.endswith("a phone can enroll\n")


def test_every_phone_of_a_storm_enrolls_and_orphans_are_unknown(first: Path) -> None:
    summary = json.loads((first / "summary.json").read_text())
    assert summary["phones"] == {"intended": PHONES, "enrolled": PHONES, "failed": 0, "dropped": 0}
    assert summary["orphans"] is None
    assert summary["run"]["lab"] is False


@pytest.mark.parametrize("key", ["p-256", "p-384"])
def test_phones_with_other_keys_enroll_too(foreign: Foreign, tmp_path: Path, key: str) -> None:
    (tmp_path / "s.toml").write_text(f'seed = 3\n[phones]\nkey = "{key}"\n')
    done = run_estorm(
        "storm", "s.toml", "--target", foreign.url, *foreign.options, "--phones", "3", "--rate", "20",
        "--i-may-load-this", "--out", "run", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_phones_renew_with_their_lscs_as_client_certificates(
    foreign: Foreign, first: Path, tmp_path: Path
) -> None:
    if not foreign.ours:  # whether a server lets phones renew is for its owner to say
        return
    summary = storm_at(foreign, tmp_path / "second", "--renew", str(first))
    assert summary["phones"]["enrolled"] == PHONES


def test_a_renewal_without_the_lsc_is_refused_by_that_server(foreign: Foreign, tmp_path: Path) -> None:
    if not foreign.ours:
        return
    (tmp_path / "s.toml").write_text('seed = 3\n[phones]\nkey = "p-256"\noperation = "renew"\n')
    done = run_estorm(
        "storm", "s.toml", "--target", foreign.url, *foreign.options, "--phones", "3", "--rate", "20",
        "--out", "run", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    outcomes = json.loads((tmp_path / "run" / "summary.json").read_text())["outcomes"]
    assert outcomes in ({"EST_ERR_UNKNOWN": 3}, {"EST_ERR_AUTH_FAIL": 3})
