import pytest

from testbed.web.messages import Headers, Request, Response


def test_header_look_ups_ignore_case_and_keep_wire_order() -> None:
    headers = Headers([("WWW-Authenticate", "Negotiate"), ("www-authenticate", "NTLM")])

    assert headers.get("Www-Authenticate") == "Negotiate"
    assert headers.all("WWW-AUTHENTICATE") == ("Negotiate", "NTLM")
    assert headers.get("accept") is None


def test_a_target_has_a_question_mark_only_with_a_query() -> None:
    assert Request("GET", "/a", "b=c", Headers()).target == "/a?b=c"
    assert Request("GET", "/a", "", Headers()).target == "/a"


def test_a_response_says_its_length() -> None:
    assert Response(200, (("X", "y"),), b"abc").encode() == (
        b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 3\r\n\r\nabc"
    )


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_by_its_status_says_no_length(status: int) -> None:
    assert b"Content-Length" not in Response(status).encode()


def test_the_answer_to_head_has_the_length_but_not_the_body() -> None:
    assert Response(200, (), b"abc").encode(with_body=False).endswith(b"Content-Length: 3\r\n\r\n")


def test_the_last_response_says_that_the_connection_closes() -> None:
    assert b"Connection: close\r\n" in Response(200, close=True).encode()
    assert b"Connection: close\r\n" in Response(200).encode(close=True)
    assert b"Connection" not in Response(200).encode()
