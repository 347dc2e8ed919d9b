"""The EST server and its CA that the load generator's tests run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loadtests.est_server import EstServer, LabCa, make_ca, running_est_server
from tests.loadtests.locusts import Locust, locusts_at


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


@pytest.fixture
def locust(est_server: EstServer, journal: Path) -> Iterator[Locust]:
    """Starts Locust against the EST server; stops what a test leaves running."""
    with locusts_at(est_server, journal) as start:
        yield start
