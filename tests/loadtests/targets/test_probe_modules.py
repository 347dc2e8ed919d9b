from pathlib import Path

import pytest

from loadtests.errors import ScenarioError
from loadtests.est.client import EstTarget
from loadtests.targets.probe_modules import ProbeModule, allowed_targets, read_probe_config

TARGET = EstTarget("ra.example", 8084)
GOOD = """
targets = ["https://ra.example:8084"]
[modules.enroll]
operation = "enroll"
password_file = "{folder}/password"
targets = ["https://second.example:8084/phones"]
[modules.enroll.server]
trust_anchor = "root.pem"
est_user = "capf"
"""


def config(tmp_path: Path, text: str) -> Path:
    (tmp_path / "password").write_text("s3cret\n")
    path = tmp_path / "probe.toml"
    path.write_text(text.replace("{folder}", str(tmp_path)))
    return path


def test_a_module_has_its_own_targets_and_everybodys(tmp_path: Path) -> None:
    read = read_probe_config(config(tmp_path, GOOD))
    module = read.modules["enroll"]
    assert allowed_targets(module, read) == {TARGET, EstTarget("second.example", 8084, "phones")}
    assert module.est_server(TARGET).password == "s3cret"


def test_a_password_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_PASSWORD", "s3cret")
    assert ProbeModule(password_variable="PROBE_PASSWORD").est_server(TARGET).password == "s3cret"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('targets = ["https://ra.example:8084"]', 'targets = ["http://ra.example"]'), "must be https"),
        (('est_user = "capf"', 'est_user = "capf"\nurl = "https://x"'), "list them in `targets`"),
        (('trust_anchor = "root.pem"', ""), "name the PEM file"),
        (('operation = "enroll"', 'operation = "enroll"\nany_target = true'), "would hand its credentials"),
        (('operation = "enroll"', 'operation = "guess"'), "guess"),
        (('"{folder}/password"', '"{folder}/missing"'), "cannot read"),
        (('password_file = "{folder}/password"', "timeout = 3"), "unknown field `timeout`"),
        (("[modules.enroll]", "[modules.enroll"), "probe.toml"),
    ],
)
def test_what_cannot_be_used_is_one_clear_error(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    with pytest.raises(ScenarioError, match=complaint.replace("`", ".")) as raised:
        read_probe_config(config(tmp_path, GOOD.replace(*change)))
    assert "s3cret" not in str(raised.value)


def test_a_module_without_targets_may_probe_nothing_and_is_refused(tmp_path: Path) -> None:
    text = '[modules.cacerts.server]\ntrust_anchor = "root.pem"\n'
    with pytest.raises(ScenarioError, match="may probe nothing"):
        read_probe_config(config(tmp_path, text))
    assert read_probe_config(config(tmp_path, "[modules.cacerts]\nany_target = true\n" + text))


def test_a_file_that_is_not_there_or_says_nothing_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot read"):
        read_probe_config(tmp_path / "missing.toml")
    with pytest.raises(ScenarioError, match="there is no"):
        read_probe_config(config(tmp_path, "modules = {}"))
