"""What needs attention, as a person reads it: on the screen, in JSON, in a file of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracker.cache.entries import TrayEntry
from tracker.domain.change import TASK_KINDS, Action, Kind
from tracker.domain.errors import EnvironmentFault, InputError, entry_of
from tracker.domain.instants import rfc3339
from tracker.domain.receipt import Receipt
from tracker.domain.task import Status
from tracker.services import wording

_THINGS = {Kind.OCCUPANCY: "Your activity", Kind.MARK_NOTIFICATION: "Notification"}
_SAID = frozenset({"percent", "note", "text", "comment_id"})
"""Arguments that `wording.did` says, or that say nothing to a person."""


def title_of(action: Action) -> str:
    said = action.seen.get("title") or action.args.get("title")
    return str(said or _THINGS.get(action.kind, "Task"))


def sides(entry: TrayEntry, now: int) -> list[tuple[str, str]]:
    """What you did, what you saw, what the server has, and why it was refused: (what, words)."""
    action, receipt = entry.action, entry.receipt
    code = receipt.code or "E5008"
    lines = [("You did", wording.did_when(action, now))]
    if "status" in action.seen:
        was = wording.STATUS_WORDS[Status(action.seen["status"])]
        lines.append(("You saw", f"{was}, {action.seen.get('progress')} %"))
    current = receipt.current
    if current:
        is_now = wording.STATUS_WORDS[Status(current["status"])]
        lines.append(("Server has", f"{is_now}, {current['progress']} %"))
    elif receipt.blocked_by is None and action.kind in TASK_KINDS:  # else nothing is said of a task
        lines.append(("Server has", "nothing you may see"))
    lines.append(("Why", f"{entry_of(code).message} ({code}) {entry_of(code).remedy}"))
    return lines


def action_json(action: Action) -> dict[str, Any]:
    return {
        "op_id": action.op_id,
        "kind": action.kind,
        "task_id": action.task_id,
        "args": dict(action.args),
        "made_at": rfc3339(action.made_at),
        "depends_on": list(action.depends_on),
    }


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    return {
        "outcome": receipt.outcome,
        "code": receipt.code,
        "message": entry_of(receipt.code).message if receipt.code else None,
        "info": receipt.info,
        "blocked_by": receipt.blocked_by,
        "merged": list(receipt.merged),
        "task_version": receipt.task_version,
        "current": receipt.current,
    }


def entry_json(entry: TrayEntry) -> dict[str, Any]:
    return {
        **action_json(entry.action),
        "seen": dict(entry.action.seen),
        "receipt": receipt_json(entry.receipt),
    }


def export(entries: Sequence[TrayEntry], path: Path, now: int, *, overwrite: bool) -> None:
    """Writes the entries as JSON if the name ends with .json, else as text, in UTF-8. E2021 for a
    file that exists, unless a person said to `overwrite` it; E3012 where it cannot be written."""
    text = _as_json(entries, now) if path.suffix.lower() == ".json" else _as_text(entries, now)
    try:
        with path.open("w" if overwrite else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError("E2021", f"({path})") from error
    except OSError as error:
        raise EnvironmentFault("E3012", f"({error.strerror})") from error


def _as_json(entries: Sequence[TrayEntry], now: int) -> str:
    found = [entry_json(entry) for entry in entries]
    document = {"format": 1, "exported_at": rfc3339(now), "rejected": found}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _as_text(entries: Sequence[TrayEntry], now: int) -> str:
    said = [f"Tracker: needs attention, {rfc3339(now)}\n"]
    for entry in entries:
        action = entry.action
        lines = sides(entry, now)
        lines[1:1] = [
            (name.replace("_", " ").capitalize(), _plain(value))
            for name, value in action.args.items()
            if name not in _SAID and value not in (None, "", [])
        ]
        lines += [("Made at", str(rfc3339(action.made_at))), ("Change", action.op_id)]
        lines += [("Task", action.task_id)]
        said.append("\n".join([title_of(action), *(_line(*line) for line in lines)]) + "\n")
    return "\n".join(said)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(what: str, words: str) -> str:
    """Lines of what people wrote are indented, so that none looks like one of ours."""
    return f"  {what}: " + "\n    ".join(words.splitlines())
