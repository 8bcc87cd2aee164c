"""What is newest, in memory: never older than what was committed, or not known at all."""

from __future__ import annotations

import pytest

from server_stub.core.heads import Heads, News

T, E = "tenant", "epoch"


@pytest.fixture
def heads() -> Heads:
    """Knows ana at 5 and everybody at 3."""
    found = Heads()
    found.learn(T, E, 1, {"ana": 5, "all": 3}, found.generation)
    return found


def test_the_newest_of_all_audiences_of_a_reader_counts(heads: Heads) -> None:
    assert heads.known(T, E, ["ana", "all"]) == 5
    heads.rise(News(T, E, 1, {"all": 7}))
    assert heads.known(T, E, ["ana", "all"]) == 7
    assert heads.known(T, E, ["ana"]) == 5


def test_heads_only_rise(heads: Heads) -> None:
    heads.rise(News(T, E, 1, {"ana": 4}))
    heads.learn(T, E, 1, {"ana": 2}, heads.generation)
    assert heads.known(T, E, ["ana"]) == 5


def test_of_what_nobody_asked_for_yet_nothing_is_known(heads: Heads) -> None:
    assert heads.known(T, E, ["ana", "jonas"]) is None
    assert heads.known("another tenant", E, ["ana"]) is None
    assert heads.known(T, "another epoch", ["ana"]) is None


def test_nothing_is_known_while_commits_may_go_unheard(heads: Heads) -> None:
    heads.trusted = lambda: False
    assert heads.known(T, E, ["ana"]) is None


def test_what_was_read_before_a_gap_is_not_taken_over_after_it(heads: Heads) -> None:
    before = heads.generation
    heads.forget()
    heads.learn(T, E, 1, {"ana": 5}, before)
    assert heads.known(T, E, ["ana"]) is None


def test_a_new_epoch_begins_with_nothing_and_the_old_one_never_comes_back(heads: Heads) -> None:
    heads.rise(News(T, "next", 2, {"ana": 2}))
    assert heads.known(T, "next", ["ana"]) == 2
    heads.rise(News(T, E, 1, {"ana": 9}))
    heads.learn(T, E, 1, {"ana": 9}, heads.generation)
    assert heads.known(T, "next", ["ana"]) == 2
    assert heads.known(T, E, ["ana"]) is None
    heads.forget()
    heads.learn(T, E, 1, {"ana": 9}, heads.generation)
    assert heads.known(T, E, ["ana"]) is None


def test_a_late_notice_of_the_epoch_before_does_not_end_the_one_that_began_here() -> None:
    """A process that began an epoch itself hears of what another committed before that later."""
    heads = Heads()
    heads.rise(News(T, "second", 2, {"ana": 6}))
    heads.rise(News(T, "first", 1, {"ana": 9}))
    heads.rise(News(T, "second", 2, {"ana": 7}))
    assert heads.known(T, "second", ["ana"]) == 7
    assert heads.known(T, "first", ["ana"]) is None


def test_it_does_not_either_where_everything_was_forgotten_in_between() -> None:
    heads = Heads()
    heads.rise(News(T, "second", 2, {"ana": 6}))
    heads.forget()
    heads.rise(News(T, "first", 1, {"ana": 9}))
    assert heads.known(T, "first", ["ana"]) is None
    heads.learn(T, "second", 2, {"ana": 6}, heads.generation)
    assert heads.known(T, "second", ["ana"]) == 6


def test_a_reader_may_be_the_first_to_find_a_later_epoch(heads: Heads) -> None:
    heads.learn(T, "next", 2, {"ana": 1}, heads.generation)
    assert heads.known(T, "next", ["ana"]) == 1


def test_a_late_notice_wakes_nobody_and_leaves_the_wake_ups_that_follow(heads: Heads) -> None:
    woken: list[int] = []
    heads.rise(News(T, "next", 2, {"ana": 2}))
    with heads.listening(T, ["ana"], woken.append):
        heads.rise(News(T, E, 1, {"ana": 9}))
        heads.rise(News(T, "next", 2, {"ana": 3}))
    assert woken == [3]


def test_more_news_than_can_be_named_means_looking_anew(heads: Heads) -> None:
    everybody = News(T, E, 1, {f"person {n}": n for n in range(101)})
    assert len(everybody.text()) < 8_000
    heard = News.of(everybody.text())
    assert heard.heads is None
    heads.rise(heard)
    assert heads.known(T, E, ["ana"]) is None


def test_news_is_the_same_on_the_other_side() -> None:
    for news in (News(T, E, 1, {"ana": 5}), News(T, None, sign_ins=True), News(T, E, 1, None)):
        assert News.of(news.text()) == news


def test_a_listener_is_woken_once_for_a_commit_with_its_newest_position(heads: Heads) -> None:
    woken: list[int] = []
    with heads.listening(T, ["ana", "all"], woken.append):
        heads.rise(News(T, E, 1, {"all": 9, "ana": 8, "jonas": 10}))
        heads.rise(News(T, E, 1, {"jonas": 11}))
        heads.rise(News("another tenant", E, 1, {"ana": 12}))
    heads.rise(News(T, E, 1, {"ana": 13}))
    assert woken == [9]


def test_after_a_gap_and_at_the_end_every_listener_looks(heads: Heads) -> None:
    woken: list[int] = []
    with heads.listening(T, ["ana"], woken.append):
        heads.forget()
        heads.close()
    assert (woken, heads.closed) == ([0, 0], True)
