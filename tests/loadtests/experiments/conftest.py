"""Experiments run small, and control runs that serve every experiment of the same storm."""

from collections.abc import Callable
from pathlib import Path

import pytest

from loadtests.experiments.document import Document
from loadtests.experiments.running import Outcome, run

# What makes the experiments small whose size is the user's to choose.
SMALL = {
    "ESTORM_OUTAGE_SECONDS": "1.5",
    "ESTORM_RETRY_SECONDS": "1",
    "ESTORM_WAVE_SECONDS": "2",
    "ESTORM_PHONES": "400",
}

Control = Callable[[Document], Outcome]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Experiments take seconds."""
    for name, value in SMALL.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def control(tmp_path_factory: pytest.TempPathFactory) -> Control:
    """The control run of an experiment, made once for each storm; again when it was not good."""
    known: dict[str, Outcome] = {}

    def control_of(document: Document) -> Outcome:
        storm = document.scenario().to_toml()
        if storm not in known or not known[storm].good:
            folder: Path = tmp_path_factory.mktemp("control") / "run"
            known[storm] = run(document, folder, faults=False)
        return known[storm]

    return control_of
