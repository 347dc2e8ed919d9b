"""The examples of docs/distributed.md: whole, consistent, and taken by the commands they name."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8")
LOCUSTFILE = "loadtests/locustfile.py"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


COMPOSE, JOB = (yaml.safe_load(block) for block in blocks("yaml"))
[CONTAINER] = JOB["spec"]["template"]["spec"]["containers"]


def typed_commands() -> list[list[str]]:
    """What the console block has a user type, without prompts and environment."""
    [console] = (block for block in blocks("console") if "locust" in block)
    lines = console.replace("\\\n", " ").splitlines()
    return [[word for word in shlex.split(line.split("$ ", 1)[1]) if "=" not in word] for line in lines]


def commands() -> dict[str, list[str]]:
    composed = {name: shlex.split(service["command"]) for name, service in COMPOSE["services"].items()}
    master, worker = typed_commands()
    return {
        "compose master": composed["master"], "compose worker": composed["worker"],
        "kubernetes worker": CONTAINER["command"], "typed master": master, "typed worker": worker,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["compose master", "compose worker", "kubernetes worker", "typed master",
                                  "typed worker"])  # fmt: skip
def test_locust_takes_each_command_with_our_locustfile(name: str) -> None:
    program, *words = commands()[name]
    assert program == "locust"
    words = [str(ROOT / LOCUSTFILE) if word.endswith(LOCUSTFILE) else word for word in words]
    # --list: all options are parsed, the locustfile is loaded, and nothing runs.
    done = subprocess.run(
        [sys.executable, "-m", "locust", *words, "--list"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Available Users" in done.stdout + done.stderr


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_composed_processes_find_each_other_and_their_files() -> None:
    services = COMPOSE["services"]
    master, worker = commands()["compose master"], commands()["compose worker"]
    assert option(worker, "--master-host") in services
    replicas = services["worker"]["deploy"]["replicas"]
    assert int(option(master, "--expect-workers")) == int(option(master, "--users")) == replicas
    mounted = [volume.split(":")[1] for volume in COMPOSE["x-generator"]["volumes"]]
    assert option(master, "--trust-anchor") in mounted
    assert option(master, "--journal") in mounted
    for service in services.values():
        assert service["volumes"] == COMPOSE["x-generator"]["volumes"]
        assert "ESTORM_EST_PASSWORD" in service["environment"]


def test_the_kubernetes_job_is_whole_and_has_the_files_of_the_composed_master() -> None:
    spec: dict[str, Any] = JOB["spec"]
    pod = spec["template"]["spec"]
    assert (JOB["apiVersion"], JOB["kind"]) == ("batch/v1", "Job")
    assert spec["parallelism"] == spec["completions"] == COMPOSE["services"]["worker"]["deploy"]["replicas"]
    assert pod["restartPolicy"] == "Never"
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert mounts.keys() == volumes
    master = commands()["compose master"]
    assert option(master, "--journal") in mounts.values()
    assert str(Path(option(master, "--trust-anchor")).parent) in mounts.values()
    assert [variable["name"] for variable in CONTAINER["env"]] == ["ESTORM_EST_PASSWORD"]


def test_the_service_has_locusts_port_and_the_name_that_workers_look_for() -> None:
    assert "behind a Service `estorm-master` on port 5557." in TEXT
    assert option(CONTAINER["command"], "--master-host") == "estorm-master"
