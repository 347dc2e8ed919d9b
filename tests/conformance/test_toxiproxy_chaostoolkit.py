"""A Chaos Toolkit experiment with chaostoolkit-toxiproxy drives the proxy, as `chaos run` would."""

import json
from pathlib import Path
from typing import Any

from chaos.tcp.client import Toxiproxy
from chaos.tcp.process import ProxyProcess
from tests.chaos.tcp.foreign import run_python
from tests.chaos.tcp.rig import echo
from tests.testbed.raw_server import raw_server

RUN = """
import json, sys
from chaoslib.experiment import ensure_experiment_is_valid, run_experiment
experiment = json.loads(sys.argv[1])
ensure_experiment_is_valid(experiment)
print(json.dumps(run_experiment(experiment)))
"""


def call(
    function: str, module: str = "toxic.actions", kind: str = "action", **arguments: object
) -> dict[str, Any]:
    """One activity of an experiment."""
    provider = {"type": "python", "module": f"chaostoxi.{module}", "func": function, "arguments": arguments}
    return {"type": kind, "name": function, "provider": provider}


def run(
    python_clients: Path, tcp_process: ProxyProcess, method: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The journal's entries of an experiment's method."""
    experiment = {
        "version": "1.0.0", "title": "A hop degrades", "description": "The proxy as others drive it.",
        "configuration": {"toxiproxy_url": tcp_process.url}, "method": method, "rollbacks": [],
    }  # fmt: skip
    journal = json.loads(run_python(RUN, json.dumps(experiment), packages=python_clients))
    assert journal["status"] == "completed"
    assert [each["status"] for each in journal["run"]] == ["succeeded"] * len(method)
    entries: list[dict[str, Any]] = journal["run"]
    return entries


def test_an_experiment_makes_a_proxy_and_degrades_it(python_clients: Path, tcp_process: ProxyProcess) -> None:
    with raw_server(echo, None) as port:
        entries = run(python_clients, tcp_process, [
            call("create_proxy", "proxy.actions", proxy_name="hop", upstream_host="127.0.0.1",
                 upstream_port=port, listen_host="127.0.0.1", listen_port=0),
            call("create_latency_toxic", for_proxy="hop", toxic_name="slow", latency=150, jitter=10),
            call("create_bandwith_degradation_toxic", for_proxy="hop", toxic_name="thin", rate=100),
            call("create_slow_connection_close_toxic", for_proxy="hop", toxic_name="lingering", delay=50),
            call("create_slicer_toxic", for_proxy="hop", toxic_name="pieces", average_size=64,
                 size_variation=32, delay=10),
            call("create_limiter_toxic", for_proxy="hop", toxic_name="limit", bytes_limit=1000),
            call("create_toxic", for_proxy="hop", toxic_name="reset", toxic_type="reset_peer", toxicity=0.0),
            call("delete_toxic", for_proxy="hop", toxic_name="limit"),
            call("proxy_exist", "proxy.probes", "probe", proxy_name="hop"),
            call("get_proxy_attribute", "proxy.probes", "probe", proxy_name="hop", attribute="enabled"),
        ])  # fmt: skip
        with Toxiproxy(tcp_process.url) as toxiproxy:
            toxics = {toxic.name: toxic for toxic in toxiproxy.proxy("hop").toxics}
            toxiproxy.delete("hop")
    assert sorted(toxics) == ["lingering", "pieces", "reset", "slow", "thin"]
    assert toxics["slow"].attributes == {"latency": 150, "jitter": 10}
    assert [entry["output"] for entry in entries[-2:]] == [True, True]


def test_an_experiment_stops_and_starts_a_proxy(python_clients: Path, tcp_process: ProxyProcess) -> None:
    with raw_server(echo, None) as port, Toxiproxy(tcp_process.url) as toxiproxy:
        run(python_clients, tcp_process, [
            call("create_proxy", "proxy.actions", proxy_name="hop", upstream_host="127.0.0.1",
                 upstream_port=port, listen_host="127.0.0.1", listen_port=0),
            call("disable_proxy", "proxy.actions", proxy_name="hop"),
        ])  # fmt: skip
        assert not toxiproxy.proxy("hop").enabled
        run(python_clients, tcp_process, [call("enable_proxy", "proxy.actions", proxy_name="hop")])
        assert toxiproxy.proxy("hop").enabled
        run(python_clients, tcp_process, [call("delete_proxy", "proxy.actions", proxy_name="hop")])
        assert toxiproxy.proxies() == {}
