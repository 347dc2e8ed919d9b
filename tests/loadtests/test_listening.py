import pytest

from loadtests.listening import Listen, parse_listen


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("9100", "127.0.0.1", 9100),
        ("0", "127.0.0.1", 0),
        ("ra.example:65535", "ra.example", 65_535),
        ("[::1]:9100", "::1", 9100),
    ],
)
def test_an_address_is_a_host_and_a_port_or_a_port_of_this_machine(text: str, host: str, port: int) -> None:
    assert parse_listen(text) == Listen(host, port)


@pytest.mark.parametrize(
    "text", ["nowhere", "127.0.0.1:99999", "127.0.0.1:x", "127.0.0.1:", ":", "::1:9100", ""]
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_listen(text) is None


@pytest.mark.parametrize("text", ["127.0.0.1:9100", "[::1]:9100"])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_listen(text)) == text
