"""Caps, options and secrets of a target."""

from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from loadtests.arrivals.rates import Steady
from loadtests.arrivals.settings import ArrivalSettings
from loadtests.errors import ScenarioError
from loadtests.est.tls_settings import TlsVersion
from loadtests.phones.settings import RetrySettings
from loadtests.scenario import PhoneSettings, Scenario
from loadtests.targets.settings import TargetSettings, load_options, server_options, with_options
from loadtests.targets.target import check_caps, most_in_one_second, server_of, tls_of


def scenario(
    *, phones: int = 100, rate: float = 10.0, closed: int = 0, tries: int = 1, **target: float
) -> Scenario:
    return Scenario(
        seed=1,
        phones=PhoneSettings(count=phones, retry=RetrySettings(attempts=tries)),
        arrivals=ArrivalSettings(rate_per_second=rate, closed_phones=closed),
        target=msgspec.convert(target, TargetSettings),
    )


@pytest.mark.parametrize("rate", [0.1, 3.0, 7.7, 25.0, 333.3])
def test_a_steady_rate_is_its_own_peak(rate: float) -> None:
    assert most_in_one_second(Steady(rate), 2000) <= max(1, -(-rate // 1))


@pytest.mark.parametrize(
    "within",
    [
        {"rate": 10.0, "max_rate_per_second": 10.0},
        {"phones": 100, "max_phones": 100},
        {"rate": 5.0, "tries": 2, "max_rate_per_second": 10.0},
        {},
    ],
)
def test_a_storm_within_its_caps_may_start(within: dict[str, float]) -> None:
    check_caps(scenario(**within))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("beyond", "said"),
    [
        ({"phones": 101, "max_phones": 100}, "101 phones exceed the cap of 100"),
        ({"rate": 12.0, "max_rate_per_second": 10.0}, "up to 12 phones start within a second"),
        ({"rate": 5.0, "tries": 3, "max_rate_per_second": 10.0}, "up to 15 phones .* retries included"),
        ({"closed": 5, "max_rate_per_second": 10.0}, "closed workload has no rate"),
    ],
)
def test_a_storm_beyond_its_caps_is_refused(beyond: dict[str, float], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        check_caps(scenario(**beyond))  # type: ignore[arg-type]


def settings_from(*words: str) -> TargetSettings:
    """What a command makes of its options."""
    made: list[TargetSettings] = []

    @click.command()
    @click.option("--target")
    @server_options
    @load_options
    def command(target: str | None, **given: object) -> None:
        made.append(with_options(TargetSettings(max_phones=7), target, given))

    CliRunner().invoke(command, words, catch_exceptions=False)
    return made[0]


def test_options_stand_for_the_keys_of_a_scenario_and_leave_the_others() -> None:
    words = "--auth digest --profile libest --tls-max 1.2 --pop --max-rate 2.5 --est-user u --lsc-chain c.pem"
    assert settings_from("--target", "https://x", *words.split()) == msgspec.convert(
        {
            "url": "https://x", "auth": "digest", "profile": "libest", "tls_maximum": "1.2",
            "proof_of_possession": True, "max_rate_per_second": 2.5, "est_user": "u", "lsc_chain": "c.pem",
            "max_phones": 7,
        },
        TargetSettings,
    )  # fmt: skip


def test_an_option_about_a_target_without_one_is_refused() -> None:
    with pytest.raises(ScenarioError, match="--auth speaks of a target"):
        settings_from("--auth", "digest")
    assert settings_from("--max-rate", "3").max_rate_per_second == 3


def test_proof_of_possession_keeps_to_tls_1_2(tmp_path: Path) -> None:
    given = TargetSettings("https://h:1", str(tmp_path / "root.pem"), proof_of_possession=True)
    assert tls_of(server_of(given)).maximum is TlsVersion.TLS_1_2


def test_a_target_without_a_trust_anchor_is_refused() -> None:
    with pytest.raises(ScenarioError, match="--trust-anchor"):
        server_of(TargetSettings("https://h:1"))
