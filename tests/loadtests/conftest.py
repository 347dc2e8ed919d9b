"""The EST server and its CA that the load generator's tests run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loadtests.est_server import EstServer, LabCa, make_ca, running_est_server


@pytest.fixture(scope="session")
def lab_ca(tmp_path_factory: pytest.TempPathFactory) -> LabCa:
    return make_ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def est_server(lab_ca: LabCa) -> Iterator[EstServer]:
    with running_est_server(lab_ca) as server:
        yield server


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    directory = tmp_path / "journal"
    directory.mkdir()
    return directory
