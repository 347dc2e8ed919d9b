"""A part of the lab is changed while it runs, ended on purpose, and started again where it was."""

import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from testbed.errors import PartFailed, SettingsError
from testbed.lab import Lab, Wiring
from testbed.ra.capacity_settings import RaWorkers
from testbed.settings import LabSettings, RaSettings
from tests.processes import family_of, wait_until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory = tmp_path_factory.mktemp("lab")
    wiring = Wiring(environments={"ra": {"ESTORM_TEST_MARK": "1"}})
    settings = LabSettings(ra=RaSettings(workers=RaWorkers(processes=2)))
    with Lab(settings, directory, directory / "ca.sqlite", wiring) as running:
        yield running


@pytest.fixture(autouse=True)
def as_it_was(lab: Lab) -> Iterator[None]:
    yield
    for part in lab.parts:
        if not part.pid:
            part.start()
        part.take_back()


def status(url: str, lab: Lab) -> int:
    trust = ssl.create_default_context(cafile=lab.endpoints.trust_anchor)
    return httpx.get(url, verify=trust).status_code


@pytest.mark.parametrize("name", ["ca", "ra"])
def test_a_part_started_again_serves_on_every_port_it_had(lab: Lab, name: str) -> None:
    part = {each.name: each for each in lab.parts}[name]
    before, pid, starts = dict(part.addresses), part.pid, part.starts
    part.restart()
    assert (part.addresses, part.starts) == (before, starts + 1)
    assert part.pid != pid
    assert status(f"{lab.endpoints.ra}/cacerts", lab) == 200
    assert status(lab.endpoints.ca, lab) == 401
    assert "estorm_" in httpx.get(lab.endpoints.metrics[name]).text


def test_a_part_that_is_killed_is_no_incident_and_takes_its_workers_along(lab: Lab) -> None:
    workers = family_of(lab.ra.pid)
    assert len(workers) == 2
    lab.ra.kill()
    assert lab.deaths() == []
    assert lab.ra.pid == 0
    assert not any(worker.is_running() for worker in workers)
    lab.ra.start()
    assert status(f"{lab.endpoints.ra}/cacerts", lab) == 200


def test_a_part_that_was_started_again_can_die_by_itself(lab: Lab) -> None:
    lab.ra.restart()
    psutil.Process(lab.ra.pid).send_signal(signal.SIGKILL)
    assert wait_until(lab.deaths)
    lab.ra.restart()
    assert lab.deaths() == []


def test_a_change_holds_for_the_next_start_of_a_dead_part(lab: Lab) -> None:
    lab.ra.kill()
    lab.ra.change({"est_password": "another"})
    assert lab.ra.pid == 0
    lab.ra.start()
    assert lab.ra.settings.est_password == "another"
    assert lab.ra.original.est_password == lab.endpoints.est_password


def test_changes_lie_on_each_other_and_are_taken_back_in_any_order(lab: Lab) -> None:
    first = lab.ra.change({"ra.template": "CiscoRA", "ra.realm": "one"})
    second = lab.ra.change({"ra.realm": "two"})
    lab.ra.take_back(first)
    lab.ra.take_back(first)
    assert lab.ra.settings.ra.realm == "two"
    lab.ra.take_back(second)
    assert lab.ra.settings == lab.ra.original


def test_a_part_that_refuses_a_change_says_why_and_goes_on(lab: Lab) -> None:
    pid = lab.ra.pid
    with pytest.raises(PartFailed, match=r"goes on with the settings it had: .*401"):
        lab.ra.change({"account_password": "wrong"})
    assert (lab.ra.pid, lab.ra.settings) == (pid, lab.ra.original)
    assert status(f"{lab.endpoints.ra}/cacerts", lab) == 200


def test_a_change_of_what_there_is_not_leaves_all_as_it_was(lab: Lab) -> None:
    with pytest.raises(SettingsError, match=r"no setting 'ra\.tempalte'"):
        lab.ra.change({"ra.tempalte": "CiscoRB"})
    assert lab.ra.settings == lab.ra.original


def test_a_part_has_its_environment_each_time_it_is_started(lab: Lab) -> None:
    lab.ra.restart()
    assert psutil.Process(lab.ra.pid).environ()["ESTORM_TEST_MARK"] == "1"


def test_a_hop_is_taken_by_the_route_it_was_given(tmp_path: Path) -> None:
    taken: list[str] = []

    def route(hop: str, address: str) -> str:
        taken.append(hop)
        return address.replace("127.0.0.1", "localhost") if hop == "phone-ra" else address

    with Lab(LabSettings(), tmp_path, tmp_path / "ca.sqlite", Wiring(route)) as lab:
        assert taken == ["ra-ca", "phone-ra"]
        assert lab.endpoints.ra.startswith("https://localhost:")
        assert status(f"{lab.endpoints.ra}/cacerts", lab) == 200
