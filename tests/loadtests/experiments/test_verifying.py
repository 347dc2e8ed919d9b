"""When evidence counts as such."""

from pathlib import Path

from chaos.fault import Evidence
from loadtests.experiments.document import find, read_document
from loadtests.experiments.running import Outcome
from loadtests.experiments.verifying import compare
from loadtests.storm.run_folder import RunFolder

DOCUMENT = read_document(find("ca-name-unknown"))
NGINX = "return code 6 (Could not resolve: lab-dc (Domain name not found))"
LINES = {
    "nginx_error.log": f"login_to_certsrv_ca: Curl call for MS CA login failed with {NGINX}\n"
    "Enrollment failed with rc=22 (EST_ERR_AUTH_FAIL)\n",
    "capf.log": "Enrollment rv = 22 (EST_ERR_AUTH_FAIL) with pkcs7 length = 0\n",
}


def outcome(folder: Path, lines: dict[str, str], *, steady_after: bool = True) -> Outcome:
    run = RunFolder(folder)
    run.logs.mkdir(parents=True)
    for name, text in lines.items():
        (run.logs / name).write_text(text)
    return Outcome(
        run,
        "completed",
        deviated=not steady_after,
        steady_before=True,
        steady_after=steady_after,
        failures=(),
    )


def test_lines_in_the_experiment_and_not_in_its_control_verify_it(tmp_path: Path) -> None:
    verdict = compare(DOCUMENT, outcome(tmp_path / "one", LINES), outcome(tmp_path / "control", {}))
    assert verdict.good
    assert [(proof.found, proof.found_in_control) for proof in verdict.proofs] == [(1, 0)] * 3


def test_a_line_that_is_missing_does_not(tmp_path: Path) -> None:
    some = {"capf.log": LINES["capf.log"]}
    verdict = compare(DOCUMENT, outcome(tmp_path / "one", some), outcome(tmp_path / "control", {}))
    assert not verdict.good


def test_a_line_that_the_control_has_too_proves_nothing(tmp_path: Path) -> None:
    verdict = compare(DOCUMENT, outcome(tmp_path / "one", LINES), outcome(tmp_path / "control", LINES))
    assert not verdict.good
    assert not any(proof.good for proof in verdict.proofs)


def test_a_system_that_is_not_steady_afterwards_does_not_verify_it(tmp_path: Path) -> None:
    unsteady = outcome(tmp_path / "one", LINES, steady_after=False)
    verdict = compare(DOCUMENT, unsteady, outcome(tmp_path / "control", {}))
    assert not verdict.good
    assert list(verdict.complaints()) == ["the experiment was not in steady state after its method"]


def test_evidence_is_for_a_log_of_the_chain() -> None:
    assert {evidence.log for evidence in DOCUMENT.evidence()} == {"nginx_error", "capf"}
    assert all(isinstance(evidence, Evidence) for evidence in DOCUMENT.evidence())
