from pathlib import Path

import polars as pl

from loadtests.report.ca_side import ANSWERS
from loadtests.report.evidence import Evidence, gather
from loadtests.results import table
from loadtests.scenario import parse_scenario
from loadtests.storm.run_folder import RunFolder
from tests.loadtests import attempts
from tests.loadtests.attempts import START


def test_the_timers_are_those_of_the_scenario(tmp_path: Path) -> None:
    scenario = parse_scenario("[phones]\nread_timeout_seconds = 3\n[ra.timers]\nsubmit_seconds = 4\n", "test")
    found = gather(scenario, RunFolder(tmp_path))
    assert found.phone_timers == {"connect": 10.0, "handshake": 10.0, "read": 3.0}
    assert (found.ra_timers["submit"], found.ra_timers["form"]) == (4.0, 10.0)


def test_nothing_is_known_of_the_chain_behind_a_server_of_the_users(tmp_path: Path) -> None:
    found = gather(parse_scenario('[target]\nurl = "https://127.0.0.1:1"\n', "test"), RunFolder(tmp_path))
    assert found.phone_timers["read"] == 10.0
    assert not found.ra_timers
    assert found.answers.is_empty()


def test_what_the_ca_answered_before_the_first_attempt_is_not_of_the_run() -> None:
    answers = pl.DataFrame(
        [(START - 5, "login", 0.1), (START + 5, "login", 0.1)], schema=ANSWERS, orient="row"
    )
    built = table.build([attempts.enrolled(0, at=10.0), attempts.enrolled(1)])
    assert Evidence(answers=answers).during(built).answers["at"].to_list() == [START + 5]
