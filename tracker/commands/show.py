"""`tracker show`: one task with what is known of it here. Only older history and evicted tasks need
the server."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tracker.cache.projection import TaskView, Trail
from tracker.commands.common import Exit, complain, find_stub, find_task, require_profile, say
from tracker.commands.listing import line, task_json
from tracker.config import Profile
from tracker.domain.change import Kind
from tracker.domain.errors import Refusal, SignInNeeded, TrackerError, Unreachable
from tracker.domain.instants import rfc3339
from tracker.domain.task import HistoryEntry
from tracker.services import wording
from tracker.services.workspace import Workspace, device_clock, open_workspace


def show(args: argparse.Namespace, root: Path) -> Exit:
    """Prints what is here; with --history also what only the server has, newest first."""
    profile = require_profile(root)
    with closing(open_workspace(profile)) as workspace:
        try:
            view = find_task(workspace, args.task)
        except TrackerError as absent:
            if absent.code != "E4013":
                raise
            failed = _fetch(profile, workspace, args.task)
            if failed is not None:
                return failed
            view = find_task(workspace, args.task)
        trail = workspace.projection.trail(view.task.id)
        history, fault = list(reversed(trail.history)), None
        oldest = next((e for e in trail.history if e.received_at is not None), None)
        # A task that the server does not have yet, or one whose first entry is here.
        complete = oldest is None or oldest.event == Kind.CREATE_TASK
        if args.history and oldest is not None and not complete:
            fault = _read_on(profile, oldest, history)
            complete = fault is None
        if args.json:
            say(_document(view, history, complete, workspace.server_now()))
        else:
            _print(workspace, view, trail, history)
            if not complete and not args.history:
                say(f"Older entries: tracker show {view.task.number} --history")
    return _ended(fault)


def _fetch(profile: Profile, workspace: Workspace, ref: str) -> Exit | None:
    """Brings an evicted task back, or says why it will come later."""
    from tracker.services import credentials, syncing

    task_id = find_stub(workspace, ref)
    assert task_id is not None
    workspace.confirmed.ask(task_id, device_clock())
    report = syncing.sync_once(profile, credentials.for_profile(profile))
    if report is None:
        syncing.wait_for(lambda: task_id not in workspace.confirmed.stubs())
    if find_stub(workspace, ref) is None:
        return None
    fault = report.fault if report else None
    complain(Refusal("E4013", info=fault.entry.message if fault else ""))
    return Exit.QUEUED


def _read_on(
    profile: Profile, oldest: HistoryEntry, history: list[HistoryEntry]
) -> TrackerError | None:
    """Adds the entries before the oldest one; what ended that early, if anything did."""
    from tracker.services import credentials
    from tracker.services.history import older

    try:
        tokens = credentials.for_profile(profile)
        for page in older(profile, tokens, oldest.task_id, int(oldest.id)):
            history += page
    except TrackerError as fault:
        return fault
    return None


def _ended(fault: TrackerError | None) -> Exit:
    if fault is None:
        return Exit.DONE
    if isinstance(fault, Unreachable | SignInNeeded):
        complain(Refusal("E4012", info=fault.entry.message))
        return Exit.QUEUED
    return complain(fault)


def _print(
    workspace: Workspace, view: TaskView, trail: Trail, history: Iterable[HistoryEntry]
) -> None:
    now = workspace.server_now()
    known = workspace.confirmed.people()
    names = {user_id: person.display_name for user_id, person in known.items()}
    say(line(view.task, view.mark, now))
    people = (f"{names.get(row.user_id, 'Someone')} ({row.part.lower()})" for row in view.people)
    say(f"People: {', '.join(people) or 'nobody'}")
    if view.task.description:
        say(view.task.description)
    for comment in trail.comments:
        who = names.get(comment.user_id) or wording.stranger(comment.user_id)
        say(f"{wording.clock(comment.made_at, now):>9}  {who} wrote: {comment.text}")
    say("History, newest first:")
    for entry in history:
        say(_entry(entry, names, now))


def _entry(entry: HistoryEntry, names: Mapping[str, str], now: int) -> str:
    note = f" · “{entry.note}”" if entry.note else ""
    waits = "" if entry.received_at is not None else "  [waiting]"
    who = names.get(entry.user_id) or wording.stranger(entry.user_id)
    what = wording.happened(entry, names)
    return f"{wording.clock(entry.made_at, now):>9}  {who}: {what}{note}{waits}"


def _document(view: TaskView, history: Iterable[HistoryEntry], complete: bool, now: int) -> str:
    found = {
        "format": 1,
        "task": json.loads(task_json(view.task, view.mark, now)),
        "history": [_entry_json(entry) for entry in history],
        "complete": complete,
    }
    return json.dumps(found, ensure_ascii=False, indent=1)


def _entry_json(entry: HistoryEntry) -> dict[str, Any]:
    waits = entry.received_at is None
    return {
        "n": None if waits else int(entry.id),
        "event": entry.event,
        "user": entry.user_id,
        "op_id": entry.op_id,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "note": entry.note,
        "worked_at": rfc3339(entry.made_at),
        "received_at": rfc3339(entry.received_at),
    }
