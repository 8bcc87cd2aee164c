"""A whole day is that day for every viewer, and a due of another year names it."""

from __future__ import annotations

import locale
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.support.client import task
from tests.support.windows import task_id
from tracker import app as composition
from tracker.domain.instants import end_of_day
from tracker.domain.task import Task
from tracker.services import wording
from tracker.services.workspace import device_clock
from tracker.ui.employee.window import EmployeeWindow

FAR = "Pacific/Kiritimati"
"""14 h ahead: the end of a day in UTC is the next day there."""


def whole_day(day: str) -> Task:
    return task(task_id(1), due_date=day, due_at=end_of_day(day, UTC))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-03-02 12:00", "due 10 Mar"),
        ("2026-03-09 12:00", "due tomorrow"),
        ("2026-03-10 09:00", "due today"),
        ("2026-03-10 23:00", "due today"),
        ("2026-03-11 09:00", "due in 5 h"),
        ("2026-03-11 15:00", "1 h overdue"),
        ("2025-12-24 12:00", "due 10 Mar 2026"),
    ],
)
def test_a_whole_day_is_said_as_that_day(
    in_zone: Callable[[str], None], now: str, words: str
) -> None:
    in_zone(FAR)
    viewed = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(FAR)).timestamp() * 1000
    assert wording.due(whole_day("2026-03-10"), int(viewed)) == words


@pytest.mark.parametrize(("days", "count"), [(-1, 1), (0, 1), (1, 0)])
def test_the_today_page_goes_by_that_day_too(
    desk: Callable[..., EmployeeWindow], in_zone: Callable[[str], None], days: int, count: int
) -> None:
    in_zone(FAR)
    day = datetime.fromtimestamp(device_clock() / 1000).astimezone().date() + timedelta(days=days)
    window = desk(whole_day(day.isoformat()))
    assert window.rail.rows["Today"].accessibleName() == f"Today, {count}"


def test_dates_are_said_in_the_persons_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = locale.setlocale(locale.LC_TIME)
    monkeypatch.delenv("LC_ALL", raising=False)
    try:
        locale.setlocale(locale.LC_TIME, "C")
        monkeypatch.setenv("LC_TIME", "C.UTF-8")
        composition.use_own_dates()
        assert "utf" in locale.setlocale(locale.LC_TIME).lower()
        monkeypatch.setenv("LC_TIME", "xx_XX.not-installed")
        composition.use_own_dates()
    finally:
        locale.setlocale(locale.LC_TIME, kept)
