"""A person's own notifications: the list, and marking them, which works offline like everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.cache.precious import new_id
from tracker.cache.projection import Mark
from tracker.domain.change import Action, Kind
from tracker.domain.errors import InputError
from tracker.domain.notification import Notification
from tracker.domain.page import Changes
from tracker.services.links import link_to, task_in
from tracker.services.workspace import Workspace, device_clock


@dataclass(frozen=True, slots=True)
class Saved:
    """The actions that were saved on this device; their op_ids find their receipts."""

    op_ids: tuple[str, ...]
    changes: Changes


class Notifications:
    """Bound to an open workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._work = workspace

    def listed(self) -> list[tuple[Notification, Mark]]:
        """What is neither archived nor expired, the newest first."""
        return self._work.projection.notifications(self._work.server_now())

    def read(self, rows: Sequence[Notification], is_read: bool = True) -> Saved:
        return self._mark(rows, {"read": is_read})

    def archive(self, rows: Sequence[Notification]) -> Saved:
        return self._mark(rows, {"archived": True})

    def _mark(self, rows: Sequence[Notification], args: dict[str, bool]) -> Saved:
        position, now = self._work.confirmed.position(), device_clock()
        actions = [
            Action(
                op_id=new_id(),
                kind=Kind.MARK_NOTIFICATION,
                task_id=row.id,
                args=args,
                made_at=now,
                base_version=row.version,
                base_epoch=position.epoch,
                clock_offset=position.clock_offset,
                seen={"title": row.message},
            )
            for row in rows
        ]
        changes = self._work.outbox.add(actions)
        return Saved(tuple(action.op_id for action in actions), changes)


def link_of(row: Notification) -> str:
    """Of the task that it is about; empty where it is about none. An address of anything else is
    not followed: nothing but a task opens here."""
    if row.entity_kind == "task" and row.entity_id:
        return link_to(row.entity_id)
    try:
        return link_to(task_in(row.action_url or ""))
    except InputError:
        return ""
