import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest

from loadtests.errors import JournalError
from loadtests.results import slo, summary, table
from tests.loadtests import attempts
from tests.loadtests.runs import facts

DOCS = Path(__file__).parents[3] / "docs"
RULES = slo.parse_all(["enrolled_share >= 100%", "orphans == 0", "latency_p99_seconds <= 5s"])


def written(path: Path, phones: int = 60, **known: object) -> dict[str, object]:
    result = summary.summarize(table.build(attempts.storm(phones)), facts(phones, **known), RULES)
    summary.write(result, path)
    loaded: dict[str, object] = json.loads(path.read_text())
    return loaded


def test_the_keys_that_readers_rely_on_are_there(tmp_path: Path) -> None:
    found = written(tmp_path / "summary.json", seed=7)
    assert found["schema"] == "estorm.summary/1"
    assert found["seed"] == 7
    assert found["orphans"] == 0
    assert set(found["phones"]) == {"intended", "enrolled", "failed", "dropped"}  # type: ignore[call-overload]
    assert set(found["latency_seconds"]) == {"p50", "p95", "p99", "max"}  # type: ignore[call-overload]
    assert set(found["service_time_seconds"]) == {"p50", "p95", "p99", "max"}  # type: ignore[call-overload]
    assert found["cpu_seconds"] == {"generator": 1.5, "ra": 0.75, "ca": None, "ra_front": None}
    assert set(found["slo"]) == {"met", "rules"}  # type: ignore[call-overload]
    assert isinstance(found["throughput_per_second"], float)
    assert found["outcomes"]


@pytest.mark.parametrize("phones", [0, 1, 300])
def test_a_summary_fits_the_published_schema(tmp_path: Path, phones: int) -> None:
    schema = json.loads((DOCS / "summary.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(
        written(tmp_path / "summary.json", phones, orphans=None)
    )


def test_the_published_schema_refuses_a_summary_without_phones(tmp_path: Path) -> None:
    found = written(tmp_path / "summary.json")
    del found["phones"]
    schema = json.loads((DOCS / "summary.schema.json").read_text())
    with pytest.raises(jsonschema.ValidationError, match="'phones' is a required property"):
        jsonschema.validate(found, schema)


def test_the_published_schema_is_the_one_the_code_makes() -> None:
    assert (DOCS / "summary.schema.json").read_bytes() == summary.schema()


def test_every_key_is_documented(tmp_path: Path) -> None:
    text = (DOCS / "run-folder.md").read_text()
    found = written(tmp_path / "summary.json")
    inner = ("phones", "cpu_seconds", "stage_seconds", "slo", "run", "attempts")
    names = [*found, *(name for outer in inner for name in found[outer])]  # type: ignore[attr-defined]
    missing = [name for name in names if not re.search(rf"[`.]{name}(`|\.|\[)", text)]
    assert missing == []


def test_a_written_summary_reads_back_the_same(tmp_path: Path) -> None:
    result = summary.summarize(table.build(attempts.storm(30)), facts(30), RULES)
    summary.write(result, tmp_path / "summary.json")
    assert summary.read(tmp_path / "summary.json") == result


def test_a_summary_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text('{"schema": "estorm.summary/99"}')
    with pytest.raises(JournalError, match=r"summary\.json: not a summary of version estorm\.summary/1"):
        summary.read(path)


def test_the_verdict_on_the_rules_is_part_of_the_summary(tmp_path: Path) -> None:
    found = msgspec.convert(written(tmp_path / "summary.json", phones=300, orphans=None)["slo"], slo.Slo)
    assert found.met is False
    assert [rule.met for rule in found.rules] == [False, None, False]
