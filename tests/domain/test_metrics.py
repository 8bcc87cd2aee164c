"""What is kept of a finished task."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from tests.domain.test_sla import HOUR, MINUTE, at, task
from tracker.domain import sla
from tracker.domain.metrics import Metrics, kept, metrics

SLA = sla.default("Europe/Berlin")
MONDAY, WEDNESDAY = at("2026-03-02T09:00"), at("2026-03-04T12:00")


def of(**values: Any) -> Metrics:
    given = {"completed_at": WEDNESDAY, "started_at": MONDAY + 30 * MINUTE, **values}
    return metrics(task(**given), SLA)


def test_all_of_a_task_of_high_priority_that_took_too_long() -> None:
    found = of(
        last_progress_by="ana",
        project_id="hall",
        due_at=WEDNESDAY - 1,
        estimated_minutes=90,
        actual_minutes=120,
        quality_rating=4,
        revenue_cents=-5,
    )
    assert asdict(found) == {
        "task_id": "k",
        "project_id": "hall",
        "was_overdue": True,
        "efficiency_ratio": 120 / 90,
        "quality_rating": 4,
        "revenue_cents": -5,
        "completed_at": WEDNESDAY,
        "completed_by": "ana",
        "priority": "HIGH",
        "days_to_complete": 2.125,
        "start_ms": 30 * MINUTE,
        "finish_ms": 21 * HOUR,
        "started_in_time": True,
        "finished_in_time": False,
    }


@pytest.mark.parametrize(
    ("estimated", "actual", "ratio"),
    [(None, 60, None), (60, 0, None), (60, 60, 1.0), (60, 15, 0.25), (60, 150, 2.5)],
)
def test_efficiency_needs_an_estimate_and_time_that_was_logged(
    estimated: int | None, actual: int, ratio: float | None
) -> None:
    assert of(estimated_minutes=estimated, actual_minutes=actual).efficiency_ratio == ratio


@pytest.mark.parametrize(
    ("due_at", "overdue"), [(None, False), (WEDNESDAY, False), (WEDNESDAY - 1, True)]
)
def test_it_was_overdue_if_it_was_done_after_its_due(due_at: int | None, overdue: bool) -> None:
    assert of(due_at=due_at).was_overdue is overdue


def test_what_nobody_was_given_to_do_has_no_working_time() -> None:
    found = of(assigned_at=None)
    assert (found.start_ms, found.finish_ms) == (None, None)
    assert (found.started_in_time, found.finished_in_time) == (None, None)


def test_a_clock_that_was_wrong_makes_no_time_negative() -> None:
    early = MONDAY - 3 * HOUR
    found = of(completed_at=early, started_at=early)
    assert (found.days_to_complete, found.start_ms, found.finish_ms) == (0, 0, 0)


def test_what_follows_the_task_is_the_same_in_both() -> None:
    one = task(completed_at=WEDNESDAY, estimated_minutes=60, actual_minutes=30, due_at=MONDAY)
    for values in ({}, {"quality_rating": 2}, {"project_id": "p"}, {"revenue_cents": 7}):
        now = replace(one, **values)
        assert asdict(kept(now)).items() <= asdict(metrics(now, SLA)).items()
