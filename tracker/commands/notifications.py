"""`tracker notifications`: what the person is told of, from the cache; marking works offline."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from tracker.cache.projection import Mark
from tracker.commands.common import PREFIX, Exit, complain, deliver, require_profile, say
from tracker.config import Profile
from tracker.domain.errors import Refusal, TrackerError
from tracker.domain.instants import rfc3339
from tracker.domain.notification import Notification
from tracker.domain.receipt import EFFECTIVE
from tracker.services import wording
from tracker.services.notifications import Notifications
from tracker.services.workspace import Workspace, open_workspace


def notifications(args: argparse.Namespace, root: Path) -> Exit:
    """Lists them, the newest first, or marks as read."""
    profile = require_profile(root)
    with closing(open_workspace(profile)) as workspace:
        if args.read is not None:
            return _read(profile, workspace, args.read)
        found = [
            (row, mark)
            for row, mark in Notifications(workspace).listed()
            if row.read_at is None or not args.unread
        ]
        if args.json:
            pulled_at = workspace.confirmed.position().pulled_at
            document = {
                "format": 1,
                "synced_at": rfc3339(pulled_at),
                "notifications": [_json(row, mark) for row, mark in found],
            }
            say(json.dumps(document, ensure_ascii=False, indent=1))
        elif found:
            say("\n".join(_line(row, mark, workspace.server_now()) for row, mark in found))
    return Exit.DONE


def _read(profile: Profile, workspace: Workspace, ref: str) -> Exit:
    own = Notifications(workspace)
    found = [row for row, _ in own.listed()]
    if ref != "all":
        found = [_find(found, ref)]
    unread = [row for row in found if row.read_at is None]
    if not unread:
        say("Nothing of that is unread.")
        return Exit.DONE
    saved = own.read(unread)
    receipts = deliver(profile, workspace, saved.op_ids, "Saved; it is sent")
    if receipts is None:
        return Exit.QUEUED
    for receipt in receipts:
        if receipt.outcome not in EFFECTIVE:
            assert receipt.code is not None
            return complain(Refusal(receipt.code, info=receipt.info))
    say("Done." if len(unread) == 1 else f"Done: {len(unread)} marked as read.")
    return Exit.DONE


def _find(rows: list[Notification], ref: str) -> Notification:
    """By number, id, or the beginning of one that fits only it. E5040 otherwise."""
    if ref.isascii() and ref.isdigit():
        fitting = [row for row in rows if str(row.number) == ref]
    else:
        fitting = [row for row in rows if len(ref) >= PREFIX and row.id.startswith(ref.lower())]
    if len(fitting) != 1:
        raise TrackerError("E5040", f"({ref})")
    return fitting[0]


def _line(row: Notification, mark: Mark, now: int) -> str:
    new = "new" if row.read_at is None else ""
    waits = "" if mark is Mark.SAVED else f"  [{mark}]"
    when = wording.clock(row.created_at, now)
    return f"{row.number:>5}  {when:>9}  {new:3}  {row.priority:8}  {row.message}{waits}"


def _json(row: Notification, mark: Mark) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "type": row.type,
        "title": row.title,
        "message": row.message,
        "priority": row.priority,
        "category": row.category,
        "created_at": rfc3339(row.created_at),
        "read_at": rfc3339(row.read_at),
        "expires_at": rfc3339(row.expires_at),
        "action_url": row.action_url,
        "entity_kind": row.entity_kind,
        "entity_id": row.entity_id,
        "sync": "saved" if mark is Mark.SAVED else "waiting",
    }
