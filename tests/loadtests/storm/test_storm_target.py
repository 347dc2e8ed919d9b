"""Storms against a target: a lab that somebody else, this test, has started."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from loadtests.results.journal import JournalReader
from testbed.pki import make_lab_pki
from tests.processes import ENVIRONMENT, run_estorm, running_estorm, wait_until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The endpoints of a running lab, its password where a target's is looked for."""
    directory = tmp_path_factory.mktemp("lab")
    with running_estorm("lab", "--endpoints", "lab.json", "--out", "run", cwd=directory) as process:
        assert wait_until(lambda: (directory / "lab.json").exists() or process.poll() is not None, 60)
        endpoints: dict[str, Any] = json.loads((directory / "lab.json").read_text())
        with patch.dict(ENVIRONMENT, ESTORM_EST_PASSWORD=endpoints["est_password"]):
            yield endpoints
        process.terminate()
        process.communicate(timeout=30)


def storm_at(lab: dict[str, Any], directory: Path, *options: str) -> tuple[str, dict[str, Any]]:
    """What a small storm said, and its summary."""
    (directory / "s.toml").write_text('seed = 5\n[phones]\nkey = "p-256"\n[slo]\nrules = ["orphans == 0"]\n')
    done = run_estorm(
        "storm", "s.toml", "--target", lab["ra"], "--trust-anchor", lab["trust_anchor"], "--est-user",
        lab["est_user"], "--phones", "10", "--rate", "20", "--out", "run", *options, cwd=directory,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    summary: dict[str, Any] = json.loads((directory / "run" / "summary.json").read_text())
    assert summary["phones"]["enrolled"] == 10
    return done.stdout, summary


def test_orphans_are_unknown_without_the_cas_records(lab: dict[str, Any], tmp_path: Path) -> None:
    said, summary = storm_at(lab, tmp_path)
    assert summary["orphans"] is None
    assert summary["slo"]["met"] is None
    assert "orphans: unknown" in said
    assert summary["run"]["orphans_from"].startswith("unknown")


@pytest.fixture(scope="module")
def known(lab: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a storm at a target whose CA's certificate and database are known."""
    directory = tmp_path_factory.mktemp("known")
    storm_at(lab, directory, "--lsc-chain", lab["trust_anchor"], "--ca-database", lab["database"])
    return directory / "run"


def test_lscs_are_checked_against_the_chain_that_is_named(known: Path) -> None:
    assert {attempt.est_error for attempt in JournalReader(known).new()} == {"EST_ERR_NONE"}


def test_orphans_are_counted_in_the_cas_database_since_the_run_began(known: Path) -> None:
    summary = json.loads((known / "summary.json").read_text())
    assert summary["orphans"] == 0
    assert summary["run"]["orphans_from"] == "counted in the CA's database"


def test_what_the_ca_issues_to_others_later_is_nobodys_orphan(
    lab: dict[str, Any], known: Path, tmp_path: Path
) -> None:
    storm_at(lab, tmp_path)
    done = run_estorm("account", str(known), "--fate", "orphaned", "--ids", cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "")


def test_orphans_are_estimated_from_the_cas_log_since_the_run_began(
    lab: dict[str, Any], tmp_path: Path
) -> None:
    (log,) = Path(lab["logs"]).glob("u_ex*.log")
    said, summary = storm_at(lab, tmp_path, "--ca-log", str(log))
    assert summary["orphans"] == 0
    assert "orphans: 0 (estimated from the CA's log)" in said


def test_a_dry_run_enrolls_one_phone_and_leaves_no_run(lab: dict[str, Any], tmp_path: Path) -> None:
    options = ("--trust-anchor", lab["trust_anchor"], "--est-user", lab["est_user"])
    done = run_estorm("storm", "--dry-run", "--target", lab["ra"], *options, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ok     enrollment$", done.stdout, re.MULTILINE)
    assert not list(tmp_path.iterdir())


def test_a_storm_beyond_its_caps_does_not_begin(lab: dict[str, Any], tmp_path: Path) -> None:
    options = ("--trust-anchor", lab["trust_anchor"], "--est-user", lab["est_user"], "--max-phones", "9")
    done = run_estorm("storm", "--target", lab["ra"], "--phones", "10", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert "10 phones exceed the cap of 9 (--max-phones)" in done.stderr
    assert not list(tmp_path.iterdir())


def test_lscs_of_a_ca_that_is_not_in_the_chain_named_are_no_enrollments(
    lab: dict[str, Any], tmp_path: Path
) -> None:
    other = make_lab_pki(tmp_path, "ANOTHER-CA", "127.0.0.1", dt.datetime.now(dt.UTC))
    (tmp_path / "s.toml").write_text('seed = 5\n[phones]\nkey = "p-256"\n')
    done = run_estorm(
        "storm", "s.toml", "--target", lab["ra"], "--trust-anchor", lab["trust_anchor"], "--est-user",
        lab["est_user"], "--phones", "3", "--rate", "20", "--out", "run", "--lsc-chain",
        str(other.trust_anchor), cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    journal = list(JournalReader(tmp_path / "run").new())
    assert {attempt.est_error for attempt in journal} == {"EST_ERR_CACERT_VERIFICATION"}
    assert {attempt.http_status for attempt in journal} == {200}
