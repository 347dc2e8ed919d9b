"""A target is loaded only when it is this machine, or when its owner agrees."""

import pytest

from loadtests.errors import TargetError
from loadtests.est.client import parse_target
from loadtests.targets.confirmation import require_consent


@pytest.mark.parametrize("url", ["https://127.0.0.1:8443", "https://localhost", "https://127.0.0.9/segment"])
def test_this_machine_needs_no_consent(url: str) -> None:
    require_consent(parse_target(url), consented=False)


def test_another_machine_needs_consent() -> None:
    target = parse_target("https://192.0.2.1:8443")
    with pytest.raises(TargetError, match=r"192\.0\.2\.1 is not this machine; add --i-may-load-this"):
        require_consent(target, consented=False)
    require_consent(target, consented=True)
