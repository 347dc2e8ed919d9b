"""Who the client of the front NGINX is, as NGINX tells the RA behind it."""

from urllib.parse import unquote_to_bytes

from cryptography import x509

from testbed.ra.logs.nginx_log import Connection
from testbed.web.messages import Headers

PEER_HEADER, CERTIFICATE_HEADER = "X-Estorm-Peer", "X-Estorm-Certificate"
_WORDS = 3


def proxied_connection(headers: Headers) -> Connection | None:
    """NGINX's number of the connection, the client, the address listened on; None without the header."""
    words = (headers.get(PEER_HEADER) or "").split()
    if len(words) != _WORDS or not words[0].isdecimal():
        return None
    return Connection(int(words[0]), words[1], words[2])


def proxied_certificate(headers: Headers) -> x509.Certificate | None:
    """The client's certificate, verified by NGINX; None when it has none."""
    escaped = headers.get(CERTIFICATE_HEADER)
    if not escaped:
        return None
    try:
        return x509.load_pem_x509_certificate(unquote_to_bytes(escaped))
    except ValueError:
        return None
