import time

import pytest
import uvloop
from msgspec import ValidationError, convert

from testbed.ra.certsrv.resolver import Resolver
from testbed.ra.certsrv.settings import RaResolver
from testbed.web.client import NameNotResolved, Origin
from tests.testbed.ra.dns_server import BROKEN, EMPTY, GOOD, REFUSED, SILENT, UNKNOWN, dns_server


def resolve(name: str, server: str, times: int = 1, **settings: object) -> list[str]:
    async def scenario() -> list[str]:
        async with Resolver(convert({"server": server, **settings}, RaResolver)) as resolver:
            return [await resolver.address(Origin(name, 443)) for _ in range(times)]

    return uvloop.run(scenario())


def test_the_name_is_asked_of_the_dns_server_of_the_settings() -> None:
    with dns_server() as dns:
        assert resolve(GOOD, dns.address) == ["127.0.0.1"]
        assert dns.asked == [GOOD]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (UNKNOWN, "Domain name not found"),
        (BROKEN, "DNS server returned general failure"),
        (REFUSED, "DNS server refused query"),
        (EMPTY, "DNS server returned answer with no data"),
    ],
)
def test_a_name_without_an_address_says_why_in_c_ares_words(name: str, reason: str) -> None:
    with dns_server() as dns, pytest.raises(NameNotResolved, match=f"^{reason}$"):
        resolve(name, dns.address)


def test_a_silent_dns_server_is_given_up_after_the_resolvers_own_timer() -> None:
    with dns_server() as dns:
        started = time.monotonic()
        with pytest.raises(NameNotResolved, match=r"^Timeout while contacting DNS servers$"):
            resolve(SILENT, dns.address, seconds=0.3)
        assert 0.25 < time.monotonic() - started < 3


@pytest.mark.parametrize(("cache", "questions"), [(False, 3), (True, 1)])
def test_answers_are_kept_only_with_the_cache(cache: bool, questions: int) -> None:
    with dns_server() as dns:
        resolve(GOOD, dns.address, times=3, cache=cache)
        assert len(dns.asked) == questions


def test_an_address_is_nobodys_question() -> None:
    with dns_server() as dns:
        assert resolve("127.0.0.2", dns.address) == ["127.0.0.2"]
        assert dns.asked == []


@pytest.mark.parametrize("server", ["dns.example:53", "127.0.0.1", "127.0.0.1:"])
def test_a_dns_server_is_an_address_and_a_port(server: str) -> None:
    with pytest.raises(ValidationError, match=r"server"):
        convert({"server": server}, RaResolver)
