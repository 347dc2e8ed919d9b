"""The client's side of a fault server's HTTP API: JSON there and back, failures as errors of ours."""

from dataclasses import dataclass
from typing import TypeVar

import httpx
import msgspec

from chaos.errors import ApiRefused, ChaosError
from testbed.ownership import Closing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiWords:
    """What an API's failures are called.

    `server` stands in «no ... answers», `kind` in «does not answer like ...», `url` in «is this ...?».
    """

    server: str
    kind: str
    url: str
    refused: type[ApiRefused]
    unreachable: type[ChaosError]


class _Refusal(msgspec.Struct, frozen=True):
    error: str


class HttpApi(Closing):
    """The API at `url`, `http://host:port`. Use as a context manager, or `close` it."""

    def __init__(self, url: str, words: ApiWords, timeout_seconds: float) -> None:
        self.url = url.rstrip("/")
        self._words = words
        self._http = httpx.Client(timeout=timeout_seconds, trust_env=False)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _end(self, path: str) -> None:
        """DELETE `path`; what is not there any more has ended already."""
        try:
            self._call("DELETE", path)
        except ApiRefused as refused:
            if refused.status != httpx.codes.NOT_FOUND:
                raise

    def _asked(self, verb: str, path: str, kind: type[T], body: object = None) -> T:
        answer = self._call(verb, path, body)
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.DecodeError as error:
            what = f"{self.url}{path} does not answer like {self._words.kind}"
            raise self._words.unreachable(f"{what}: {error}") from error

    def _call(self, verb: str, path: str, body: object = None) -> bytes:
        content = None if body is None else msgspec.json.encode(body, enc_hook=str)
        try:
            answer = self._http.request(verb, self.url + path, content=content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = f"no {self._words.server} answers at {self.url} ({error})"
            raise self._words.unreachable(f"{what}; is it running, and is this {self._words.url}?") from error
        if answer.is_error:
            raise self._words.refused(answer.status_code, _refusal(answer))
        return answer.content


def _refusal(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Refusal).error
    except msgspec.DecodeError:
        return answer.text.strip() or "no reason given; is a parameter empty or missing?"
