"""What must be known of a target before it is loaded: that it is this machine, or that its owner agrees."""

import ipaddress
import socket
from urllib.parse import urlsplit

from loadtests.errors import ScenarioError, TargetError


def check_target_url(url: str) -> None:
    """ScenarioError unless `url` is `https://HOST[:PORT][/SEGMENT]`."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ScenarioError(f"the target {url!r} is not a URL like https://est.example.com:8443")


def require_consent(url: str, *, consented: bool) -> None:
    """TargetError unless every address of the target is this machine's loopback, or the user consented."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    if consented or _is_loopback(parts.hostname, parts.port or 443):
        return
    raise TargetError(f"{parts.hostname} is not this machine; add --i-may-load-this if you may load it")


def _is_loopback(host: str, port: int) -> bool:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TargetError(f"the target's name {host} does not resolve: {error.strerror}") from error
    return all(ipaddress.ip_address(str(each[4][0]).split("%")[0]).is_loopback for each in found)
