from loadtests.report.failures import MOST_REASONS, failures
from loadtests.results import table
from testbed.est_errors import EstError
from tests.loadtests import attempts


def test_a_run_without_failures_lists_none() -> None:
    found = failures(table.build([attempts.enrolled()]))
    assert (found.top, found.more_kinds, found.more_attempts) == ([], 0, 0)


def test_reasons_are_told_apart_and_the_most_frequent_comes_first() -> None:
    found = failures(
        table.build(
            [
                attempts.failed(0, reason="rare"),
                attempts.failed(1, reason="often"),
                attempts.failed(2, reason="often"),
                attempts.failed(3, reason="often", error=EstError.AUTH_FAIL),
            ]
        )
    )
    assert [(kind.est_error, kind.reason, kind.count) for kind in found.top] == [
        ("EST_ERR_SSL_READ", "often", 2),
        ("EST_ERR_AUTH_FAIL", "often", 1),
        ("EST_ERR_SSL_READ", "rare", 1),
    ]


def test_the_example_is_the_phone_that_failed_first() -> None:
    found = failures(table.build([attempts.failed(5, at=9.0), attempts.failed(6, at=2.0, latency=1.0)]))
    assert found.top[0].first_phone == "SEP000000000006"
    assert found.top[0].first_done.timestamp() == attempts.START + 3.0


def test_a_phone_that_fails_twice_is_one_phone_and_two_attempts() -> None:
    found = failures(table.build([attempts.failed(5), attempts.retry(attempts.failed(5, at=30.0), 2)]))
    assert (found.top[0].count, found.top[0].phones) == (2, 1)


def test_kinds_beyond_the_list_are_counted() -> None:
    kinds = MOST_REASONS + 7
    found = failures(table.build(attempts.failed(index, reason=f"reason {index}") for index in range(kinds)))
    assert (len(found.top), found.more_kinds, found.more_attempts) == (MOST_REASONS, 7, 7)


def test_an_endless_reason_is_cut() -> None:
    found = failures(table.build([attempts.failed(0, reason="x" * 10_000)]))
    assert found.top[0].reason == "x" * 300
