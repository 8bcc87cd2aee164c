"""What deciding about an action needs, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from tracker.domain.access import Actor
from tracker.domain.change import Action
from tracker.domain.task import (
    Assignment,
    Comment,
    Dependency,
    Occupancy,
    Part,
    Scalar,
    Status,
    TaskState,
    TimeEntry,
    with_values,
)

CLOCK_TOLERANCE = 5 * 60_000
_SHOWN = frozenset({"status", "progress"})
_BEGUN = frozenset({Status.IN_PROGRESS, Status.COMPLETED})


def nothing(_: str) -> None:
    return None


def none_of(_: str) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Context:
    """What deciding needs beside the task. `moved` names the fields another device changed after
    the action's base; `people` and `projects` are the ids an action may name. `task` finds another
    task, `needs` what a task waits for, `comment` a comment, `logged` how many minutes of a task
    are the actor's: by their ids, as far as is known."""

    received_at: int
    zone: tzinfo
    people: Container[str]
    projects: Container[str]
    moved: frozenset[str] = frozenset()
    number: int = 0
    task: Callable[[str], TaskState | None] = nothing
    needs: Callable[[str], Iterable[str]] = none_of
    comment: Callable[[str], Comment | None] = nothing
    logged: Callable[[str], int | None] = nothing


@dataclass(frozen=True, slots=True)
class Fact:
    """What the audit trail and the history say of one applied action."""

    event: str
    before: Mapping[str, Scalar]
    after: Mapping[str, Scalar]
    note: str = ""
    occupancy: Occupancy | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """The action took effect. `changed` names the task's fields that are different now, `merged`
    those where a change by another device was overtaken. The rest are rows it made or changed;
    `parted` is what the task does not wait for any more."""

    state: TaskState
    fact: Fact
    changed: frozenset[str]
    merged: tuple[str, ...] = ()
    comment: Comment | None = None
    entry: TimeEntry | None = None
    dependency: Dependency | None = None
    parted: str | None = None


def work_time(action: Action, received_at: int) -> int:
    """When the work was done, in server time: the device's clock corrected by the offset it knew,
    never later than the arrival and never before 1970. Recorded and shown; it never decides who
    wins."""
    return max(0, min(action.made_at + (action.clock_offset or 0), received_at))


def clock_is_off(action: Action, received_at: int) -> bool:
    """Whether the device's clock was wrong by more than 5 minutes, as far as can be told."""
    if action.clock_offset is None:
        return action.made_at > received_at + CLOCK_TOLERANCE
    return abs(action.clock_offset) > CLOCK_TOLERANCE


def applied(
    before: TaskState,
    values: dict[str, Any],
    action: Action,
    actor: Actor,
    ctx: Context,
    note: str = "",
    occupancy: Occupancy | None = None,
    told: frozenset[str] = _SHOWN,
) -> Applied:
    """The task with these values. History tells of the fields `told`, where they differ."""
    old = before.task
    status = values.get("status", old.status)
    people = before.people
    if status is not old.status:
        when = work_time(action, ctx.received_at)
        if status in _BEGUN and old.started_at is None:
            values["started_at"] = when
        people = _parts_done(before, status, actor.user_id, when)
    task = with_values(old, {**values, "updated_at": ctx.received_at})
    changed = frozenset(name for name, value in values.items() if getattr(old, name) != value)
    shown = sorted(changed & told)
    fact = Fact(
        action.kind,
        {name: getattr(old, name) for name in shown},
        {name: values[name] for name in shown},
        note,
        occupancy,
    )
    merged = tuple(sorted(changed & ctx.moved & (told | {"progress"}) - {"status"}))
    return Applied(TaskState(task, people), fact, changed, merged)


def _parts_done(
    state: TaskState, status: Status, user_id: str, when: int
) -> Mapping[str, Assignment]:
    """Who completed the task has done their part; nobody has when it is open again."""
    done: dict[str, Assignment] = {}
    if status is Status.COMPLETED:
        own = state.people.get(user_id)
        if own is not None and own.part is Part.ASSIGNEE:
            done[user_id] = replace(own, completed_at=when, version=own.version + 1)
    elif state.task.status is Status.COMPLETED and status is Status.IN_PROGRESS:
        for other, row in state.people.items():
            if row.completed_at is not None:
                done[other] = replace(row, completed_at=None, version=row.version + 1)
    return {**state.people, **done} if done else state.people
