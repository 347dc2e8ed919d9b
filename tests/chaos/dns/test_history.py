from chaos.dns.board import Outcome
from chaos.dns.history import History
from chaos.dns.reply import Rcode, Reply
from tests.chaos.dns.asking import question


def history_of(*names: str, kept: int = 10) -> History:
    history = History(kept, lambda: 5.5)
    for name in names:
        history.add(question(name), "udp", Outcome(Reply(Rcode.NXDOMAIN), ("nxdomain",), (1,)))
    return history


def test_a_query_is_kept_with_what_became_of_it() -> None:
    (query,) = history_of("Ca.test").queries
    assert (query.number, query.epoch_seconds, query.name, query.type, query.class_) == (
        1,
        5.5,
        "Ca.test.",
        1,
        1,
    )
    assert (query.transport, query.faults, query.rcode, query.dropped) == ("udp", ("nxdomain",), 3, False)


def test_queries_for_a_name_are_found_in_any_case_without_the_last_dot() -> None:
    history = history_of("a.test", "b.test", "A.Test")
    assert [query.number for query in history.of("a.TEST")] == [1, 3]
    assert history.of("a.test.") == []


def test_the_oldest_goes_when_there_are_too_many() -> None:
    assert [query.number for query in history_of("a", "b", "c", kept=2).queries] == [2, 3]


def test_one_name_can_be_forgotten_or_all() -> None:
    history = history_of("a.test", "b.test", "A.test")
    history.clear("a.test")
    assert [query.name for query in history.queries] == ["b.test."]
    history.clear()
    assert history.queries == ()
