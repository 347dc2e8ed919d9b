"""Every PromQL expression of grafana/: where it stands, and what Grafana would make of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

GRAFANA = Path(__file__).parents[2] / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
RULES = sorted((GRAFANA / "prometheus" / "rules").glob("*.yml"))


@dataclass(frozen=True)
class Expression:
    where: str
    text: str
    legend: str = ""

    def filled(self, range_seconds: int = 300, rate_seconds: int = 8) -> str:
        """`watched` with Grafana's variables as they are for «All»."""
        text = self.watched.replace("$__rate_interval", f"{rate_seconds}s").replace(
            "$__range", f"{range_seconds}s"
        )
        return text.replace("$job", ".*").replace("$run", ".*")

    @property
    def legend_labels(self) -> set[str]:
        """The labels that its legend shows."""
        return set(re.findall(r"\{\{(\w+)\}\}", self.legend))

    @property
    def labels(self) -> set[str]:
        """Every label that it names."""
        grouped = re.findall(r"\b(?:by|on|without|ignoring) \(([^)]*)\)", self.text)
        matched = re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", self.text)
        return {*matched, *self.legend_labels, *(name for each in grouped for name in each.split(", "))}

    @property
    def watched(self) -> str:
        """What an alert looks at: whether it fires is promtool's affair."""
        if not self.where.startswith("rule Estorm"):
            return self.text
        return re.sub(r" (?:==|[<>]=?) [\d.* ]+(?= or |$)", "", self.text)


def alternatives(text: str) -> list[str]:
    """The operands of an expression's outermost `or`."""
    found: list[str] = []
    for piece in text.split(" or "):
        if found and found[-1].count("(") > found[-1].count(")"):
            found[-1] += f" or {piece}"
        else:
            found.append(piece)
    return found


def dashboard(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def panels(path: Path) -> list[dict[str, Any]]:
    return [panel for panel in dashboard(path)["panels"] if panel["type"] != "row"]


def of_dashboard(path: Path) -> Iterator[Expression]:
    for panel in panels(path):
        for target in panel["targets"]:
            yield Expression(
                f"{path.stem} / {panel['title']} / {target['refId']}", target["expr"], target["legendFormat"]
            )
    for annotation in dashboard(path)["annotations"]["list"]:
        yield Expression(f"{path.stem} / annotation {annotation['name']}", annotation["expr"])


def rules() -> list[dict[str, Any]]:
    groups = (group for path in RULES for group in yaml.safe_load(path.read_text())["groups"])
    return [rule for group in groups for rule in group["rules"]]


def of_rules() -> Iterator[Expression]:
    for rule in rules():
        yield Expression(f"rule {rule.get('record') or rule['alert']}", rule["expr"])
