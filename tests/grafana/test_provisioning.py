"""The files that Grafana and compose are started with: they fit each other and what is in the repository.

compose.yml is read by docker-compose itself; nothing is started, so no Docker is needed.
"""

import importlib.metadata
import re
import shutil
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from tests.grafana.expressions import DASHBOARDS, GRAFANA, dashboard

COMPOSE = GRAFANA / "compose.yml"
PROVISIONING = GRAFANA / "provisioning"
PROVISIONED_BY_GRAFANA = PurePosixPath("/etc/grafana/provisioning")
needs_docker_compose = pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="needs docker-compose (Debian: docker-compose)"
)


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def mounts(service: str) -> dict[PurePosixPath, Path]:
    """The repository's folders in a container, by where they are there."""
    given = (volume.split(":") for volume in services()[service]["volumes"])
    return {PurePosixPath(target): COMPOSE.parent / source for source, target, *_ in given if "." in source}


def on_disk(service: str, path: str) -> Path:
    """The file of the repository that a container sees at `path`."""
    place = PurePosixPath(path)
    (target,) = (target for target in mounts(service) if place.is_relative_to(target))
    return mounts(service)[target] / place.relative_to(target)


def datasource() -> dict[str, Any]:
    (found,) = yaml.safe_load((PROVISIONING / "datasources" / "estorm.yml").read_text())["datasources"]
    return dict(found)


def provider() -> dict[str, Any]:
    (found,) = yaml.safe_load((PROVISIONING / "dashboards" / "estorm.yml").read_text())["providers"]
    return dict(found)


def source_of(volume: str | dict[str, str]) -> str:
    """What is mounted; docker-compose 1 writes it as text, 2 as a mapping."""
    return volume.split(":")[0] if isinstance(volume, str) else volume["source"]


@needs_docker_compose
def test_docker_compose_reads_the_file() -> None:
    done = subprocess.run(
        ["docker-compose", "--file", str(COMPOSE), "config"], capture_output=True, text=True, check=False,
        timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    read = yaml.safe_load(done.stdout)["services"]
    assert {name: service["image"] for name, service in read.items()} == {
        name: service["image"] for name, service in services().items()
    }
    folders = [source for service in read.values() for source in map(source_of, service["volumes"])]
    assert sum(source.startswith("/") for source in folders) == sum(map(len, map(mounts, services())))
    assert [source for source in folders if source.startswith("/") and not Path(source).is_dir()] == []


def test_every_image_is_of_one_version() -> None:
    for name, service in services().items():
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name


def test_the_dashboards_are_of_the_schema_of_the_grafana_that_is_started() -> None:
    started = services()["grafana"]["image"].rpartition(":")[2].split(".")[:2]
    built_with = importlib.metadata.version("grafana-foundation-sdk").partition("!")[2].split(".")[:2]
    assert started == built_with


def test_every_mounted_folder_is_there_and_cannot_be_written_to() -> None:
    for service in services():
        for volume in services()[service]["volumes"]:
            if "." in volume.split(":")[0]:
                assert volume.endswith(":ro"), volume
        assert all(source.is_dir() for source in mounts(service).values())


def test_prometheus_finds_its_configuration_its_rules_and_the_run() -> None:
    options = dict(option.removeprefix("--").split("=") for option in services()["prometheus"]["command"])
    configuration = on_disk("prometheus", options["config.file"])
    assert configuration.is_file()
    told = yaml.safe_load(configuration.read_text())
    assert [list(configuration.parent.glob(pattern)) != [] for pattern in told["rule_files"]] == [True]
    (storm,) = told["scrape_configs"]
    (pattern,) = storm["file_sd_configs"][0]["files"]
    assert (configuration.parent / pattern).resolve() == (
        GRAFANA.parent / "runs/tonight/targets-*.json"
    ).resolve()


def test_grafana_asks_the_prometheus_that_is_started_beside_it() -> None:
    options = dict(option.removeprefix("--").split("=") for option in services()["prometheus"]["command"])
    environment = services()["grafana"]["environment"]
    assert environment["ESTORM_PROMETHEUS_URL"] == f"http://{options['web.listen-address']}"
    assert datasource()["url"] == "${ESTORM_PROMETHEUS_URL}"


def test_both_listen_on_this_machine_alone() -> None:
    (listening,) = (
        option for option in services()["prometheus"]["command"] if "web.listen-address" in option
    )
    assert listening.endswith("=127.0.0.1:9090")
    assert services()["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert {service["network_mode"] for service in services().values()} == {"host"}


def test_grafana_finds_its_provisioning_and_every_dashboard() -> None:
    for kind in ("datasources", "dashboards"):
        given = on_disk("grafana", str(PROVISIONED_BY_GRAFANA / kind / "estorm.yml"))
        assert given.resolve() == (PROVISIONING / kind / "estorm.yml").resolve()
    folder = on_disk("grafana", provider()["options"]["path"])
    assert sorted(path.name for path in folder.glob("*.json")) == [path.name for path in DASHBOARDS]


def test_the_provisioning_has_the_version_that_grafana_reads() -> None:
    for kind in ("datasources", "dashboards"):
        assert yaml.safe_load((PROVISIONING / kind / "estorm.yml").read_text())["apiVersion"] == 1
    assert (provider()["type"], datasource()["type"], datasource()["access"]) == (
        "file", "prometheus", "proxy",
    )  # fmt: skip


def test_the_dashboards_variable_finds_the_provisioned_datasource() -> None:
    for path in DASHBOARDS:
        (chosen,) = (each for each in dashboard(path)["templating"]["list"] if each["name"] == "datasource")
        assert chosen["query"] == datasource()["type"]
    assert datasource()["isDefault"] is True
