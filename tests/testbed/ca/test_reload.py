"""SIGHUP: the CA goes on with other settings, for those who are there and those who come."""

import concurrent.futures
import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from testbed.ca import database
from testbed.ca.settings import CaSettings
from testbed.errors import PartFailed
from testbed.lab_part import Conditions, LabPart, pinned_ca
from testbed.pki import make_server_certificate, write_identity
from testbed.settings import CaPartSettings
from testbed.supervision import PartProcess
from tests.mock_ca import PASSWORD, enroll_form, part_settings

Ca = LabPart[CaPartSettings]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ca]:
    directory = tmp_path_factory.mktemp("ca")
    (directory / "logs").mkdir()
    process = PartProcess("ca", directory / "launch.json", directory / "logs", "u_ex*.log")
    part: Ca = LabPart(process, part_settings(directory, CaSettings()), pinned_ca, Conditions(30, {}))
    try:
        part.start()
        yield part
    finally:
        part.stop()


@pytest.fixture
def ca(running: Ca) -> Iterator[Ca]:
    before, starts = dict(running.addresses), running.starts
    yield running
    running.take_back()
    assert (running.addresses, running.starts, running.death()) == (before, starts, None)


@pytest.fixture
def client(ca: Ca) -> Iterator[httpx.Client]:
    with logged_in(ca) as client:
        yield client


def logged_in(ca: Ca, password: str = PASSWORD) -> httpx.Client:
    trust = ssl.create_default_context(cafile=str(ca.settings.issuing_chain))
    account = ca.settings.ca.account.name
    return httpx.Client(base_url=ca.addresses["certsrv"], verify=trust, auth=(account, password), timeout=30)


def submit(client: httpx.Client, template: str = "CiscoRA") -> str:
    return client.post("/certfnsh.asp", data=enroll_form(template=template)).text


def dispositions(ca: Ca) -> list[tuple[int, str]]:
    with database.open_existing(ca.settings.database) as connection:
        return [(each.id, str(each.disposition)) for each in database.select(connection, None, 100)]


def presented(ca: Ca) -> x509.Certificate:
    host, _, port = ca.addresses["certsrv"].removeprefix("https://").partition("/")[0].partition(":")
    return x509.load_pem_x509_certificate(ssl.get_server_certificate((host, int(port))).encode())


def another_identity(ca: Ca, directory: Path) -> dict[str, object]:
    """Another certificate for the CA's host, of another kind of key, by the same issuer."""
    part = ca.settings
    issuing_key = serialization.load_pem_private_key(part.issuing_key.read_bytes(), None)
    assert isinstance(issuing_key, rsa.RSAPrivateKey)
    issuer = x509.load_pem_x509_certificate(part.issuing_chain.read_bytes())
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = dt.datetime.now(dt.UTC)
    made = write_identity(
        directory, "other", key, make_server_certificate(key, part.host, issuing_key, issuer, now)
    )
    return {"server_key": made.key_path, "server_certificate": made.certificate_path}


def test_who_connects_sees_the_new_certificate_and_who_is_connected_goes_on(
    ca: Ca, client: httpx.Client, tmp_path: Path
) -> None:
    old = presented(ca)
    assert client.get("/certrqxt.asp").status_code == 200
    ca.change(another_identity(ca, tmp_path))
    assert isinstance(presented(ca).public_key(), rsa.RSAPublicKey)
    assert client.get("/certrqxt.asp").status_code == 200
    with logged_in(ca) as newcomer:
        assert newcomer.get("/certrqxt.asp").status_code == 200
    ca.take_back()
    assert presented(ca) == old


def test_other_templates_are_on_offer_at_once(ca: Ca, client: httpx.Client) -> None:
    assert "CiscoRB" not in client.get("/certrqxt.asp").text
    ca.change({"ca.template": "CiscoRB"})
    form = client.get("/certrqxt.asp").text
    assert ("CiscoRA" in form, "CiscoRB" in form) == (False, True)
    assert "certnew.cer" in submit(client, "CiscoRB")
    assert "0x80094800" in submit(client, "CiscoRA")


def test_a_ca_that_is_suspended_denies_until_it_is_not(ca: Ca, client: httpx.Client) -> None:
    change = ca.change({"ca.suspended": True})
    assert "0x80094006" in submit(client)
    ca.take_back(change)
    assert "certnew.cer" in submit(client)


def test_another_password_holds_for_the_next_login(ca: Ca) -> None:
    ca.change({"account_password": "changed"})
    with logged_in(ca) as late, logged_in(ca, "changed") as knowing:
        assert late.get("/certrqxt.asp").status_code == 401
        assert knowing.get("/certrqxt.asp").status_code == 200


@pytest.mark.parametrize("state", ["locked", "expired", "must-change"])
def test_an_account_that_changed_its_state_cannot_log_in(ca: Ca, state: str) -> None:
    ca.change({"ca.account.state": state})
    with logged_in(ca) as client:
        assert client.get("/certrqxt.asp").status_code == 401


def test_requests_under_way_and_those_after_them_have_numbers_of_their_own(
    ca: Ca, client: httpx.Client
) -> None:
    slow = {"ca.capacity.signing": {"kind": "constant", "seconds": 1.0}}
    first_id = max((number for number, _ in dispositions(ca)), default=0) + 1
    ca.change(slow)
    with concurrent.futures.ThreadPoolExecutor() as pool, logged_in(ca) as other:
        waiting = pool.submit(submit, client)
        assert concurrent.futures.wait([waiting], 0.3).not_done
        ca.take_back()
        assert "certnew.cer" in submit(other)
        assert "certnew.cer" in waiting.result()
    found = sorted(dispositions(ca))[-2:]
    assert found == [(first_id, "issued"), (first_id + 1, "issued")]


def test_faults_that_were_switched_on_stay(ca: Ca, client: httpx.Client) -> None:
    management = ca.addresses["management"]
    httpx.post(f"{management}/faults", json={"kind": "error", "stage": "form"}).raise_for_status()
    ca.change({"ca.validity_days": 10})
    assert client.get("/certrqxt.asp").status_code == 500
    httpx.delete(f"{management}/faults").raise_for_status()
    assert client.get("/certrqxt.asp").status_code == 200


def test_a_certificate_that_cannot_be_used_is_named_and_changes_nothing(ca: Ca, tmp_path: Path) -> None:
    old = presented(ca)
    with pytest.raises(PartFailed, match=r"goes on with the settings it had: .*nothing\.pem"):
        ca.change({"server_certificate": tmp_path / "nothing.pem"})
    assert presented(ca) == old
    assert "not reconfigured" in (ca.settings.log_directory / "ca.stderr.log").read_text()
