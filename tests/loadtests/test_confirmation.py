"""A target is loaded only when it is this machine, or when its owner agrees."""

import pytest

from loadtests.confirmation import check_target_url, require_consent
from loadtests.errors import ScenarioError, TargetError


@pytest.mark.parametrize(
    "url", ["est.example.com", "http://127.0.0.1:1", "https://", "https://h:99999", "ftp://x"]
)
def test_what_is_not_an_https_url_is_refused(url: str) -> None:
    with pytest.raises(ScenarioError, match=r"is not a URL like https://est\.example\.com:8443"):
        check_target_url(url)


@pytest.mark.parametrize("url", ["https://127.0.0.1:8443", "https://localhost", "https://127.0.0.9/segment"])
def test_this_machine_needs_no_consent(url: str) -> None:
    check_target_url(url)
    require_consent(url, consented=False)


def test_another_machine_needs_consent() -> None:
    with pytest.raises(TargetError, match=r"192\.0\.2\.1 is not this machine; add --i-may-load-this"):
        require_consent("https://192.0.2.1:8443", consented=False)
    require_consent("https://192.0.2.1:8443", consented=True)
