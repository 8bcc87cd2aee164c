"""ETags of tasks: `"<beginning of the epoch>-<version>.<hash>"`.

Version and epoch say whether somebody changed the task; that is what If-Match asks. The hash is of
what changes without a version, because other tasks or the clock do: only a reader's If-None-Match
asks about it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from tracker.domain.task import Task, is_overdue


def _digest(parts: Iterable[object], length: int) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:length]


def of_task(epoch: str, task: Task, now: int) -> str:
    sums = (task.child_count, task.rollup_progress, task.open_needs, is_overdue(task, now))
    return f'"{epoch[:8]}-{task.version}.{_digest(sums, 8)}"'


def of_list(tags: Iterable[str], following: str | None) -> str:
    """Weak: the same rows may be printed in other bytes."""
    return f'W/"{_digest([*tags, following], 24)}"'


def _listed(header: str) -> list[str]:
    return [part.strip() for part in header.split(",")]


def _version(tag: str) -> str | None:
    """The part before the dot of a strong ETag."""
    if len(tag) < 2 or not (tag[0] == tag[-1] == '"'):
        return None
    return tag[1:-1].partition(".")[0]


def is_match(if_match: str | None, tag: str) -> bool:
    """Whether a change may go on: no condition, any version, or the present one."""
    if if_match is None:
        return True
    return any(one == "*" or _version(one) == _version(tag) for one in _listed(if_match))


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether the reader has it already."""
    if if_none_match is None:
        return False
    known = [one.removeprefix("W/") for one in _listed(if_none_match)]
    return "*" in known or tag.removeprefix("W/") in known
