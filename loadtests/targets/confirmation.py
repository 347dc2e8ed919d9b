"""What must be known of a target before it is loaded: that it is this machine, or that its owner agrees."""

import ipaddress
import socket

from loadtests.errors import TargetError
from loadtests.est.client import EstTarget


def require_consent(target: EstTarget, *, consented: bool) -> None:
    """TargetError unless every address of the target is this machine's loopback, or the user consented."""
    if consented or _is_loopback(target):
        return
    raise TargetError(f"{target.host} is not this machine; add --i-may-load-this if you may load it")


def _is_loopback(target: EstTarget) -> bool:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TargetError(f"the target's name {target.host} does not resolve: {error.strerror}") from error
    return all(ipaddress.ip_address(str(each[4][0]).split("%")[0]).is_loopback for each in found)
