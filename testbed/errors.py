"""What the testbed can fail with.

TestbedError
├── SettingsError     a setting is wrong: names the setting, its value and what to do
├── PkiError          a key or certificate cannot be made, read or written
├── PartFailed        a part of the lab did not start, or ended by itself
├── DatabaseError     the CA's database cannot be opened or written
│   └── DiskFull      ... because there is no room for it
├── NtlmError         bytes that should be an NTLM message are not one
├── CurlError         a call from the RA to the CA got no HTTP answer: curl's code and text
├── CaRefused         the CA answered the RA, but not with what was asked for
│   └── CaPending     ... but that a certificate manager has to decide
└── EstRefused        the RA will not serve an EST request: libEST's error code
"""

from testbed.est_errors import EstError


def reason(error: Exception) -> str:
    """Why, for a message that names the file: without its name again, numbers and places in source code."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} of it is not {error.encoding.upper()}"
    if isinstance(error, OSError):
        of_tls = getattr(error, "reason", None)
        return of_tls.replace("_", " ").lower() if isinstance(of_tls, str) else error.strerror or str(error)
    return str(error)


class TestbedError(Exception):
    """The testbed cannot do what was asked; the text is one line that says why and what to do."""

    __test__ = False


class SettingsError(TestbedError):
    """A setting has a value that cannot be used."""


class PkiError(TestbedError):
    """A key or certificate cannot be made, read or written."""


class PartFailed(TestbedError):
    """A part of the lab did not become ready, or ended without being asked to."""


class DatabaseError(TestbedError):
    """The CA's database cannot be opened or written."""


class DiskFull(DatabaseError):
    """The CA's database cannot be written because there is no room for it."""


class NtlmError(TestbedError):
    """Bytes that should be an NTLM message are not one."""


class CurlError(TestbedError):
    """A call to the CA ended without an HTTP answer; `code` and `text` are curl's.

    `cause` is one word for counting, `curl_28` for example, or `total_timer` when that was due first.
    """

    def __init__(self, code: int, text: str, cause: str = "") -> None:
        super().__init__(f"curl {code} ({text})")
        self.code = code
        self.text = text
        self.cause = cause or f"curl_{code}"


class CaRefused(TestbedError):
    """The CA's answer is not what was asked for; `cause` is one word for counting, the text says it all."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


class CaPending(CaRefused):
    """The CA has not decided; `request_id` is under which it will, None where its answer does not say."""

    def __init__(self, request_id: int | None, text: str) -> None:
        super().__init__("pending", text)
        self.request_id = request_id


class EstRefused(TestbedError):
    """An EST request is not served; `error` is libEST's code.

    `challenges` are the WWW-Authenticate values by which the client may log in, none when it may not.
    `status` is the HTTP status of the answer where the error alone does not decide it, else 0.
    """

    def __init__(
        self, error: EstError, text: str, *, challenges: tuple[str, ...] = (), status: int = 0
    ) -> None:
        super().__init__(text)
        self.error = error
        self.challenges = challenges
        self.status = status
