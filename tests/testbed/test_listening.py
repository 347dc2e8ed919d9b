import errno
import os
import socket

import pytest

from testbed.listening import cannot_listen


def told(error: OSError) -> str:
    return cannot_listen("the CA", "ca.test", 443, "ca.port", error)


def error_of(number: int) -> OSError:
    return OSError(number, f"attempting to bind on address ('ca.test', 443): {os.strerror(number)}")


@pytest.mark.parametrize("number", [errno.EADDRINUSE, errno.EACCES])
def test_a_port_that_cannot_be_had_is_told_with_its_setting(number: int) -> None:
    why = f"the CA cannot listen on ca.test:443: {os.strerror(number)}; set ca.port to a free port, or 0"
    assert told(error_of(number)) == why


def test_an_address_that_is_not_this_machines_is_no_matter_of_the_port() -> None:
    why = "ca.test:443: Cannot assign requested address; name an address of this machine"
    assert told(error_of(errno.EADDRNOTAVAIL)).endswith(why)


def test_a_name_that_does_not_resolve_is_told_in_the_resolvers_words() -> None:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    why = "the CA cannot listen on ca.test:443: Name or service not known; name an address of this machine"
    assert told(error) == why
