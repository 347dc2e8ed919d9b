from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.report.ca_side import read_answers, read_failed_calls

HEAD = (
    "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"
    "#Date: 2026-11-23 19:17:43\r\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"
)
AT = 1_795_461_464.0


def row(stem: str, taken: str, status: str = "200", win32: str = "0") -> str:
    return (
        f"2026-11-23 19:17:44 127.0.0.1 GET {stem} - 443 ESTORM\\ciscora 127.0.0.1 CiscoRA+1.0 - {status} 0 "
        f"{win32} {taken}\r\n"
    )


def written(folder: Path, *rows: str) -> Path:
    (folder / "u_ex261123.log").write_text(HEAD + "".join(rows))
    return folder


def test_an_answer_has_its_stage_its_time_and_how_long_it_took(tmp_path: Path) -> None:
    found = read_answers(
        written(tmp_path, row("/certsrv", "2", "401"), row("/certsrv/certfnsh.asp", "1250", win32="64"))
    )
    assert found.rows() == [(AT + 0.5, "login", 0.002), (AT + 0.5, "submit", 1.25)]


def test_a_row_that_is_damaged_or_of_another_page_is_left_out(tmp_path: Path) -> None:
    rows = (
        row("/certsrv/certrqxt.asp", "5"),
        row("/favicon.ico", "5"),
        row("/certsrv", "-"),
        "2026-11-23 19\r\n",
    )
    assert read_answers(written(tmp_path, *rows))["stage"].to_list() == ["form"]


def test_a_day_of_its_own_is_a_file_of_its_own(tmp_path: Path) -> None:
    written(tmp_path, row("/certsrv", "1"))
    (tmp_path / "u_ex261124.log").write_text(HEAD + HEAD + row("/certsrv/certnew.cer", "3"))
    assert read_answers(tmp_path)["stage"].to_list() == ["login", "download"]


def test_a_folder_without_logs_tells_of_no_answer(tmp_path: Path) -> None:
    assert read_answers(tmp_path).is_empty()
    assert read_failed_calls(tmp_path / "nginx_error.log").is_empty()


@given(st.binary(max_size=300))
def test_no_damage_is_an_error(tmp_path_factory: pytest.TempPathFactory, damage: bytes) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "u_ex261123.log").write_bytes(HEAD.encode() + damage + b"\r\n" + row("/certsrv", "7").encode())
    assert read_answers(folder)["seconds"].to_list()[-1:] == [0.007]
    (folder / "nginx_error.log").write_bytes(damage + b" failed with return code 28" + damage)
    read_failed_calls(folder / "nginx_error.log")


def test_a_call_that_curl_gave_up_has_its_stage_and_curls_code(tmp_path: Path) -> None:
    log = tmp_path / "nginx_error.log"
    said = "2026/11/23 19:17:44 [warn] 9508#0: *{} {} while SSL EST handshaking, client: 127.0.0.1\n"
    log.write_text(
        said.format(2, "ra_certsrv_auth_curl_data_cb: Rcvd data len: 155")
        + said.format(
            2, "submit_csr_to_certsrv: Curl request failed with return code 28 (Operation timed out)"
        )
        + said.format(3, "login_to_certsrv_ca: Curl call for MS CA login failed with return code 7 (refused)")
        + said.format(2, "submit_csr_to_certsrv: URL used: https://127.0.0.1:1/certsrv/certfnsh.asp")
        + said.format(3, "login_to_certsrv_ca: URL used: https://127.0.0.1:1/certsrv")
    )
    assert read_failed_calls(log).select("stage", "cause").rows() == [
        ("submit", "curl_28"),
        ("login", "curl_7"),
    ]
