"""What every command shares: exit codes, finding the profile and the task."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from tracker.cache.projection import TaskView
from tracker.config import Profile, current_profile
from tracker.domain.change import Action
from tracker.domain.errors import InputError, Refusal, TrackerError, describe
from tracker.domain.receipt import Receipt
from tracker.services.workspace import Workspace

PREFIX = 4
"""Characters of an id that must be given at least."""


class Exit(IntEnum):
    """The stable exit codes, described in docs/cli.md."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    QUEUED = 3


def say(text: str) -> None:
    print(text)


def complain(fault: TrackerError | Refusal) -> Exit:
    """One sentence on stderr. Input that cannot be used is wrong use, everything else refused."""
    info = fault.info
    print(describe(fault.code, info), file=sys.stderr)
    return Exit.USAGE if fault.code.startswith("E2") else Exit.REFUSED


def require_profile(root: Path) -> Profile:
    profile = current_profile(root, "desk")
    if profile is None:
        raise InputError("E1003", "Run tracker login first.")
    return profile


def deliver(
    profile: Profile, workspace: Workspace, op_ids: Sequence[str], saved: str
) -> list[Receipt] | None:
    """Synchronises, or waits for the window that does; without all receipts it says how it is."""
    from tracker.services import credentials, syncing

    report = syncing.sync_once(profile, credentials.for_profile(profile))
    if report is None:
        syncing.wait_for_receipts(workspace, set(op_ids))
    found = [workspace.outbox.receipt_of(op_id) for op_id in op_ids]
    receipts = [receipt for receipt in found if receipt is not None]
    if len(receipts) == len(op_ids):
        return receipts
    reason = f": {report.fault}" if report and report.fault else "."
    say(f"{saved} when the server can be reached{reason}")
    return None


def find_change(workspace: Workspace, ref: str, refused: bool = False) -> Action:
    """A waiting action, or a refused one too, by its op_id or the beginning of one that fits only
    it. E5020 otherwise."""
    actions = [item.action for item in workspace.outbox.waiting()]
    actions += [entry.action for entry in workspace.outbox.tray() if refused]
    fitting = [action for action in actions if action.op_id.startswith(ref.lower())]
    if len(fitting) != 1 or len(ref) < PREFIX:
        raise TrackerError("E5020", f"({ref})")
    return fitting[0]


def find_task(workspace: Workspace, ref: str) -> TaskView:
    """A task by number, UUID, or the beginning of one that fits only it. E4013 for one of which
    only a stub is here, E5001 otherwise."""
    tasks = [task for task, _ in workspace.projection.listing()]
    if ref.isascii() and ref.isdigit():
        fitting = [task.id for task in tasks if str(task.number) == ref]
    else:
        found = tasks if len(ref) >= PREFIX else ()
        fitting = [task.id for task in found if task.id.startswith(ref.lower())]
    views = workspace.projection.views(fitting) if len(fitting) == 1 else {}
    if len(views) != 1:
        known = not fitting and find_stub(workspace, ref) is not None
        raise TrackerError("E4013" if known else "E5001", f"({ref})")
    return views[fitting[0]]


def find_stub(workspace: Workspace, ref: str) -> str | None:
    """The id of the one evicted task that a reference like that of `find_task` fits."""
    is_number = ref.isascii() and ref.isdigit()
    fitting = workspace.confirmed.find_stubs(ref.lower()) if is_number or len(ref) >= PREFIX else ()
    return fitting[0] if len(fitting) == 1 else None
