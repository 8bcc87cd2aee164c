"""The four endpoints of the first REST API, with its JSON to the letter.

It prints COMPLETED as DONE and reads OPEN as PENDING; `id` is the task's number.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from tracker.domain.task import Occupancy, Priority, Status
from tracker.protocol.base import Answer, Request


class PrintedStatus(StrEnum):
    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    ON_HOLD = "ON_HOLD"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    ARCHIVED = "ARCHIVED"


def printed_status(status: Status) -> PrintedStatus:
    return PrintedStatus.DONE if status is Status.COMPLETED else PrintedStatus(status.value)


class EmployeeTask(Answer):
    id: int
    title: str
    progress_percentage: int
    status: PrintedStatus
    priority: Priority
    due_date: str | None


class EmployeeTasks(Answer):
    tasks: list[EmployeeTask]


class ProgressUpdate(Request):
    progress_percentage: Annotated[int, Field(ge=0, le=100)]
    notes: str = ""
    occupancy_status: Annotated[Occupancy | None, Field(strict=False)] = None


class CompleteRequest(Request):
    notes: str = ""
    occupancy_status: Annotated[Occupancy | None, Field(strict=False)] = None


class ProgressResult(Answer):
    status: Literal["success"] = "success"
    task_id: int
    new_progress: int
    task_status: PrintedStatus


class Update(Answer):
    """One of the last five updates of a task."""

    user: str
    event: str
    previous_progress: int | None
    new_progress: int | None
    notes: str
    timestamp: str


class AdminTask(EmployeeTask):
    employee: str | None
    occupancy_status: Occupancy
    updates: list[Update]


class AdminTasks(Answer):
    tasks: list[AdminTask]
