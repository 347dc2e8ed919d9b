"""RA and CA show their metrics where, and to whom, their settings say; over real sockets."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client import CollectorRegistry

from testbed.errors import PartFailed, SettingsError
from testbed.lab import Lab
from testbed.metrics_settings import MetricsSettings
from testbed.settings import CaSettings, LabSettings, RaSettings
from testbed.showing import metrics_shown
from tests.guarded import PASSWORD, USER, Guard, make_guard

PARTS = ("ra", "ca")


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    return make_guard(tmp_path_factory.mktemp("guard"))


@pytest.fixture(scope="module")
def guarded(guard: Guard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where a lab shows its parts' metrics, over TLS and with a password alone."""
    directory = tmp_path_factory.mktemp("guarded")
    metrics = MetricsSettings(web_config=str(guard.web_config))
    settings = LabSettings(ca=CaSettings(metrics=metrics), ra=RaSettings(metrics=metrics))
    with Lab(settings, directory, directory / "ca.sqlite") as lab:
        yield lab.endpoints.metrics


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_scraped_over_tls_with_the_password(
    guard: Guard, guarded: dict[str, str], part: str
) -> None:
    assert guarded[part].startswith("https://127.0.0.1:")
    answer = guard.scrape(guarded[part])
    assert answer.status_code == 200
    assert f"estorm_{part}_requests_total" in answer.text


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("password", [None, "wrong"])
def test_who_has_not_the_password_sees_nothing(
    guard: Guard, guarded: dict[str, str], part: str, password: str | None
) -> None:
    answer = guard.scrape(guarded[part], password)
    assert answer.status_code == 401
    assert "estorm_" not in answer.text


def test_the_ras_health_is_guarded_too(guard: Guard, guarded: dict[str, str]) -> None:
    url = guarded["ra"].replace("/metrics", "/health")
    assert guard.scrape(url, None).status_code == 401
    assert guard.scrape(url).json()["well"] is True


@pytest.mark.parametrize("part", PARTS)
def test_plain_http_is_not_answered(guarded: dict[str, str], part: str) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(guarded[part].replace("https:", "http:"), auth=(USER, PASSWORD), trust_env=False)


def test_metrics_are_on_loopback_unless_told_otherwise() -> None:
    for settings in (RaSettings().metrics, CaSettings().metrics):
        with metrics_shown(settings, "part.metrics", CollectorRegistry()) as url:
            assert urlsplit(url).hostname == "127.0.0.1"


def test_a_host_of_ones_own_is_listened_on() -> None:
    with metrics_shown(MetricsSettings(host="127.0.0.2"), "part.metrics", CollectorRegistry()) as url:
        assert urlsplit(url).hostname == "127.0.0.2"
        assert httpx.get(url, trust_env=False).status_code == 200


def test_a_port_that_is_taken_is_named_with_its_table() -> None:
    with metrics_shown(MetricsSettings(), "ra.metrics", CollectorRegistry()) as url:
        taken = MetricsSettings(port=urlsplit(url).port or 0)
        with (
            pytest.raises(
                SettingsError, match=r"metrics\] cannot listen on 127\.0\.0\.1:\d+: .*in use; set "
            ),
            metrics_shown(taken, "ra.metrics", CollectorRegistry()),
        ):
            pass


def test_a_web_config_that_cannot_be_used_keeps_the_part_from_starting(tmp_path: Path) -> None:
    metrics = MetricsSettings(web_config=str(tmp_path / "absent.yml"))
    with (
        pytest.raises(PartFailed, match=r"ca\.metrics\.web_config: .*absent\.yml: No such file"),
        Lab(LabSettings(ca=CaSettings(metrics=metrics)), tmp_path, tmp_path / "ca.sqlite"),
    ):
        pass
