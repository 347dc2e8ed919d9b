"""Endpoints that cannot be used are named in one line, with what to do."""

from pathlib import Path

import msgspec
import pytest

from chaos.endpoints import ChainSystem, ChaosEndpoints, endpoints_path, read_endpoints
from chaos.errors import EndpointsUnusable

PLAIN = ChaosEndpoints(
    ca="", ra="", trust_anchor="", account="", password="", est_user="", est_password="", template="",
    metrics={}, management="", pids={}, database="", logs="", control="", toxiproxy="", dns="", ca_host="",
    pki="", seed=1,
)  # fmt: skip


def test_endpoints_are_read_as_they_were_written(tmp_path: Path) -> None:
    PLAIN.write(tmp_path / "chain.json")
    assert read_endpoints(tmp_path / "chain.json") == PLAIN


def test_the_file_of_a_lab_without_chaos_is_refused(tmp_path: Path) -> None:
    table = msgspec.to_builtins(PLAIN)
    del table["control"]
    (tmp_path / "lab.json").write_bytes(msgspec.json.encode(table))
    with pytest.raises(EndpointsUnusable, match=r"lab\.json: .*control.*a lab that runs with \[chaos\]"):
        read_endpoints(tmp_path / "lab.json")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointsUnusable, match=r"gone\.json: No such file"):
        read_endpoints(tmp_path / "gone.json")


def test_the_environment_names_the_file() -> None:
    assert endpoints_path({"ESTORM_ENDPOINTS": "here.json"}) == Path("here.json")
    with pytest.raises(EndpointsUnusable, match="set ESTORM_ENDPOINTS to the file"):
        endpoints_path({})


def test_what_the_chain_lacks_is_named_with_its_setting() -> None:
    with ChainSystem(PLAIN) as system:
        with pytest.raises(EndpointsUnusable, match=r"no TCP proxy of ours; set tcp = true in \[chaos\]"):
            assert system.proxies
        with pytest.raises(EndpointsUnusable, match=r"no DNS server of ours; set dns = true in \[chaos\]"):
            assert system.dns
