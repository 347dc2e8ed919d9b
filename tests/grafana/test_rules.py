"""promtool on Prometheus' configuration and rules, and that its tests leave no rule out."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.grafana.expressions import GRAFANA, RULES, rules

TESTS = sorted((GRAFANA / "prometheus" / "tests").glob("*_test.yml"))
pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool (Debian: prometheus)")


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    found = re.findall(r"(\d+) rules found", promtool("check", "rules", *RULES))
    assert sum(map(int, found)) == len(rules())


def test_promtool_finds_nothing_wrong_with_the_configuration() -> None:
    promtool("check", "config", GRAFANA / "prometheus" / "prometheus.yml")


def test_every_rule_does_what_its_test_says() -> None:
    assert promtool("test", "rules", *TESTS).count("SUCCESS") == len(TESTS)


def test_every_alert_is_tested_firing_and_silent() -> None:
    checks = [
        check
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for check in test.get("alert_rule_test", ())
    ]
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert {check["alertname"] for check in checks if check["exp_alerts"]} == alerts
    assert {check["alertname"] for check in checks if not check["exp_alerts"]} == alerts


def test_every_recording_rule_is_tested_with_a_value() -> None:
    wanted = [
        check["expr"]
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for check in test.get("promql_expr_test", ())
        if check["exp_samples"]
    ]
    missing = [
        rule["record"] for rule in rules() if "record" in rule and rule["record"] not in " ".join(wanted)
    ]
    assert missing == []


def test_every_alert_says_what_is_wrong_what_it_means_and_what_to_do() -> None:
    for rule in rules():
        if "alert" in rule:
            assert set(rule["annotations"]) == {"summary", "description", "runbook"}, rule["alert"]
            assert rule["labels"]["severity"] in {"warning", "critical"}
