"""Lists are written by hand, where json is slow, and read as json writes them."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.support.server import DAY, START
from tracker.cache.confirmed import Brief
from tracker.cache.projection import Mark
from tracker.commands.listing import _document, _exported, task_json
from tracker.domain.instants import rfc3339
from tracker.domain.task import Priority, Status

NASTY = ("", '"', "\\", "},\n   {", "%s", "Füllstand 测试 🔧", "\x1f\u2028\x7f")
texts = st.one_of(st.text(), st.sampled_from(NASTY))
instants = st.integers(0, START + 10_000 * DAY)
briefs = st.builds(
    Brief,
    id=texts,
    number=st.integers(0, 10**9),
    title=texts,
    progress=st.integers(0, 100),
    version=st.integers(1, 10**9),
    project_id=st.none() | texts,
    due_at=st.none() | instants,
    due_date=st.none() | st.just("2026-03-02"),
    completed_at=st.none() | instants,
    status=st.sampled_from(Status),
    priority=st.sampled_from(Priority),
)


def as_printed(text: str) -> dict[str, Any]:
    """The document, which has the very form that json gives it."""
    found: dict[str, Any] = json.loads(text)
    assert text == json.dumps(found, ensure_ascii=False, indent=1)
    return found


@given(st.lists(st.tuples(briefs, st.sampled_from(Mark)), max_size=3))
def test_the_list_is_json_and_holds_what_the_tasks_hold(tasks: list[tuple[Brief, Mark]]) -> None:
    rows = [task_json(task, mark, START) for task, mark in tasks]
    found = as_printed(_document({"format": 1, "synced_at": None}, rows))
    assert [*found] == ["format", "synced_at", "tasks"]
    for (task, mark), shown in zip(tasks, found["tasks"], strict=True):
        plain = task._asdict()
        for name in ("id", "number", "title", "status", "priority", "progress", "due_date",
                     "project_id", "version"):  # fmt: skip
            assert shown.pop(name) == plain[name]
        assert shown.pop("sync") == {"needs attention": "rejected"}.get(mark, mark.value)
        assert shown.pop("due_at") == rfc3339(task.due_at)
        assert isinstance(shown.pop("overdue"), bool)
        assert shown == {}


@given(st.lists(briefs, max_size=3))
def test_an_export_is_json_and_holds_what_the_tasks_hold(tasks: list[Brief]) -> None:
    rows = [_exported(task, ZoneInfo("Europe/Berlin")) for task in tasks]
    found = as_printed(_document({}, rows))
    for task, shown in zip(tasks, found["tasks"], strict=True):
        assert (shown["id"], shown["title"]) == (task.number, task.title)
        assert shown["status"] == ("DONE" if task.status is Status.COMPLETED else task.status)


def test_the_day_of_a_due_is_the_tenant_s() -> None:
    late = Brief("a", 1, "t", 0, 1, None, START + 15 * 3_600_000, None, None,
                 Status.PENDING, Priority.LOW)  # fmt: skip
    days = [json.loads(_exported(late, zone))["due_date"] for zone in (UTC, ZoneInfo("Asia/Tokyo"))]
    assert days == ["2026-03-02", "2026-03-03"]
