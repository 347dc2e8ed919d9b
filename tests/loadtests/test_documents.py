"""A document is written, read back, and refused when it is another's."""

import json
from pathlib import Path

import msgspec
import pytest

from loadtests import documents
from loadtests.errors import JournalError, ScenarioError


class Note(msgspec.Struct, tag_field="schema", tag="note/1"):
    text: str


class Later(msgspec.Struct, tag_field="schema", tag="note/2"):
    text: str


def test_a_document_reads_back_the_same(tmp_path: Path) -> None:
    documents.write(Note("enrolled"), tmp_path / "note.json")
    assert documents.read(tmp_path / "note.json", Note, "a note", JournalError) == Note("enrolled")


@pytest.mark.parametrize("error", [JournalError, ScenarioError])
def test_one_of_another_version_is_refused_in_the_callers_words(
    tmp_path: Path, error: type[JournalError] | type[ScenarioError]
) -> None:
    documents.write(Later("enrolled"), tmp_path / "note.json")
    with pytest.raises(error, match=r"note\.json: not a note/1 document: Invalid value 'note/2'"):
        documents.read(tmp_path / "note.json", Note, "a note/1 document", error)


def test_one_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="No such file"):
        documents.read(tmp_path / "note.json", Note, "a note", JournalError)


def test_the_schema_has_its_title_and_its_keys() -> None:
    made = json.loads(documents.schema(Note, "a note"))
    assert (made["title"], made["$schema"].rpartition("/")[2]) == ("a note", "schema")
    assert set(made["$defs"]["Note"]["properties"]) == {"schema", "text"}
