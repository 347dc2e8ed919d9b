"""Settings are bounded and refuse what they do not know."""

from pathlib import Path

import pytest

from testbed.errors import SettingsError
from testbed.settings import CaSettings, LabSettings, RaSettings, changed, decode, read


def test_the_timers_default_to_the_ten_seconds_of_the_real_ra() -> None:
    timers = RaSettings().timers
    assert {timers.login_seconds, timers.form_seconds, timers.submit_seconds, timers.download_seconds} == {
        10.0
    }


def test_the_service_account_is_named_as_the_iis_log_names_it() -> None:
    assert CaSettings().account.name == "ESTORM\\ciscora"


@pytest.mark.parametrize(
    ("text", "named"),
    [('{"port": 70000}', "port"), ('{"prot": 1}', "prot"), ('{"name": ""}', "name"), ("{", "truncated")],
)
def test_a_wrong_setting_is_named(text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        decode(text.encode(), CaSettings, "here")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.json: No such file"):
        read(tmp_path / "gone.json", CaSettings)


def test_settings_are_changed_by_their_dotted_names() -> None:
    lab = changed(LabSettings(), {"ra.timers.login_seconds": 3, "ca.account.state": "locked"})
    assert (lab.ra.timers.login_seconds, lab.ca.account.state) == (3.0, "locked")
    assert lab.ra.timers.form_seconds == 10.0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"ra.timers.login": 3}, r"no setting 'ra\.timers\.login' .*ra\.timers\.login_seconds"),
        ({"ra.port.number": 3}, r"no setting 'ra\.port\.number'"),
        ({"ra.port": 70000}, r"cannot change ra\.port: .*65535"),
    ],
)
def test_a_change_that_cannot_be_made_is_named(change: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        changed(LabSettings(), change)
