import zoneinfo
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from exporters.logs.ledger import Totals
from exporters.logs.nginx import operation_of, stage_of
from tests.exporters.logs.reading import NOW, manner, read, readers, without

CA = "https://lab-dc.michamen.com:443/certsrv"
SERVING = " while SSL EST handshaking, client: 14.48.31.128, server: 0.0.0.0:8084"


def served(number: int, text: str, time: str = "2019/02/27 16:53:28") -> str:
    return f"{time} [warn] 3187#0: *{number} {text}{SERVING}"


def failed(number: int, function: str, code: int) -> str:
    return served(number, f"{function}: Curl request failed with return code {code} (Operation timed out)")


def used(number: int, function: str, url: str) -> str:
    return served(number, f"{function}: URL used: {url}")


def test_a_failed_call_belongs_to_the_stage_of_its_url_whatever_its_function() -> None:
    found = read(
        "nginx", failed(1, "some_function", 28), failed(2, "some_function", 52),
        used(2, "some_function", f"{CA}/certnew.cer?ReqID=7&ENC=b64"),
        used(1, "some_function", f"{CA}/certfnsh.asp"),
    )  # fmt: skip
    assert without(found, "lines", "calls") == {
        "ra_failures_total{stage=submit,cause=curl_28}": 1,
        "ra_failures_total{stage=download,cause=curl_52}": 1,
    }


def trusts(number: int, time: str) -> str:
    return served(number, "ossl_init_cert_store: Adding cert to store (/DC=com/CN=LAB-DC-RTP)", time)


def done(number: int, page: str, time: str) -> str:
    what = "Secure connection to MS CertServ completed successfully using the following URL"
    return served(number, f"a_function: {what} {CA}{page}", time)


def seconds(found: dict[str, float]) -> dict[str, tuple[float, float]]:
    """How many calls of each stage were timed, and their seconds in all."""
    name = "ra_stage_seconds_{}{{stage={}}}"
    stages = ("login", "form", "submit", "download")
    timed = {
        stage: (found.get(name.format("count", stage), 0), found.get(name.format("sum", stage), 0.0))
        for stage in stages
    }
    return {stage: counted for stage, counted in timed.items() if counted[0]}


def test_a_call_takes_from_the_end_of_the_one_before_it_on_its_connection() -> None:
    found = read(
        "nginx", trusts(1, "2019/02/27 16:53:20"), trusts(2, "2019/02/27 16:53:21"),
        done(1, "", "2019/02/27 16:53:22"), done(2, "", "2019/02/27 16:53:22"),
        done(1, "/certrqxt.asp", "2019/02/27 16:53:25"), trusts(1, "2019/02/27 16:53:25"),
        served(1, "ra_certsrv_auth_curl_data_cb: Rcvd data len: 163", "2019/02/27 16:53:26"),
        done(1, "", "2019/02/27 16:53:26"), done(1, "/certfnsh.asp", "2019/02/27 16:53:33"),
        done(1, "/certnew.cer?ReqID=7&ENC=b64", "2019/02/27 16:53:33"),
    )  # fmt: skip
    assert seconds(found) == {"login": (3, 4.0), "form": (1, 3.0), "submit": (1, 7.0), "download": (1, 0.0)}
    assert found["ra_timer_used_ratio_bucket{stage=submit,le=0.7}"] == 1
    assert "ra_timer_used_ratio_bucket{stage=submit,le=0.6}" not in found


def test_what_lies_between_two_enrollments_on_one_connection_is_no_call() -> None:
    found = read(
        "nginx", trusts(1, "2019/02/27 16:53:20"),
        done(1, "/certnew.cer?ReqID=7&ENC=b64", "2019/02/27 16:53:21"),
        done(1, "/certrqxt.asp", "2019/02/27 16:59:21"),
    )  # fmt: skip
    assert seconds(found) == {"download": (1, 1.0)}


def test_a_call_whose_beginning_was_cut_off_has_no_time() -> None:
    assert seconds(read("nginx", done(1, "/certfnsh.asp", "2019/02/27 16:53:21"))) == {}


def test_a_call_that_timed_out_has_its_milliseconds_whatever_the_clock_says() -> None:
    reason = "Operation timed out after 10001 milliseconds with 0 bytes received"
    found = read(
        "nginx", trusts(1, "2019/02/27 16:53:20"),
        served(1, f"f: Curl request failed with return code 28 ({reason})", "2019/02/27 16:53:29"),
        used(1, "f", f"{CA}/certfnsh.asp"),
    )  # fmt: skip
    assert seconds(found) == {"submit": (1, 10.0015)}
    assert found["ra_failures_total{stage=submit,cause=curl_28}"] == 1


def test_a_call_that_fails_at_once_has_its_time_too() -> None:
    found = read(
        "nginx", trusts(1, "2019/02/27 16:53:26"), failed(1, "f", 52), used(1, "f", f"{CA}/certfnsh.asp")
    )
    assert seconds(found) == {"submit": (1, 2.0)}


def test_a_call_that_seems_to_end_before_it_began_has_no_time() -> None:
    found = read("nginx", trusts(1, "2019/02/27 16:53:26"), done(1, "", "2019/02/27 16:50:00"))
    assert seconds(found) == {}


def test_the_share_is_of_the_ras_own_timer() -> None:
    how = replace(manner(), ra_timer_seconds=20.0)
    found = read("nginx", trusts(1, "2019/02/27 16:53:20"), done(1, "", "2019/02/27 16:53:30"), how=how)
    assert found["ra_timer_used_ratio_sum{stage=login}"] == 0.5


def test_a_failed_call_whose_url_was_cut_off_belongs_to_its_function() -> None:
    found = read("nginx", failed(1, "login_to_certsrv_ca", 7))
    assert found["ra_failures_total{stage=login,cause=curl_7}"] == 1


def test_a_client_that_had_gone_leaves_an_orphan() -> None:
    error = "***EST [ERROR][est_mg_handler:1234]--> EST error response code: 10 (EST_ERR_HTTP_WRITE)"
    assert read("nginx", error)["ra_orphans_total"] == 1


def test_an_orphan_that_is_told_of_twice_is_one() -> None:
    found = read(
        "nginx", served(3, "ra_enroll: certificate issued but not delivered, ReqID=7, serial=1f"),
        "***EST [ERROR][est_mg_handler:1234]--> EST error response code: 10 (EST_ERR_HTTP_WRITE)",
    )  # fmt: skip
    assert found["ra_orphans_total"] == 1


def test_libests_minus_one_is_a_200() -> None:
    line = '14.48.31.128 [27/Feb/2019:16:53:28 -0500] "POST /.well-known/est/simplereenroll HTTP/1.1" -1 0'
    found = read("nginx", f"***EST [INFO][log_access:1298]--> {line}")
    assert found["ra_requests_total{operation=simplereenroll,status=200}"] == 1


def test_an_error_page_over_several_lines_is_no_unreadable_line() -> None:
    found = read(
        "nginx", "***EST [INFO][mg_send_http_error:389]--> [Error 401: Unauthorized",
        "The server was unable to authorize the request.", "]", "not a line",
    )  # fmt: skip
    assert found["log_lines_unreadable_total{log=nginx,reason=form}"] == 1


def test_the_start_up_log_counts_starts_and_leaves_calls_to_the_other() -> None:
    found = read(
        "ces", f"nginx: [warn] login_to_certsrv_ca: URL used: {CA}",
        "EnrollmentService.sh : nginx server PID value = 31070",
    )  # fmt: skip
    assert without(found, "lines") == {"ra_starts_total{outcome=launched}": 1}


def test_times_are_those_of_the_writers_zone() -> None:
    for zone, hours in (("Europe/Paris", -1), ("America/New_York", 5)):
        reader = readers(Totals(), manner(nginx=zoneinfo.ZoneInfo(zone))).reader("nginx")
        reader.read(served(1, "x").encode() + b"\n", NOW)
        assert reader.last_at == 1_551_286_408 + hours * 3600


def test_a_date_that_does_not_exist_is_an_unreadable_time() -> None:
    found = read("nginx", served(1, "x", "2019/02/31 10:00:00"))
    assert found["log_lines_unreadable_total{log=nginx,reason=time}"] == 1


def test_the_hosts_in_a_url_do_not_decide_its_stage() -> None:
    assert stage_of(b"https://certfnsh.asp/certsrv") == "login"
    assert stage_of(b"https://ca/CertSrv/CERTRQXT.ASP?x=/certsrv") == "form"
    assert stage_of(b"https://ca/") == "other"


def test_a_path_that_is_no_est_operation_makes_no_label() -> None:
    assert operation_of(b"/.well-known/est/seg/cacerts?x") == "cacerts"
    assert operation_of(b'/x"}\nevil 1') == "other"


@given(st.lists(st.binary(max_size=120), max_size=8))
def test_no_bytes_stop_it_or_make_a_label(parts: list[bytes]) -> None:
    heads = [b"", b"nginx: [warn] ", b"***EST [INFO][log_access:1298]--> ", served(1, "").encode()[:40]]
    lines = [heads[number % 4] + part for number, part in enumerate(parts)]
    found = read("nginx", *lines)
    assert all(name.isascii() and name.isprintable() for name in found)
