import json
from pathlib import Path

from exporters.targets import listed, read_urls

URLS = {"estorm-ra": "http://127.0.0.1:1234/metrics", "estorm-ca": "https://127.0.0.1:1235/metrics"}


def test_targets_are_listed_as_prometheus_reads_them_while_they_are_there(tmp_path: Path) -> None:
    path = tmp_path / "targets-lab.json"
    with listed(path, URLS, {"run": "a"}):
        ra, ca = json.loads(path.read_text())
        assert ra["targets"] == ["127.0.0.1:1234"]
        assert ra["labels"] == {"job": "estorm-ra", "__scheme__": "http", "run": "a"}
        assert ca["labels"]["__scheme__"] == "https"
        assert read_urls(path) == URLS
    assert list(tmp_path.iterdir()) == []


def test_there_are_no_urls_without_a_file(tmp_path: Path) -> None:
    assert read_urls(tmp_path / "targets-load.json") == {}
