"""Commands that do something with a task, and the queue of what was done. Nothing here loads the
network before something has to be sent."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tracker.cache.entries import Waiting
from tracker.cache.projection import TaskView
from tracker.commands.common import (
    Exit,
    complain,
    deliver,
    find_change,
    find_task,
    require_profile,
    say,
)
from tracker.config import Profile
from tracker.domain.change import Action, Kind
from tracker.domain.errors import InputError, Refusal, entry_of
from tracker.domain.instants import rfc3339
from tracker.domain.receipt import EFFECTIVE
from tracker.services import wording
from tracker.services.attention import action_json, entry_json, export, receipt_json, title_of
from tracker.services.tasks import Done, Tasks, editable, read_percent
from tracker.services.workspace import Workspace, device_clock, open_workspace

Act = Callable[[Tasks, TaskView], Done | Refusal]


def progress(args: argparse.Namespace, root: Path) -> Exit:
    percent = read_percent(args.percent)
    return _do(args, root, lambda tasks, view: tasks.set_progress(view.task.id, percent, args.note))


def _move(kind: Kind) -> Callable[[argparse.Namespace, Path], Exit]:
    def run(args: argparse.Namespace, root: Path) -> Exit:
        return _do(args, root, lambda tasks, view: tasks.move(kind, view.task.id, args.note))

    return run


complete, hold, resume = _move(Kind.COMPLETE), _move(Kind.HOLD), _move(Kind.RESUME)


def comment(args: argparse.Namespace, root: Path) -> Exit:
    return _do(args, root, lambda tasks, view: tasks.comment(view.task.id, args.text))


def _do(args: argparse.Namespace, root: Path, act: Act) -> Exit:
    """Saves the action, then tries to deliver it and says how that went."""
    profile = require_profile(root)
    workspace = open_workspace(profile)
    try:
        return _finish(profile, workspace, act(Tasks(workspace), find_task(workspace, args.task)))
    finally:
        workspace.close()


def edit(args: argparse.Namespace, root: Path) -> Exit:
    """Other words or another number in a change that waits unsent or was refused."""
    typed = {"note": args.note, "percent": args.percent, "title": args.title}
    changes: dict[str, object] = {name: text for name, text in typed.items() if text is not None}
    if not changes:
        raise InputError("E2018", "Give --note, --percent or --title.")
    if "percent" in changes:
        changes["percent"] = read_percent(args.percent)
    profile = require_profile(root)
    workspace = open_workspace(profile)
    try:
        action = find_change(workspace, args.op_id, refused=True)
        if action.kind is Kind.COMMENT and "note" in changes:
            changes["text"] = changes.pop("note")
        return _finish(profile, workspace, Tasks(workspace).edit(action.op_id, changes))
    finally:
        workspace.close()


def _finish(profile: Profile, workspace: Workspace, done: Done | Refusal) -> Exit:
    """Tries to deliver what was saved and says how that went."""
    if isinstance(done, Refusal):
        return complain(done)
    receipts = deliver(profile, workspace, [done.op_id], "Saved; it is sent")
    if receipts is None:
        return Exit.QUEUED
    (receipt,) = receipts
    if receipt.outcome in EFFECTIVE:
        say("Done." if not receipt.merged else "Done; it overtook a change by another device.")
        return Exit.DONE
    assert receipt.code is not None
    return complain(Refusal(receipt.code, info=receipt.info))


def give_up(args: argparse.Namespace, root: Path) -> Exit:
    """Withdraws what was never sent; otherwise the server has to agree."""
    profile = require_profile(root)
    workspace = open_workspace(profile)
    try:
        op_id, outbox = find_change(workspace, args.op_id).op_id, workspace.outbox
        given = Tasks(workspace).give_up(op_id)
        if isinstance(given, Refusal):
            return complain(given)
        waits = any(item.action.op_id == op_id for item in outbox.waiting())
        if not waits and outbox.receipt_of(op_id) is None:
            say("Withdrawn; it was never sent. What you wrote is a draft again.")
            return Exit.DONE
        receipts = deliver(profile, workspace, [op_id], "Giving up; it is certain")
    finally:
        workspace.close()
    if receipts is None:
        return Exit.QUEUED
    if receipts[0].outcome in EFFECTIVE:
        return complain(Refusal("E5021"))
    say("Given up. What you wrote is a draft again.")
    return Exit.DONE


def queue(args: argparse.Namespace, root: Path) -> Exit:
    workspace = open_workspace(require_profile(root))
    waiting, tray = workspace.outbox.waiting(), workspace.outbox.tray()
    if args.export is not None:
        export(tray, Path(args.export), device_clock(), overwrite=args.overwrite)
        say(f"Refused changes written to {args.export}: {len(tray)}.")
    elif args.json:
        say(json.dumps({
            "format": 1,
            "waiting": [_waiting_json(item) for item in waiting],
            "rejected": [entry_json(entry) for entry in tray],
            "delivered": [
                {**action_json(action), "receipt": receipt_json(receipt)}
                for action, receipt in workspace.outbox.delivered()
            ],
        }, ensure_ascii=False, indent=1))  # fmt: skip
    else:
        now = device_clock()
        for item in waiting:
            made = wording.clock(item.action.made_at, now)
            state = "given up" if item.given_up else "parked" if item.parked else "waiting"
            say(f"{state:<8}  {made:>9}  {_said(item.action)}")
            if state == "parked":
                say("          The server could not take this; Tracker tries it once an hour.")
                say(f"          To give it up: tracker give-up {item.action.op_id}")
            elif item.unsent and editable(item.action):
                say(f"          To edit it: tracker edit {item.action.op_id}")
        for entry in tray:
            code = entry.receipt.code or "E5008"
            say(f"rejected  {_said(entry.action)}")
            say(f"          {entry_of(code).message} ({code}) {entry_of(code).remedy}")
            if editable(entry.action):
                say(f"          To edit it and try again: tracker edit {entry.action.op_id}")
        if not waiting and not tray:
            say("Everything has been delivered.")
    workspace.close()
    return Exit.DONE


def _said(action: Action) -> str:
    """What it is about, and what was done. A report of activity is about nothing else."""
    done = wording.did(action)
    return done if action.kind is Kind.OCCUPANCY else f"{title_of(action)}: {done}"


def _waiting_json(item: Waiting) -> dict[str, Any]:
    return {
        **action_json(item.action),
        "device_id": item.device_id,
        "device_seq": item.device_seq,
        "first_attempt_at": rfc3339(item.first_attempt_at),
        "parked": item.parked,
        "given_up": item.given_up,
        "not_before": rfc3339(item.not_before),
    }
