"""What a person can do with tasks. Each call commits to the outbox and says which ids changed.

A refusal that is certain already here (bad input, no right, a status that cannot move) is a value
and nothing is queued; everything else is for the server to decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracker.cache.drafts import COMMENT_DRAFT, NOTE_DRAFT
from tracker.cache.entries import TrayEntry
from tracker.cache.precious import new_id
from tracker.cache.projection import Shown
from tracker.domain.change import OF_NOTIFICATIONS, TASK_KINDS, Action, Kind, other_tasks, parse
from tracker.domain.decision import Applied
from tracker.domain.editing import can_be_named
from tracker.domain.errors import Refusal
from tracker.domain.page import Changes
from tracker.domain.task import Part, Priority, TaskState
from tracker.services.workspace import Workspace, device_clock

STATUS_KINDS = frozenset(
    {Kind.COMPLETE, Kind.START, Kind.HOLD, Kind.RESUME, Kind.CANCEL, Kind.REOPEN,
     Kind.SET_PROGRESS}
)  # fmt: skip
_REVERSING = frozenset({Kind.RESUME, Kind.REOPEN})
OPPOSITE = {
    Kind.COMPLETE: Kind.REOPEN,
    Kind.CANCEL: Kind.REOPEN,
    Kind.HOLD: Kind.RESUME,
    Kind.CREATE_TASK: Kind.CANCEL,
}
"""What undoes an action that was sent already."""
_EDITABLE = {
    **dict.fromkeys(STATUS_KINDS, ("note",)),
    Kind.SET_PROGRESS: ("percent", "note"),
    Kind.COMMENT: ("text",),
    Kind.EDIT_COMMENT: ("text",),
    Kind.CREATE_TASK: ("title",),
    Kind.LOG_TIME: ("note",),
    Kind.RATE: ("note",),
}
"""The arguments that a person can change in an action that waits or was refused."""


@dataclass(frozen=True, slots=True)
class Done:
    """Saved on this device. `op_id` finds the action again, for its receipt or to undo it."""

    op_id: str
    kind: Kind
    task_id: str
    changes: Changes
    more: tuple[str, ...] = ()
    """The other actions of the same deed: more than a day's time is logged in several."""


def editable(action: Action) -> dict[str, Any]:
    """What can be edited in it, with the values it has."""
    return {name: action.args.get(name, "") for name in _EDITABLE.get(action.kind, ())}


def read_percent(text: str) -> object:
    """A typed percentage as a number; what is none stays text, and is refused for what it is."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text


@dataclass(frozen=True, slots=True)
class NewTask:
    """The fields of the assign form, already typed. `people` are (user id, part, percent)."""

    title: str
    description: str = ""
    priority: Priority = Priority.MEDIUM
    project_id: str | None = None
    due_at: int | None = None
    due_date: str | None = None
    estimated_minutes: int | None = None
    people: Sequence[tuple[str, Part, int]] = ()
    parent_id: str | None = None
    lead_id: str | None = None
    task_type: str = ""
    scheduled_at: int | None = None
    revenue_cents: int | None = None
    needs: Sequence[str] = ()
    """The tasks that it waits for."""


class Tasks:
    """Bound to an open workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._work = workspace

    def set_progress(self, task_id: str, percent: object, note: str = "") -> Done | Refusal:
        """`percent` is checked here, so a command line may hand on what was typed."""
        return self._act(Kind.SET_PROGRESS, task_id, {"percent": percent, "note": note})

    def move(self, kind: Kind, task_id: str, note: str = "") -> Done | Refusal:
        """complete, start, hold, resume, cancel, reopen or archive."""
        return self._act(kind, task_id, {"note": note})

    def change(self, task_id: str, fields: Mapping[str, object]) -> Done | Refusal:
        """New values of what a person may set (`domain.change.Edited`), by name."""
        return self._act(Kind.EDIT_FIELDS, task_id, {"fields": dict(fields)})

    def depend(self, task_id: str, needs_id: str) -> Done | Refusal:
        """The task waits for the other one."""
        return self._act(Kind.DEPEND, task_id, {"needs_id": needs_id})

    def undepend(self, task_id: str, needs_id: str) -> Done | Refusal:
        return self._act(Kind.UNDEPEND, task_id, {"needs_id": needs_id})

    def comment(
        self,
        task_id: str,
        text: str,
        parent_id: str | None = None,
        attachments: Sequence[str] = (),
    ) -> Done | Refusal:
        """`parent_id` is the comment that this one answers, `attachments` are addresses."""
        args: dict[str, Any] = {"comment_id": new_id(), "text": text}
        if parent_id is not None:
            args["parent_id"] = parent_id
        if attachments:
            args["attachments"] = list(attachments)
        return self._act(Kind.COMMENT, task_id, args)

    def reword(self, task_id: str, comment_id: str, text: str) -> Done | Refusal:
        """Other words in an own comment; the earlier ones stay in the audit trail."""
        return self._act(Kind.EDIT_COMMENT, task_id, {"comment_id": comment_id, "text": text})

    def accept(self, task_id: str) -> Done | Refusal:
        """The person takes on what they were assigned."""
        return self._act(Kind.ACCEPT, task_id, {})

    def log_time(
        self, task_id: str, minutes: int, note: str = "", started_at: int | None = None
    ) -> Done | Refusal:
        """Minutes worked; below zero they correct an earlier entry."""
        args: dict[str, Any] = {"entry_id": new_id(), "minutes": minutes, "note": note}
        if started_at is not None:
            args["started_at"] = started_at
        return self._act(Kind.LOG_TIME, task_id, args)

    def stop_timer(
        self, task_id: str, minutes: Sequence[int], started_at: int, note: str = ""
    ) -> Done | Refusal:
        """Logs what a timer counted, which ends it, in one transaction. `minutes` are not empty;
        the instant is the device's."""
        return self.log_worked(task_id, minutes, started_at, note, stops_timer=True)

    def log_worked(
        self,
        task_id: str,
        minutes: Sequence[int],
        started_at: int | None = None,
        note: str = "",
        *,
        stops_timer: bool = False,
    ) -> Done | Refusal:
        """Logs time in as many entries as `domain.timer.minutes` made of it, all or none of them.
        The instant is the device's."""
        offset = self._work.confirmed.position().clock_offset or 0
        more: list[Action] = []

        def logged(number: int) -> dict[str, Any]:
            args: dict[str, Any] = {"entry_id": new_id(), "minutes": number, "note": note}
            return args if started_at is None else {**args, "started_at": started_at + offset}

        def save(action: Action, _draft: object) -> Changes:
            more[:] = [
                # On the first: taking that back before it is sent takes all of them.
                replace(
                    action, op_id=new_id(), args=logged(one),
                    depends_on=(*action.depends_on, action.op_id),
                )
                for one in minutes[1:]
            ]  # fmt: skip
            return self._work.outbox.add([action, *more], stops_timer=stops_timer)

        done = self._act(Kind.LOG_TIME, task_id, logged(minutes[0]), save)
        if isinstance(done, Refusal):
            return done
        return replace(done, more=tuple(action.op_id for action in more))

    def rate(self, task_id: str, rating: int, note: str = "") -> Done | Refusal:
        """How good completed work was, 1 to 5."""
        return self._act(Kind.RATE, task_id, {"rating": rating, "note": note})

    def assign(self, task_id: str, user_id: str, part: Part, percent: int) -> Done | Refusal:
        args = {"user_id": user_id, "part": part.value, "percent": percent}
        return self._act(Kind.ASSIGN, task_id, args)

    def unassign(self, task_id: str, user_id: str) -> Done | Refusal:
        return self._act(Kind.UNASSIGN, task_id, {"user_id": user_id})

    def create(self, new: NewTask) -> Done | Refusal:
        """The task and what it waits for are saved together: all of it or none."""
        args = {
            "title": new.title,
            "description": new.description,
            "priority": new.priority.value,
            "project_id": new.project_id,
            "due_at": new.due_at,
            "due_date": new.due_date,
            "estimated_minutes": new.estimated_minutes,
            "people": [
                {"user_id": user_id, "part": part.value, "percent": percent}
                for user_id, part, percent in new.people
            ],
        }
        # A server of the version before knows no such fields: what is empty is not said.
        more = {
            "parent_id": new.parent_id,
            "lead_id": new.lead_id,
            "task_type": new.task_type or None,
            "scheduled_at": new.scheduled_at,
            "revenue_cents": new.revenue_cents,
        }
        args |= {name: value for name, value in more.items() if value is not None}
        task_id, needed = new_id(), list(dict.fromkeys(new.needs))
        if needed and (refusal := self._cannot_need(needed)) is not None:
            return refusal
        waits: list[Action] = []

        def save(action: Action, _draft: object) -> Changes:
            for one in needed:
                args = {"needs_id": one}
                wait = replace(action, op_id=new_id(), kind=Kind.DEPEND, args=args, depends_on=())
                # On its making: taking that back before it is sent takes all of it.
                needs = (action.op_id, *self._needs(wait))
                waits.append(replace(wait, depends_on=needs))
            return self._work.outbox.add([action, *waits])

        done = self._act(Kind.CREATE_TASK, task_id, args, save)
        if isinstance(done, Refusal):
            return done
        return replace(done, more=tuple(action.op_id for action in waits))

    def _cannot_need(self, task_ids: Sequence[str]) -> Refusal | None:
        """Why a new task cannot wait for one of these."""
        views = self._work.projection.views(task_ids)
        for task_id in task_ids:
            view = views.get(task_id)
            if not can_be_named(view.state if view else None, self._work.actor):
                return Refusal("E5030", "needs_id")
        return None

    # -- afterwards ------------------------------------------------------------------------

    def undo(self, done: Done) -> Done | Refusal | Changes:
        """Takes an unsent action back; once it was sent, does its `OPPOSITE`, if it has one."""
        withdrawn = self.withdraw(done.op_id)
        if isinstance(withdrawn, Changes):
            return withdrawn
        if done.kind is Kind.LOG_TIME:
            return self._take_back_time(done, withdrawn)
        if done.kind not in OPPOSITE:
            return withdrawn
        return self.move(OPPOSITE[done.kind], done.task_id)

    def _take_back_time(self, done: Done, sent: Refusal) -> Done | Refusal:
        """As much less; while any of it is on its way nobody knows yet whether it counts."""
        all_of_it = (done.op_id, *done.more)
        delivered = self._work.outbox.delivered_of(all_of_it)
        if len(delivered) < len(all_of_it):
            return sent
        less = [-int(action.args["minutes"]) for action, _ in delivered.values()]
        return self.log_worked(done.task_id, less)

    def withdraw(self, op_id: str) -> Changes | Refusal:
        """Takes an unsent action back; what was written in it is a draft again. E5016 when the
        synchronising was quicker."""
        return self._work.outbox.withdraw(op_id, device_clock())

    def edit(self, op_id: str, changes: Mapping[str, object]) -> Done | Refusal:
        """Other words or another number in an own change: in its place while it was never sent; in
        the tray by doing it again. E5016 in between, E2017 for what is not `editable`."""
        outbox = self._work.outbox
        known = {item.action.op_id: item.action for item in outbox.waiting()}
        tray = {entry.action.op_id: entry for entry in outbox.tray()}
        action = tray[op_id].action if op_id in tray else known.get(op_id)
        if action is None:
            return Refusal("E5016")
        for name in changes:
            if name not in editable(action):
                return Refusal("E2017", name, "This cannot be edited here.")
        if op_id in tray:
            return self.retry(tray[op_id], changes)
        parsed = parse(action.kind, {**action.args, **changes})
        if isinstance(parsed, Refusal):
            return parsed
        edited = outbox.edit(op_id, changes)
        if isinstance(edited, Refusal):
            return edited
        return Done(op_id, action.kind, action.task_id, edited)

    def retry(
        self, entry: TrayEntry, changes: Mapping[str, object] | None = None
    ) -> Done | Refusal:
        """Does it again, with other args where `changes` says so, as a new action on what the task
        is now, and what was blocked by it."""
        action, outbox = entry.action, self._work.outbox
        if action.kind in OF_NOTIFICATIONS:
            position, now = self._work.confirmed.position(), device_clock()
            again = replace(action, op_id=new_id(), made_at=now, base_epoch=position.epoch)
            done = outbox.retry(action.op_id, again, now)
            return Done(again.op_id, again.kind, again.task_id, done)
        return self._act(
            action.kind,
            action.task_id,
            {**action.args, **(changes or {})},
            lambda again, _draft: outbox.retry(action.op_id, again, device_clock()),
        )

    def send_as_comment(self, entry: TrayEntry) -> Done | Refusal:
        """Keeps what was written and the number, as a comment on the task."""
        args = {"comment_id": new_id(), "text": as_text(entry.action)}
        settles = (entry.action.op_id, "sent as comment", device_clock())
        return self._act(
            Kind.COMMENT,
            entry.action.task_id,
            args,
            lambda again, draft: self._work.outbox.add([again], draft, settles),
        )

    def discard(self, entry: TrayEntry) -> Changes:
        return self._work.outbox.resolve(entry.action.op_id, "discarded", device_clock())

    def try_now(self, op_id: str) -> None:
        """Lets the next synchronising send a parked action, before its hour is over."""
        self._work.outbox.try_now(op_id)

    def give_up(self, op_id: str) -> Changes | Refusal:
        """Wants an action that waits never to be done; what was written in it is a draft again, as
        soon as that is certain. E5016 when it has its receipt."""
        withdrawn = self.withdraw(op_id)
        if isinstance(withdrawn, Changes):
            return withdrawn
        return self._work.outbox.give_up(op_id, device_clock())

    # -- inside ----------------------------------------------------------------------------

    def _act(
        self,
        kind: Kind,
        task_id: str,
        args: Mapping[str, Any],
        save: Callable[[Action, tuple[str, str] | None], Changes] | None = None,
    ) -> Done | Refusal:
        shown = self._work.projection.shown(task_id)
        action = self.draw_up(kind, task_id, args, shown)
        decided = self.decide(action, shown)
        if isinstance(decided, Refusal):
            return decided
        sends_draft = self._draft_in(task_id, args)
        save = save or (lambda one, draft: self._work.outbox.add([one], draft))
        return Done(action.op_id, kind, task_id, save(action, sends_draft))

    def shown(self, task_ids: Sequence[str]) -> Shown:
        """Tasks as a person sees them now, for `draw_up` and `decide`; a thousand at most."""
        return self._work.projection.shown(*task_ids)

    def draw_up(self, kind: Kind, task_id: str, args: Mapping[str, Any], shown: Shown) -> Action:
        """The action as it would be saved now, by a person who sees `shown`."""
        state = shown.states.get(task_id)
        action = Action(
            op_id=new_id(),
            kind=kind,
            task_id=task_id,
            args=dict(args),
            made_at=device_clock(),
            base_version=state.task.version if state else None,
            base_epoch=shown.position.epoch,
            clock_offset=shown.position.clock_offset,
            seen=_seen(state),
        )
        return replace(action, depends_on=self._needs(action))

    def decide(self, action: Action, shown: Shown) -> Applied | Refusal | None:
        """What comes of the action, or why it is certain to be refused; of one about no task only
        its arguments tell, and None is all that is known of a good one."""
        if action.kind not in TASK_KINDS:
            parsed = parse(action.kind, action.args)
            return parsed if isinstance(parsed, Refusal) else None
        return self._work.projection.decide(action, shown)

    def _draft_in(self, task_id: str, args: Mapping[str, Any]) -> tuple[str, str] | None:
        """The half-typed text that the action carries, and takes along."""
        said = str(args.get("text") or args.get("note") or "").strip()
        for name in (COMMENT_DRAFT, NOTE_DRAFT):
            if said and self._work.outbox.draft(task_id, name).strip() == said:
                return task_id, name
        return None

    def _needs(self, action: Action) -> tuple[str, ...]:
        """Waiting actions this one stands on: what creates the tasks and comments it names, what
        it reverses."""
        needed: list[str] = []
        status = None
        said = {action.args.get("comment_id"), action.args.get("parent_id")} - {None}
        for task_id in (action.task_id, *other_tasks(action)):
            for item in self._work.outbox.waiting(task_id):
                earlier = item.action
                makes_comment = earlier.kind is Kind.COMMENT
                if earlier.kind is Kind.CREATE_TASK or (
                    makes_comment and earlier.args.get("comment_id") in said
                ):
                    needed.append(earlier.op_id)
                elif earlier.kind in STATUS_KINDS and task_id == action.task_id:
                    status = earlier.op_id
        if status is not None and action.kind in _REVERSING:
            needed.append(status)
        return tuple(needed)


def _seen(state: TaskState | None) -> dict[str, Any]:
    if state is None:
        return {}
    task = state.task
    return {"title": task.title, "status": task.status.value, "progress": task.progress}


def as_text(action: Action) -> str:
    """What a person wrote and chose in an action, as plain words; nothing of it may be lost."""
    said = str(action.args.get("text") or action.args.get("note") or "")
    if action.kind is Kind.SET_PROGRESS:
        return f"{action.args.get('percent')} %: {said}" if said else f"{action.args['percent']} %"
    if action.kind is Kind.EDIT_FIELDS:
        fields = action.args.get("fields") or {}
        return ", ".join(f"{name}: {value}" for name, value in fields.items())
    if action.kind is Kind.LOG_TIME:
        return f"{action.args.get('minutes')} min worked: {said}"
    if action.kind is Kind.RATE:
        return f"{action.args.get('rating')} of 5: {said}"
    if action.kind in (Kind.COMMENT, Kind.EDIT_COMMENT, Kind.CREATE_TASK):
        return said or str(action.args.get("title", ""))
    return f"{action.kind.value}: {said}" if said else action.kind.value
