"""Each experiment on a small storm: its evidence is there, not without its faults; all is well after it."""

import importlib.util
import json
import os
from pathlib import Path

import pytest

from loadtests.experiments.document import find, names, read_document
from loadtests.experiments.running import run
from loadtests.experiments.verifying import compare
from tests.loadtests.experiments.conftest import Control
from tests.processes import family_of

pytestmark = pytest.mark.long


# One of them is verified by `estorm chaos verify`, which has a test of its own.
NAMES = [name for name in names() if name != "ca-name-unknown"]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", NAMES)
def test_it_shows_its_faults_and_the_system_recovers(name: str, tmp_path: Path, control: Control) -> None:
    document = read_document(find(name))
    if "clock" in document.experiment.tags and importlib.util.find_spec("libfaketime") is None:
        pytest.skip("libfaketime is not installed")
    before = family_of(os.getpid())
    outcome = run(document, tmp_path / "run", seed=3)
    verdict = compare(document, outcome, control(document))
    assert [process for process in family_of(os.getpid()) if process not in before] == []
    assert list(verdict.complaints()) == []
    assert [proof for proof in verdict.proofs if not proof.good] == []
    journal = json.loads((tmp_path / "run" / "journal.json").read_text())
    assert (journal["status"], journal["deviated"]) == ("completed", False)
    assert len(journal["rollbacks"]) == 1
