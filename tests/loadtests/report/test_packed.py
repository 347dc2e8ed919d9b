import base64
import zlib

from hypothesis import given
from hypothesis import strategies as st

from loadtests.report.packed import packed


@given(st.text())
def test_nothing_in_it_ends_the_script_that_carries_it(text: str) -> None:
    assert "<" not in packed(text).text


@given(st.text())
def test_it_unpacks_to_what_it_was(text: str) -> None:
    carried = packed(text)
    deflated = base64.b85decode(carried.text.replace(".", "<"))
    assert len(deflated) == carried.size_bytes
    assert zlib.decompress(deflated).decode() == text
