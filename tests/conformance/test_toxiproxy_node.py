"""toxiproxy-node-client drives the proxy from JavaScript."""

import json
from pathlib import Path

import pytest

from chaos.tcp.process import ProxyProcess
from tests.chaos.tcp.foreign import install_node_client, run_node

# A registry that is slow to answer is no failure of the proxy's.
pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PREAMBLE = """
const net = require("net");
const {Toxiproxy} = require("toxiproxy-node-client");
const [url, upstream] = process.argv.slice(1);
const api = new Toxiproxy(url);
const said = (proxy, words) => new Promise((resolve, reject) => {
  const started = Date.now();
  const [host, port] = proxy.listen.split(":");
  const client = net.connect(Number(port), host, () => client.write(words));
  client.on("data", data => { client.destroy(); resolve([data.toString(), Date.now() - started]); });
  client.on("error", error => reject(error));
});
const refused = async attempt => { try { await attempt(); return "done"; } catch (e) { return e.message; } };
(async () => {
"""
END = """
for (const proxy of Object.values(await api.getAll())) await proxy.remove();
})().catch(error => { console.error(error); process.exit(1); });
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installed = tmp_path_factory.mktemp("node")
    install_node_client(installed)
    return installed


def shown(script: str, directory: Path, tcp_process: ProxyProcess, echo_upstream: str) -> object:
    """What the script prints as JSON."""
    return json.loads(run_node(PREAMBLE + script + END, tcp_process.url, echo_upstream, directory=directory))


def test_it_reads_the_version(directory: Path, tcp_process: ProxyProcess, echo_upstream: str) -> None:
    script = "console.log(JSON.stringify(await api.getVersion()));"
    assert shown(script, directory, tcp_process, echo_upstream) == '{"version": "2.12.0"}\n'


def test_a_proxy_it_creates_relays_slows_down_and_goes(
    directory: Path, tcp_process: ProxyProcess, echo_upstream: str
) -> None:
    script = """
const proxy = await api.createProxy({name: "hop", listen: "127.0.0.1:0", upstream});
const [quick] = await said(proxy, "hello");
const toxic = await proxy.addToxic({type: "latency", attributes: {latency: 150, jitter: 0}});
const [, milliseconds] = await said(proxy, "slow");
const again = await proxy.getToxic("latency_downstream");
await toxic.remove();
await proxy.remove();
console.log(JSON.stringify([quick, toxic.name, milliseconds >= 150, again.attributes, await api.getAll()]));
"""
    answer = ["hello", "latency_downstream", True, {"latency": 150, "jitter": 0}, {}]
    assert shown(script, directory, tcp_process, echo_upstream) == answer


def test_populate_update_and_reset(directory: Path, tcp_process: ProxyProcess, echo_upstream: str) -> None:
    script = """
const wanted = ["a", "b"].map(name => ({name, listen: "127.0.0.1:0", upstream}));
const made = await api.populate(wanted);
const off = await made.a.update({enabled: false, listen: made.a.listen, upstream});
const inside = await refused(() => said(made.a, "x"));
await api.reset();
const [words] = await said(made.a, "back");
console.log(JSON.stringify([Object.keys(made), off.enabled, inside.includes("ECONNREFUSED"), words]));
"""
    assert shown(script, directory, tcp_process, echo_upstream) == [["a", "b"], False, True, "back"]


def test_it_hears_refusals(directory: Path, tcp_process: ProxyProcess, echo_upstream: str) -> None:
    script = """
await api.createProxy({name: "hop", listen: "127.0.0.1:0", upstream});
console.log(JSON.stringify([
  await refused(() => api.createProxy({name: "hop", listen: "127.0.0.1:0", upstream})),
  await refused(() => api.get("none")),
]));
"""
    failed = "Request failed with status code"
    assert shown(script, directory, tcp_process, echo_upstream) == [f"{failed} 409", f"{failed} 404"]
