from loadtests.report.failing import failed_attempts
from loadtests.results import table
from testbed.est_errors import EstError
from tests.loadtests import attempts


def test_a_failure_has_its_error_how_far_it_came_and_its_timer() -> None:
    built = table.build(
        [
            attempts.enrolled(0),
            attempts.failed(1, error=EstError.AUTH_FAIL, reason="401"),
            attempts.timed_out(2, read_timer_seconds=2.0),
            attempts.refused(3),
        ]
    )
    found = failed_attempts(built).select("est_error", "stage", "timer").rows()
    assert found == [
        ("EST_ERR_AUTH_FAIL", "answer", None),
        ("EST_ERR_SSL_READ", "wait", "read"),
        ("EST_ERR_IP_CONNECT", "connect", None),
    ]


def test_it_happened_when_the_attempt_ended() -> None:
    found = failed_attempts(table.build([attempts.failed(0, at=5.0, latency=2.0)]))
    assert found["at"].to_list() == [attempts.START + 7.0]


def test_a_run_without_failures_has_none() -> None:
    assert failed_attempts(table.build([attempts.enrolled()])).is_empty()
    assert failed_attempts(table.build(())).is_empty()
