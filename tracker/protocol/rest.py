"""Tasks over REST: what `/api/v1/tasks` and `/api/tasks` read and print.

`id` and whatever names a person, a project or another task are the numbers that people see; where
one is asked for, the UUID is understood too. Instants are RFC 3339. Statuses are the canonical
words; priorities may also be said in the words `critical`, `high`, `normal` and `low`. Both may be
in any case.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema

from tracker.domain.ids import is_uuid
from tracker.domain.task import Occupancy, Part, Priority, Status
from tracker.protocol.base import Answer, Request
from tracker.protocol.sync import Uuid

MOST_LISTED = 200
_LAST_NUMBER = 2**53


def _ref(value: Any) -> Any:
    if type(value) is int and 0 < value <= _LAST_NUMBER:
        return value
    if is_uuid(value):
        return value
    raise ValueError("a number or a UUID")


Ref = Annotated[
    int | str,
    PlainValidator(_ref),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _LAST_NUMBER},
                {"type": "string", "format": "uuid"},
            ]
        }
    ),
]
"""A person, project or task: its number or its UUID."""
Moment = Annotated[
    str, Field(max_length=40), WithJsonSchema({"type": "string", "format": "date-time"})
]
Due = Annotated[
    str,
    Field(max_length=40),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    ),
]
"""A day, which ends in the tenant's zone, or an instant."""
Word = Annotated[str, Field(max_length=20)]
Activity = Annotated[Occupancy | None, Field(strict=False)]


class NewPart(Request):
    """Who takes part in a task, and how. `part` is ASSIGNEE, REVIEWER or WATCHER."""

    user_id: Ref
    part: Word = Part.ASSIGNEE.value
    percent: int = 100


class NewTask(Request):
    """`assigned_to` does the task; `people` are the others on it."""

    title: str
    description: str | None = None
    priority: Word | None = None
    assigned_to: Ref | None = None
    people: Annotated[list[NewPart], Field(max_length=100)] = []
    lead_id: Uuid | None = None
    project_id: Ref | None = None
    parent_id: Ref | None = None
    task_type: str | None = None
    due_date: Due | None = None
    scheduled_at: Moment | None = None
    estimated_duration_min: int | None = None
    revenue_cents: int | None = None


class TaskChange(Request):
    """What is left out stays, null empties. `assigned_to` takes the place of whoever does the task
    now. `notes` and `occupancy_status` belong to the status or the progress."""

    title: str | None = None
    description: str | None = None
    priority: Word | None = None
    assigned_to: Ref | None = None
    lead_id: Uuid | None = None
    project_id: Ref | None = None
    parent_id: Ref | None = None
    task_type: str | None = None
    due_date: Due | None = None
    scheduled_at: Moment | None = None
    estimated_duration_min: int | None = None
    revenue_cents: int | None = None
    status: Word = ""
    progress_percentage: Annotated[int, Field(ge=0, le=100)] = 0
    notes: str = ""
    occupancy_status: Activity = None


class Move(Request):
    """What may be said beside changing a status."""

    notes: str = ""
    occupancy_status: Activity = None


class Rating(Request):
    rating: int
    notes: str = ""


class NewComment(Request):
    """`parent_id` is the comment that it answers; attachments are addresses."""

    text: str
    parent_id: Uuid | None = None
    attachments: list[str] = []


class NewWords(Request):
    text: str


class TimeWorked(Request):
    """Minutes below zero correct an earlier entry."""

    minutes: int
    started_at: Moment | None = None
    notes: str = ""


class Needed(Request):
    """The task that has to be finished before."""

    needs_id: Ref


class ListQuery(Request):
    """Filters, order and place of a list. All filters have to fit; of several statuses or
    priorities one. `overdue` may stand for a status, and keeps those that are late."""

    model_config = ConfigDict(strict=False)

    status: list[Word] = []
    priority: list[Word] = []
    assigned_to: Annotated[str | None, Field(max_length=40)] = None
    project_id: Annotated[str | None, Field(max_length=40)] = None
    lead_id: Annotated[str | None, Field(max_length=40)] = None
    parent_id: Annotated[str | None, Field(max_length=40)] = None
    overdue: bool | None = None
    blocked: bool | None = None
    updated_since: Moment | None = None
    q: Annotated[str | None, Field(max_length=200)] = None
    sort: Literal[
        "number", "-number", "due", "-due", "priority", "-priority",
        "updated", "-updated", "title", "-title",
    ] = "number"  # fmt: skip
    cursor: Annotated[str | None, Field(max_length=1000)] = None
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50


class PageQuery(Request):
    """A place in a list that has one order."""

    model_config = ConfigDict(strict=False)

    cursor: Annotated[str | None, Field(max_length=1000)] = None
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50


class PrintedPart(Answer):
    """A person on a task, by their number."""

    number: int
    part: Part
    percent: int
    accepted_at: str | None
    completed_at: str | None


class PrintedTask(Answer):
    """`assigned_to` is who was first to have to do it. `due_day` is there where the due is a day;
    `due_date` is then the end of that day. `rollup_progress`, `child_count` and `is_blocked` come
    from other tasks and change without a new version."""

    id: int
    uuid: str
    title: str
    description: str
    status: Status
    priority: Priority
    progress_percentage: int
    assigned_to: int | None
    created_by: int
    lead_id: str | None
    project_id: int | None
    parent_id: int | None
    task_type: str
    due_date: str | None
    due_day: str | None
    scheduled_at: str | None
    started_at: str | None
    completed_at: str | None
    cancelled_at: str | None
    completion_notes: str
    estimated_duration_min: int | None
    actual_duration_min: int
    quality_rating: int | None
    revenue_cents: int | None
    people: list[PrintedPart]
    rollup_progress: int | None
    child_count: int
    comment_count: int
    is_overdue: bool
    is_blocked: bool
    version: int
    created_at: str
    updated_at: str


class TaskList(Answer):
    """`next` is the `cursor` of the next page, null on the last."""

    tasks: list[PrintedTask]
    next: str | None


class PrintedComment(Answer):
    """`task_id` and `user_id` are numbers; a comment has none, and is named by its UUID."""

    id: str
    task_id: int
    user_id: int
    text: str
    parent_id: str | None
    attachments: list[str]
    created_at: str
    edited_at: str | None
    version: int


class CommentList(Answer):
    """The oldest first."""

    comments: list[PrintedComment]
    next: str | None


class PrintedTime(Answer):
    id: str
    task_id: int
    user_id: int
    minutes: int
    started_at: str | None
    notes: str
    created_at: str


class TimeList(Answer):
    """The oldest first. `actual_duration_min` is what all of them add up to."""

    entries: list[PrintedTime]
    actual_duration_min: int
    next: str | None


class NeededTask(Answer):
    """A task that has to be finished first. Title and status are null where it is not shared with
    the reader."""

    id: int
    uuid: str
    title: str | None
    status: Status | None


class Needs(Answer):
    needs: list[NeededTask]


class TaskStats(Answer):
    """Of what a person has to do, or of the whole tenant (`user_id` is null then).

    `completion_rate` (0 to 1) is the share of completed tasks, archived ones too, among those that
    were not cancelled; `mean_completion_ms` is from creation to completion. Both are null, like the
    mean rating, where there is nothing to divide by.
    """

    user_id: int | None
    total: int
    by_status: dict[Status, int]
    overdue: int
    due_within_24h: int
    completed: int
    completion_rate: float | None
    mean_completion_ms: int | None
    minutes_logged: int
    mean_rating: float | None
