"""`plan.json`: its published schema is that of the code. That plans fit it: `test_command.py`."""

from pathlib import Path

import pytest

from loadtests.errors import JournalError
from loadtests.planning import document

PUBLISHED = Path(__file__).parents[3] / "docs" / "plan.schema.json"


def test_the_published_schema_is_the_one_the_code_makes() -> None:
    assert PUBLISHED.read_bytes() == document.schema()


def test_another_document_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"schema": "estorm.plan/9"}')
    with pytest.raises(JournalError, match=r"x\.json: not a plan of version estorm\.plan/1"):
        document.read(tmp_path / "x.json")
