import base64
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from testbed.ca.submission import (
    UnreadableRequest,
    decode_request,
    parse_attributes,
    parse_form,
    parse_request,
    parse_san,
)
from tests.mock_ca import make_csr

text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
names = st.text("abcXYZ019_", min_size=1, max_size=10)


@given(st.dictionaries(names, text, max_size=5))
def test_a_form_survives_encoding_with_names_in_lower_case(fields: dict[str, str]) -> None:
    expected: dict[str, str] = {}
    for name, value in fields.items():
        expected.setdefault(name.lower(), value)
    parsed = parse_form(urlencode(fields).encode())
    assert {name: parsed[name] for name in expected} == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form(body: bytes) -> None:
    assert all(name == name.lower() for name in parse_form(body))


def test_a_broken_percent_escape_stands_for_itself() -> None:
    assert parse_form(b"TargetStoreFlags=%!s(int=0)&Mode=new%req") == {
        "targetstoreflags": "%!s(int=0)", "mode": "new%req",
    }  # fmt: skip


@pytest.mark.parametrize("end", ["\r\n", "\n", "\n\n"])
def test_attributes_are_lines_whatever_ends_them(end: str) -> None:
    assert parse_attributes(f"CertificateTemplate:CiscoRA{end}User-Agent: x y {end}") == {
        "certificatetemplate": "CiscoRA", "useragent": "x y",
    }  # fmt: skip


def test_blanks_and_minus_signs_in_attribute_names_do_not_count() -> None:
    assert parse_attributes("Certificate - Template : A:B") == {"certificatetemplate": "A:B"}


def test_malformed_attribute_lines_are_ignored() -> None:
    assert parse_attributes("no colon\n:no name\nSAN:dns=a") == {"san": "dns=a"}


@given(st.text(max_size=200))
def test_any_text_has_attributes(attributes: str) -> None:
    assert "" not in parse_attributes(attributes)


def test_a_san_attribute_is_its_dns_names() -> None:
    names = parse_san("dns=a.test&upn=x@y&DNS= b.test &dns=")
    assert names
    assert [name.value for name in names] == ["a.test", "b.test"]
    assert parse_san("upn=x@y") is None


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["\n", "\r\n", "", " "]))
def test_base64_is_decoded_with_and_without_markers(der: bytes, end: str) -> None:
    lines = ["-----BEGIN NEW CERTIFICATE REQUEST-----", base64.b64encode(der).decode(), "-----END X-----"]
    assert decode_request(end.join(lines)) == der
    assert decode_request(lines[1]) == der


def test_text_that_is_no_base64_decodes_to_nothing() -> None:
    assert decode_request("this is not base64!") == b""


def test_a_request_has_its_subject_and_key() -> None:
    csr = make_csr("SEP000000000001")
    request = parse_request(csr.public_bytes(Encoding.DER))
    assert (request.subject, request.public_key) == (csr.subject, csr.public_key())


def test_a_request_whose_signature_does_not_hold_is_refused() -> None:
    der = bytearray(make_csr().public_bytes(Encoding.DER))
    der[-1] ^= 1
    with pytest.raises(UnreadableRequest, match="signature"):
        parse_request(bytes(der))


@given(st.binary(max_size=300))
def test_bytes_that_are_no_request_are_refused(der: bytes) -> None:
    for data in (der, b"\x30" + der, b"\x30\x82" + der):
        with pytest.raises(UnreadableRequest):
            parse_request(data)
