import ssl
from pathlib import Path

import pytest

from testbed.errors import reason


def test_a_missing_file_has_its_reason_alone(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Errno 2") as caught:
        (tmp_path / "nothing").read_bytes()
    assert reason(caught.value) == "No such file or directory"


def test_text_that_is_not_utf_8_is_told_without_codecs() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"name = \xff".decode()
    assert reason(caught.value) == "byte 7 of it is not UTF-8"


def test_a_file_without_a_certificate_is_told_without_a_place_in_source_code(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text("no certificate")
    with pytest.raises(ssl.SSLError) as caught:
        ssl.create_default_context(cafile=str(tmp_path / "root.pem"))
    assert reason(caught.value) == "no certificate or crl found"


def test_any_other_error_says_what_it_says() -> None:
    assert reason(ValueError("unexpected end of data")) == "unexpected end of data"
