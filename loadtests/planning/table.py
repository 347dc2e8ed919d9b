"""A plan on the terminal: the answer, what to expect, what to change, what it was chosen from."""

from collections.abc import Callable, Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from loadtests.planning.document import Plan, Suggestion
from loadtests.planning.expectation import Expectation, Interval
from loadtests.planning.goal import NO_BACKLOG
from loadtests.planning.wording import batched
from loadtests.report.wording import count, rate, seconds, share, span

_MOST_SUGGESTIONS = 12
Words = Callable[[float], str]


def show(plan: Plan, console: Console) -> None:
    """Print it."""
    first, *more = plan.verdict
    console.print(Text(first, style="bold"))
    for line in (*more, *made_of(plan)):
        console.print(Text(line))
    console.print(Group(*(Padding(each, (1, 0, 0, 0)) for each in _tables(plan))))


def made_of(plan: Plan) -> Iterator[str]:
    """What the plan keeps, what it cannot, and what it was made from."""
    yield f"kept: {', '.join([*plan.rules, NO_BACKLOG])}"
    if plan.rules_left_out:
        yield f"left out, as no plan can be made for it: {', '.join(plan.rules_left_out)}"
    yield f"model: {plan.source.model_from}"


def outcomes(expected: Expectation) -> Iterator[tuple[str, Interval | None, Words]]:
    """What is expected, by name, with the words for its unit."""
    yield "duration", expected.duration_seconds, span
    yield "phones enrolled", expected.enrolled, count
    yield "phones failed", expected.failed, count
    yield "timeouts of the RA", expected.ra_timeouts, count
    yield "timeouts of phones", expected.phone_timeouts, count
    yield "orphans", expected.orphans, count
    yield "retries", expected.retries, count
    yield "latency p50", expected.latency_p50_seconds, seconds
    yield "latency p99", expected.latency_p99_seconds, seconds
    yield "RA workers busy", expected.ra_workers_busy_share, share
    yield "RA's pool busy", expected.ra_pool_busy_share, share
    yield "RA's CPU busy", expected.ra_cpu_busy_share, share
    yield "CA threads busy", expected.ca_threads_busy_share, share
    yield "CA signing busy", expected.ca_signing_busy_share, share


def _tables(plan: Plan) -> Iterator[RenderableType]:
    if plan.expected and plan.batches:
        yield _expected(batched(plan.batches), plan.expected)
    if plan.suggestions:
        yield _suggestions(plan.suggestions[:_MOST_SUGGESTIONS])
    yield _candidates(plan)


def _expected(title: str, expected: Expectation) -> Table:
    table = _table(title, "", "expected", f"{share(expected.coverage)} from", "to")
    for name, interval, words in outcomes(expected):
        if interval is not None:
            table.add_row(name, words(interval.expected), words(interval.low), words(interval.high))
    return table


def _suggestions(suggestions: list[Suggestion]) -> Table:
    table = _table(
        "What to change first", "change", "phones", "from", "to", "all done", "timeouts", "orphans", "retries"
    )
    table.caption = (
        "phones: times as many as now at this spacing; all done: in the largest batches then; "
        "timeouts, orphans, retries: of this plan's batches"
    )
    for each in suggestions:
        expected, gain = each.expected, each.gain
        table.add_row(
            each.change, f"x{gain.expected:.3g}", f"x{gain.low:.3g}", f"x{gain.high:.3g}",
            "never" if each.needed_seconds is None else span(each.needed_seconds),
            count(expected.timeouts), count(expected.orphans.expected), count(expected.retries.expected),
        )  # fmt: skip
    return table


def _candidates(plan: Plan) -> Table:
    window = span(plan.asked.window_seconds)
    table = _table(
        "What the chain bears", "batch every", "phones at most", "rate", "all done", f"for {window}",
        "larger ones",
    )  # fmt: skip
    for each in plan.candidates:
        done = each.needed_seconds(plan.asked.phones) if each.largest_batch else None
        table.add_row(
            span(each.spacing_seconds), count(each.largest_batch), rate(each.rate_per_second),
            "never" if done is None else span(done),
            "-" if each.needed_batch is None else count(each.needed_batch), each.limit or "",
        )  # fmt: skip
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.caption_justify = "left"
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
