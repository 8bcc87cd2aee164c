"""ETags of tasks and of their lists.

Version and epoch say whether somebody changed the task; that is what If-Match asks. The hash behind
them is of what changes without a version, because other tasks or the clock do: only a reader's
If-None-Match asks about it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from server_stub.core.preconditions import etag
from tracker.domain.task import Task, is_overdue


def _digest(parts: Iterable[object], length: int) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:length]


def of_task(epoch: str, task: Task, now: int) -> str:
    sums = (task.child_count, task.rollup_progress, task.open_needs, is_overdue(task, now))
    return etag(epoch, task, _digest(sums, 8))


def of_list(tags: Iterable[str], following: str | None) -> str:
    """Weak: the same rows may be printed in other bytes."""
    return f'W/"{_digest([*tags, following], 24)}"'
