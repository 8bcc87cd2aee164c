"""How fresh what is known of a person is, in words, and what is known of them."""

from __future__ import annotations

import pytest

from tests.support.server import START
from tracker.domain.page import PersonPresence
from tracker.domain.task import Occupancy
from tracker.services import wording
from tracker.services.freshness import freshness

MINUTE = 60_000


@pytest.mark.parametrize(
    ("ago", "unsent", "reported", "words", "state"),
    [
        (10_000, 0, "ACTIVE", "live", "ACTIVE"),
        (10_000, 2, "ACTIVE", "live, 2 unsent", "ACTIVE"),
        (10_000, 0, "IDLE", "idle", "IDLE"),
        (10_000, 0, "OFFLINE", "paused", "OFFLINE"),
        (10_000, 0, "UNKNOWN", "live", "UNKNOWN"),
        (12 * MINUTE, 0, "ACTIVE", "12 min old", "OFFLINE"),
        (12 * MINUTE, 4, "ACTIVE", "last heard {at}, 4 unsent then", "OFFLINE"),
        (3 * 60 * MINUTE, 0, "IDLE", "last heard {at}", "OFFLINE"),
        (None, 0, "UNKNOWN", "never heard of", "UNKNOWN"),
    ],
)
def test_the_age_of_a_persons_data(
    ago: int | None, unsent: int, reported: str, words: str, state: str
) -> None:
    heard = None if ago is None else START - ago
    found = freshness(PersonPresence("ana", heard, unsent, Occupancy(reported)), START)
    at = wording.clock(heard or 0, START)
    assert (found.words, found.state.value) == (words.format(at=at), state)


def test_who_is_not_known_was_never_heard() -> None:
    found = freshness(None, START)
    assert found.said() == "activity not known, never heard of"


def test_without_room_it_is_said_shorter() -> None:
    presence = PersonPresence("ana", START - 40 * MINUTE, 4, Occupancy.ACTIVE)
    found = freshness(presence, START)
    assert found.fitting(lambda words: len(words) < 20) == "offline, 4 unsent"
    assert found.fitting(lambda _words: True) == found.words
