"""Who is told of what, in which words, and what a mark does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind, Marked
from tracker.domain.ids import uuid7
from tracker.domain.notification import (
    CATEGORIES,
    EXCERPT,
    PRIORITIES,
    REMIND_BEFORE,
    Notice,
    Notification,
    NotificationPriority,
    NotificationType,
    Preferences,
    caused,
    due_notices,
    from_notice,
    is_listed,
    mark,
    worded,
)
from tracker.domain.replay import Applied, Context, decide
from tracker.domain.task import Assignment, Part, Priority, Role, Status, Task, TaskState

NOW = 1_772_438_400_000
"""2026-03-02 08:00 UTC."""
HOUR = 3_600_000
ANA, RITA, MEI, JONAS, TASK = (uuid7(NOW, bytes([n]) * 10) for n in range(5))
PEOPLE = frozenset({ANA, RITA, MEI, JONAS})
BERLIN = ZoneInfo("Europe/Berlin")


def state(people: dict[str, Part] | None = None, **changes: Any) -> TaskState:
    """Rita's task, with Ana as the one who does it unless told."""
    task = Task(TASK, 1, "Fix the pump", "", Status.IN_PROGRESS, Priority.HIGH, 40, RITA, 0, 0, 3)
    on_it = {ANA: Part.ASSIGNEE} if people is None else people
    rows = {user: Assignment(TASK, user, part, 100, RITA, 0) for user, part in on_it.items()}
    return TaskState(replace(task, **changes), rows)


def told(
    kind: Kind, by: str, about: TaskState | None = None, **args: Any
) -> dict[str, NotificationType]:
    """Who is told of what when `by`, an admin, does this."""
    found = notices(kind, by, about, **args)
    assert len({notice.user_id for notice in found}) == len(found)
    return {notice.user_id: notice.type for notice in found}


def notices(kind: Kind, by: str, about: TaskState | None = None, **args: Any) -> list[Notice]:
    action = Action(uuid7(NOW, b"o" * 10), kind, TASK, args, NOW)
    decided = decide(about, action, Actor(by, Role.ADMIN), Context(NOW, UTC, PEOPLE, ()))
    assert isinstance(decided, Applied), decided
    return caused(about, decided, action, by, NOW)


class TestWho:
    def test_who_is_let_in_unless_they_did_it_themself(self) -> None:
        assigned = {MEI: NotificationType.TASK_ASSIGNED}
        assert told(Kind.ASSIGN, RITA, state(), user_id=MEI) == assigned
        assert told(Kind.ASSIGN, MEI, state(), user_id=MEI) == {}

    def test_another_part_is_news_and_the_same_one_is_not(self) -> None:
        assert told(Kind.ASSIGN, RITA, state(), user_id=ANA, percent=50) == {}
        assigned = {ANA: NotificationType.TASK_ASSIGNED}
        assert told(Kind.ASSIGN, RITA, state(), user_id=ANA, part="REVIEWER") == assigned

    def test_everybody_on_a_new_task_but_who_made_it(self) -> None:
        people = [{"user_id": ANA}, {"user_id": RITA}, {"user_id": MEI, "part": "WATCHER"}]
        found = told(Kind.CREATE_TASK, RITA, None, title="x", people=people)
        assert found == dict.fromkeys((ANA, MEI), NotificationType.TASK_ASSIGNED)

    @pytest.mark.parametrize(
        ("kind", "args"), [(Kind.COMPLETE, {}), (Kind.SET_PROGRESS, {"percent": 100})]
    )
    def test_the_creator_reviewers_and_watchers_of_what_is_finished(
        self, kind: Kind, args: dict[str, Any]
    ) -> None:
        crew = {ANA: Part.ASSIGNEE, MEI: Part.REVIEWER, JONAS: Part.WATCHER}
        finished = NotificationType.TASK_COMPLETED
        assert told(kind, ANA, state(crew), **args) == dict.fromkeys((RITA, MEI, JONAS), finished)
        assert told(kind, MEI, state(crew), **args) == dict.fromkeys((RITA, JONAS), finished)
        assert told(kind, RITA, state(crew | {RITA: Part.WATCHER}), **args) == dict.fromkeys(
            (MEI, JONAS), finished
        )

    def test_the_others_on_a_task_and_its_creator_of_a_comment(self) -> None:
        crew = {ANA: Part.ASSIGNEE, MEI: Part.WATCHER}
        said = {"comment_id": MEI, "text": "On my way"}
        message = NotificationType.MESSAGE_RECEIVED
        assert told(Kind.COMMENT, ANA, state(crew), **said) == dict.fromkeys((MEI, RITA), message)
        assert told(Kind.COMMENT, RITA, state(crew), **said) == dict.fromkeys((ANA, MEI), message)

    @pytest.mark.parametrize(
        ("kind", "args"),
        [
            (Kind.SET_PROGRESS, {"percent": 60}),
            (Kind.HOLD, {"note": "x"}),
            (Kind.CANCEL, {}),
            (Kind.UNASSIGN, {"user_id": ANA}),
        ],
    )
    def test_nobody_of_anything_else(self, kind: Kind, args: dict[str, Any]) -> None:
        crew = {ANA: Part.ASSIGNEE, MEI: Part.WATCHER}
        assert told(kind, RITA, state(crew), **args) == {}


class TestDue:
    @pytest.mark.parametrize(
        ("due", "kind"),
        [
            (NOW - 1, NotificationType.TASK_OVERDUE),
            (NOW, NotificationType.DEADLINE_REMINDER),
            (NOW + REMIND_BEFORE - 1, NotificationType.DEADLINE_REMINDER),
            (NOW + REMIND_BEFORE, None),
            (None, None),
        ],
    )
    def test_a_day_before_and_after_it(
        self, due: int | None, kind: NotificationType | None
    ) -> None:
        found = {notice.type for notice in due_notices(state(due_at=due), NOW)}
        assert found == ({kind} if kind else set())

    def test_who_does_it_or_else_who_made_it(self) -> None:
        crew = {ANA: Part.ASSIGNEE, MEI: Part.ASSIGNEE, JONAS: Part.WATCHER}
        late = due_notices(state(crew, due_at=NOW - 1), NOW)
        assert [notice.user_id for notice in late] == [ANA, MEI]
        (alone,) = due_notices(state({JONAS: Part.WATCHER}, due_at=NOW - 1), NOW)
        assert alone.user_id == RITA

    def test_another_due_is_another_thing_to_tell(self) -> None:
        first, second = (due_notices(state(due_at=NOW - n), NOW)[0] for n in (1, 2))
        assert (first.cause, first.type) == (second.cause, second.type)
        assert first.of != second.of


class TestWords:
    def said(self, kind: NotificationType, **more: Any) -> str:
        task = state(**more.pop("task", {})).task
        return worded(Notice("c", ANA, kind, task, NOW, RITA, **more), "Rita Okafor", BERLIN)[1]

    @pytest.mark.parametrize(
        ("part", "words"),
        [
            (Part.ASSIGNEE, "Rita Okafor assigned you “Fix the pump”."),
            (Part.REVIEWER, "Rita Okafor asked you to review “Fix the pump”."),
            (Part.WATCHER, "Rita Okafor added you to “Fix the pump” as a watcher."),
        ],
    )
    def test_each_part_has_its_sentence(self, part: Part, words: str) -> None:
        assert self.said(NotificationType.TASK_ASSIGNED, part=part) == words

    def test_what_was_finished(self) -> None:
        words = "Rita Okafor completed “Fix the pump”."
        assert self.said(NotificationType.TASK_COMPLETED) == words

    def test_what_was_written_in_one_line_and_not_too_long(self) -> None:
        start = "Rita Okafor wrote on “Fix the pump”: "
        kind = NotificationType.MESSAGE_RECEIVED
        assert self.said(kind, said="On\n my way") == f"{start}On my way"
        assert self.said(kind, said="x" * EXCERPT) == start + "x" * EXCERPT
        assert self.said(kind, said="x" * (EXCERPT + 1)) == start + "x" * (EXCERPT - 1) + "…"

    def test_when_it_is_due_in_the_tenants_zone(self) -> None:
        late = 1_772_490_600_000  # 22:30 UTC
        kind = NotificationType.DEADLINE_REMINDER
        words = "“Fix the pump” is due on 2 March at 23:30."
        assert self.said(kind, task={"due_at": late}) == words
        day = {"due_at": 1_772_492_399_999, "due_date": "2026-03-02"}
        assert self.said(kind, task=day) == "“Fix the pump” is due on 2 March."
        words = "“Fix the pump” was due on 2 March and is not finished."
        assert self.said(NotificationType.TASK_OVERDUE, task=day) == words

    def test_no_task_causes_the_others(self) -> None:
        with pytest.raises(AssertionError, match="call_missed"):
            self.said(NotificationType.CALL_MISSED)


def row(**over: Any) -> Notification:
    (notice,) = notices(Kind.ASSIGN, RITA, state(), user_id=MEI)
    return replace(from_notice(notice, "n", 7, "Rita Okafor", UTC), **over)


def test_a_notification_leads_to_its_task_and_is_as_urgent() -> None:
    assert row() == Notification(
        id="n",
        number=7,
        user_id=MEI,
        type=NotificationType.TASK_ASSIGNED,
        title="New task",
        message="Rita Okafor assigned you “Fix the pump”.",
        priority=NotificationPriority.HIGH,
        category="task",
        created_at=NOW,
        updated_at=NOW,
        action_url=f"tracker://task/{TASK}",
        entity_kind="task",
        entity_id=TASK,
    )
    assert set(PRIORITIES) == set(Priority)
    assert set(CATEGORIES) == set(NotificationType)


def test_a_reminder_ends_with_its_due_and_nothing_else_does() -> None:
    soon, late = (due_notices(state(due_at=NOW + n), NOW)[0] for n in (HOUR, -HOUR))
    assert from_notice(soon, "n", 1, "", UTC).expires_at == NOW + HOUR
    assert from_notice(late, "n", 1, "", UTC).expires_at is None


def test_each_type_can_be_switched_off_and_the_list_as_a_whole() -> None:
    for kind in NotificationType:
        assert Preferences().wants(kind)
        off = replace(Preferences(), **{f"notify_{kind}": False})
        assert [other for other in NotificationType if not off.wants(other)] == [kind]
        assert not Preferences(enable_in_app_notifications=False).wants(kind)


class TestMarks:
    def test_read_and_unread(self) -> None:
        read = mark(row(), Marked(True, False), NOW + 1)
        assert read.read_at == NOW + 1
        assert mark(read, Marked(True, False), NOW + 2) == read
        assert mark(read, Marked(False, False), NOW + 3) == row()

    def test_archived_stays_archived_and_leaves_the_list(self) -> None:
        archived = mark(row(), Marked(None, True), NOW + 1)
        assert (archived.archived_at, archived.read_at) == (NOW + 1, None)
        assert mark(archived, Marked(True, True), NOW + 2).archived_at == NOW + 1
        assert (is_listed(row(), NOW), is_listed(archived, NOW)) == (True, False)

    def test_what_has_expired_is_not_listed(self) -> None:
        assert [is_listed(row(expires_at=NOW), NOW + n) for n in (-1, 0, 1)] == [True, False, False]

    @given(
        st.lists(st.builds(Marked, st.sampled_from([None, True, False]), st.booleans()), max_size=6)
    )
    def test_done_again_a_mark_changes_nothing(self, marks: list[Marked]) -> None:
        """So an action whose answer was lost may be replayed on rows that have it already."""
        shown = row()
        for n, one in enumerate(marks):
            shown = mark(shown, one, NOW + n)
            assert mark(shown, one, NOW + n) == shown
