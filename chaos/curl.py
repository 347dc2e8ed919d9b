"""What curl says of a CA that cannot be reached, as the RA's log has it; names and numbers stand for any."""

from chaos.evidence import ANY_HOST
from testbed.errors import CurlError

REFUSED = CurlError(7, f"Failed to connect to {ANY_HOST} port 443: Connection refused")
RESET_EARLY = CurlError(7, f"Failed to connect to {ANY_HOST} port 443: Connection reset by peer")
CLOSED = CurlError(35, f"OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to {ANY_HOST}:443")
RESET = CurlError(35, f"OpenSSL SSL_connect: Connection reset by peer in connection to {ANY_HOST}:443")
SILENT = CurlError(28, "Connection timed out after 10000 milliseconds")
# Where the timer for connecting is shorter than the call's.
SILENT_SOON = CurlError(28, "SSL connection timeout")
