"""What is told of what others did: which changes, in which words, how much at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.client import task
from tests.support.notices import notice
from tests.support.server import DAY, HOUR, START
from tracker.cache.projection import Mark, TaskView
from tracker.config import Settings
from tracker.domain.change import Kind
from tracker.domain.notification import NotificationType
from tracker.domain.task import SYSTEM, Assignment, HistoryEntry, Part, Priority, Status, Task
from tracker.services import news, wording
from tracker.services.news import THE_LIST, News

ID = "00000000-0000-7000-8000-0000000000a1"
LINK = f"tracker://task/{ID}"
NAMES = {"rita": "Rita Okafor", "ana": "you"}


def view(part: Part | None = Part.ASSIGNEE, mark: Mark = Mark.SAVED, **over: Any) -> TaskView:
    """Ana's, unless she has no part in it."""
    people = (Assignment(ID, "ana", part, 100, "rita", START),) if part else ()
    return TaskView(task(ID, **over), people, mark)


def entry(user_id: str = "rita", event: str = Kind.EDIT_FIELDS, **after: Any) -> HistoryEntry:
    return HistoryEntry("1", ID, user_id, event, {}, after, "", START, START)


def told(old: TaskView, new: TaskView | None, *history: HistoryEntry) -> News | None:
    assert news.differs(old, new, "ana")
    return news.of_task(old, new, history, "ana", NAMES, START)


WHOLE_DAY = {"due_at": START + 5 * DAY, "due_date": "2026-03-06"}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"due_at": START}, {"due_at": START + 2 * HOUR},
         f"Due moved to {wording.clock(START + 2 * HOUR, START)}"),
        ({"due_at": START}, {"due_at": START + 3 * DAY},
         f"Due moved to {wording.clock(START + 3 * DAY, START)}"),
        ({}, WHOLE_DAY, "Due set to Fri 6 Mar"),
        (WHOLE_DAY, {}, "Due taken off"),
        ({"title": "Seal"}, {}, "Renamed from “Seal”"),
        ({}, {"priority": Priority.URGENT}, "Priority now urgent"),
        ({}, {"status": Status.ON_HOLD}, "Now on hold"),
        ({}, {"status": Status.CANCELLED, "priority": Priority.LOW},
         "Priority now low; Now cancelled"),
    ],
)  # fmt: skip
def test_it_says_what_changed_of_which_task(
    before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    assert told(view(**before), view(**after)) == News(f"{words}: Replace pump seal", "", LINK)


def test_it_says_who_changed_it_last() -> None:
    history = [entry("jonas", priority="URGENT"), entry("rita", priority="HIGH"), entry(due_at=3)]
    found = told(view(), view(priority=Priority.HIGH), *history)
    assert found is not None
    assert found.sentence == "Changed by Rita Okafor."
    found = told(view(), view(priority=Priority.HIGH), entry("gone", priority="HIGH"))
    assert found is not None
    assert found.sentence == "Changed by Someone."


@pytest.mark.parametrize("who", ["ana", SYSTEM])
def test_what_was_done_on_another_device_or_by_the_server_is_not_told(who: str) -> None:
    history = [entry("rita", status="ON_HOLD"), entry(who, status="COMPLETED", progress=100)]
    assert told(view(), view(status=Status.COMPLETED), *history) is None
    by_day = entry(who, due_date="2026-03-06")
    assert told(view(), view(**WHOLE_DAY), by_day) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, view()),  # a notification says it
        (view(), view(progress=40, version=2, comment_count=3, open_needs=1)),
        (view(mark=Mark.WAITING), view(version=2)),  # the own change was taken
        (view(Part.WATCHER), view(Part.WATCHER, title="Other")),
        (view(None), view(None, title="Other")),
        (view(), view(Part.REVIEWER)),
        (view(status=Status.COMPLETED, mark=Mark.WAITING), view(mark=Mark.REJECTED)),
        (view(status=Status.COMPLETED), None),  # evicted
    ],
)
def test_what_is_not_told(old: TaskView | None, new: TaskView | None) -> None:
    assert not news.differs(old, new, "ana")


def test_a_task_that_was_taken_away() -> None:
    assert told(view(), None) == News("No longer yours: Replace pump seal")
    seen = replace(view(None), task=task(ID, title="Seal"))
    assert told(view(), seen, entry()) == News("No longer yours: Seal", "", LINK)
    left = HistoryEntry("2", ID, "ana", Kind.UNASSIGN, {"user_id": "ana"}, {}, "", START, START)
    assert told(view(), seen, left) is None


def test_unread_notifications_after_the_last_one_told_the_oldest_first() -> None:
    rows = [
        (notice(4, ID, title="Fourth"), Mark.SAVED),
        (notice(3, title="Third"), Mark.SAVED),
        (notice(2, title="Second", read_at=START), Mark.SAVED),
        (notice(1, title="First"), Mark.SAVED),
    ]
    words = "Rita Okafor assigned you “Fix the pump”."
    third, fourth = News("Third", words, THE_LIST, words), News("Fourth", words, LINK, words)
    assert news.of_notifications(rows, 1, Settings()) == [third, fourth]
    assert news.of_notifications(rows, 3, Settings()) == [fourth]
    assert news.of_notifications(rows, 4, Settings()) == []


_T = NotificationType


@pytest.mark.parametrize(
    ("off", "silenced"),
    [
        ({}, set()),
        ({"notify_assigned": False}, {_T.TASK_ASSIGNED}),
        ({"notify_overdue": False}, {_T.TASK_OVERDUE, _T.DEADLINE_REMINDER}),
        ({"notify_changed": False}, {_T.MESSAGE_RECEIVED}),
    ],
)
def test_the_settings_say_what_is_told(off: dict[str, bool], silenced: set[_T]) -> None:
    of_interest = {_T.TASK_ASSIGNED, _T.TASK_OVERDUE, _T.DEADLINE_REMINDER, _T.MESSAGE_RECEIVED}
    settings = Settings(**off)  # type: ignore[arg-type]
    assert {kind for kind in _T if news.is_wanted(kind, settings)} == of_interest - silenced


@pytest.mark.parametrize("count", [0, 1, 3])
def test_three_at_a_time_are_told_as_they_are(count: int) -> None:
    some = [News(str(number)) for number in range(count)]
    assert news.gathered(some) == some


def test_of_more_the_rest_is_counted() -> None:
    some = [News(str(number)) for number in range(8)]
    last = News("5 more", "Open Tracker to see all that is new.", THE_LIST)
    assert news.gathered(some) == [*some[:3], last]


def test_titles_of_people_are_told_as_they_are() -> None:
    wild: Task = task(ID, title="<b>&amp; %s\n{0}")
    found = told(view(), replace(view(status=Status.ON_HOLD), task=replace(
        wild, status=Status.ON_HOLD)))  # fmt: skip
    assert found is not None
    assert found.headline == "Renamed from “Replace pump seal”; Now on hold: <b>&amp; %s\n{0}"
