import codecs

from hypothesis import given
from hypothesis import strategies as st

from exporters.logs.lines import MAX_LINE_BYTES, LineBlocks, encoding_of, lines_of


def fed(data: bytes, sizes: list[int], encoding: str | None = None) -> bytes:
    blocks, out = LineBlocks(encoding), b""
    for size in sizes:
        out += blocks.feed(data[:size])
        data = data[size:]
    return out + blocks.feed(data) + blocks.finish()


@given(
    st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"]), max_size=200),
    st.lists(st.integers(0, 40)),
)
def test_however_the_bytes_come_the_lines_are_the_same(text: str, sizes: list[int]) -> None:
    whole = text.encode() + (b"" if text.endswith("\n") or not text else b"\n")
    assert fed(text.encode(), sizes) == whole


@given(
    st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"]), max_size=100),
    st.lists(st.integers(0, 9)),
)
def test_utf_16_becomes_utf_8_even_when_cut_inside_a_character(text: str, sizes: list[int]) -> None:
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        data = mark + (text + "\n").encode(name)
        assert encoding_of(data) == name
        assert fed(data, sizes, name) == (text + "\n").encode()


def test_a_megabyte_without_a_line_end_is_one_line_left_out() -> None:
    blocks = LineBlocks()
    out = blocks.feed(b"first\n")
    for _ in range(100):
        out += blocks.feed(b"x" * 100_000)
    out += blocks.feed(b"tail\nlast\n")
    assert out == b"first\nlast\n"
    assert blocks.oversized == 1


def test_a_hole_of_nuls_before_a_line_costs_nothing() -> None:
    blocks = LineBlocks()
    out = b"".join(blocks.feed(b"\0" * MAX_LINE_BYTES) for _ in range(10))
    assert out + blocks.feed(b"\0\0line\n") == b"line\n"
    assert blocks.oversized == 0


def test_a_byte_order_mark_of_utf_8_goes() -> None:
    assert LineBlocks().feed(codecs.BOM_UTF8 + b"a\n") == b"a\n"


def test_line_ends_of_both_kinds_and_blank_lines() -> None:
    assert list(lines_of(b"a\r\n\r\n \nb\n")) == [b"a", b"b"]
