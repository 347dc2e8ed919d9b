"""`comparison.json`: as its published schema says, and read back as it was written."""

import json
from pathlib import Path

import jsonschema
import pytest

from loadtests.comparison import document
from loadtests.errors import ScenarioError
from tests.loadtests.comparison.compared import report

PUBLISHED = Path(__file__).parents[3] / "docs" / "comparison.schema.json"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compared") / "comparison.json"
    document.write(report(), path)
    return path


def test_it_is_read_back_as_it_was_written(written: Path) -> None:
    assert document.read(written) == report()


def test_it_fits_the_published_schema(written: Path) -> None:
    schema = json.loads(PUBLISHED.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(written.read_text()), schema)


def test_the_published_schema_refuses_a_comparison_without_a_verdict(written: Path) -> None:
    found = json.loads(written.read_text())
    del found["compared"][0]["findings"][0]["verdict"]
    with pytest.raises(jsonschema.ValidationError, match="'verdict' is a required property"):
        jsonschema.validate(found, json.loads(PUBLISHED.read_text()))


def test_the_published_schema_is_the_one_the_code_makes() -> None:
    assert PUBLISHED.read_bytes() == document.schema()


def test_another_document_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"schema": "estorm.comparison/9"}')
    with pytest.raises(ScenarioError, match=r"x\.json: not a comparison of version estorm\.comparison/1"):
        document.read(tmp_path / "x.json")
