"""The control's API on a running chain, as any HTTP client sees it."""

from collections.abc import Iterator

import httpx
import pytest

from chaos.control.client import ControlClient
from chaos.errors import ControlRefused
from chaos.rig import Rig
from chaos.settings import ChaosSettings
from chaos.system import Reading
from tests.chaos.rigs import running_rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running_rig(tmp_path_factory.mktemp("rig"), ChaosSettings(tcp=False, dns=False)) as running:
        yield running


@pytest.fixture
def api(rig: Rig) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=rig.endpoints.control) as client:
        yield client
        client.delete("/parts/ca/changes").raise_for_status()


@pytest.fixture
def control(rig: Rig) -> Iterator[ControlClient]:
    with ControlClient(rig.endpoints.control) as client:
        yield client


def test_a_part_is_shown_with_its_processes_and_addresses(api: httpx.Client, rig: Rig) -> None:
    shown = api.get("/parts/ca").json()
    assert shown == {
        "name": "ca", "pid": rig.endpoints.pids["ca"], "children": [], "starts": 1,
        "addresses": rig.lab.ca.addresses,
    }  # fmt: skip


def test_a_change_is_made_shown_and_taken_back(api: httpx.Client) -> None:
    made = api.post("/parts/ca/changes", json={"ca.suspended": True})
    assert made.status_code == 201
    assert api.get("/parts/ca/changes").json() == [made.json()]
    assert made.json()["settings"] == {"ca.suspended": True}
    assert api.delete(f"/parts/ca/changes/{made.json()['number']}").json() == []


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "said"),
    [
        ("GET", "/parts/dns", "", 404, "nothing at /parts/dns"),
        ("GET", "/parts/generator", "", 404, "nothing at /parts/generator"),
        ("POST", "/parts/ca/kill/1", "", 404, "nothing at /parts/ca/kill/1"),
        ("GET", "/parts/ca/kill", "", 405, "GET is not for /parts/ca/kill"),
        ("POST", "/parts/ca/changes", "{", 400, "the changes: "),
        ("POST", "/parts/ca/changes", '{"ca.suspendde": true}', 409, "no setting 'ca.suspendde'"),
        ("POST", "/parts/ca/changes", '{"ca.suspended": "yes"}', 409, "cannot change ca.suspended"),
        ("PUT", "/clocks/ca", '{"offset_seconds": "x"}', 400, "the clock's reading: "),
        ("PUT", "/clocks/ca", '{"offset_seconds": 5}', 409, "set clock = true in [chaos]"),
    ],
)
def test_what_is_not_possible_is_refused_in_words(
    api: httpx.Client, verb: str, path: str, body: str, status: int, said: str
) -> None:
    answer = api.request(verb, path, content=body)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text


def test_the_client_refuses_with_the_owners_words(control: ControlClient) -> None:
    with pytest.raises(ControlRefused, match="no setting 'nonsense' to change"):
        control.reload("ca", {"nonsense": 1})
    number = control.reload("ca", {"ca.suspended": True})
    assert [change.number for change in control.changes("ca")] == [number]
    control.restore("ca")
    control.restore("ca", number)
    assert control.changes("ca") == []


def test_the_true_time_can_be_set_where_there_is_no_other(control: ControlClient) -> None:
    control.set_clock("ra", Reading())


def test_a_control_that_has_gone_is_named() -> None:
    with (
        ControlClient("http://127.0.0.1:9") as gone,
        pytest.raises(ControlRefused, match=r"no control answers at http://127\.0\.0\.1:9"),
    ):
        gone.part("ca")
