"""The same seed strikes the same connections, whatever else is going on."""

from collections.abc import Sequence
from pathlib import Path

from chaos.tcp.client import Toxiproxy
from chaos.tcp.draws import ConnectionFaults, Draw, Recent
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings
from tests.chaos.tcp.rig import connected, proxied
from tests.processes import wait_until

CONNECTIONS = 40
Drawn = list[tuple[int, list[Draw]]]


def drawn(directory: Path, seed: int, toxics: Sequence[str]) -> Drawn:
    """What a process with this seed draws for its connections, each toxic with toxicity 0.5."""
    with ProxyProcess(TcpPartSettings(seed=seed), directory) as process, Toxiproxy(process.url) as toxiproxy:
        with proxied(toxiproxy) as proxy:
            for name in toxics:
                toxiproxy.add_toxic("hop", "noop", toxicity=0.5, name=name)
            for _ in range(CONNECTIONS):
                with connected(proxy):
                    pass
            assert wait_until(lambda: len(complete(toxiproxy, len(toxics))) == CONNECTIONS)
        log = toxiproxy.faults()
        assert log.seed == seed
        return [(each.number, each.faults) for each in log.connections]


def complete(toxiproxy: Toxiproxy, toxics: int) -> list[ConnectionFaults]:
    return [each for each in toxiproxy.faults("hop").connections if len(each.faults) == toxics]


def of(drawn: Drawn, toxic: str) -> list[bool]:
    return [draw.applies for _, draws in drawn for draw in draws if draw.toxic == toxic]


def test_two_runs_with_one_seed_have_the_same_faults_and_another_seed_has_others(tmp_path: Path) -> None:
    first = drawn(tmp_path, 11, ["a"])
    assert [number for number, _ in first] == list(range(1, CONNECTIONS + 1))
    assert 0 < sum(of(first, "a")) < CONNECTIONS
    assert drawn(tmp_path, 11, ["a"]) == first
    assert drawn(tmp_path, 12, ["a"]) != first


def test_another_toxic_does_not_shift_the_draws_of_the_first(tmp_path: Path) -> None:
    assert of(drawn(tmp_path, 11, ["b", "a"]), "a") == of(drawn(tmp_path, 11, ["a"]), "a")


def test_only_the_newest_connections_are_kept() -> None:
    recent = Recent(2)
    for number in (1, 2, 3):
        recent.add(ConnectionFaults("hop", number, 0.0, []))
    assert [each.number for each in recent.of(None)] == [2, 3]
    assert list(recent.of("other")) == []
