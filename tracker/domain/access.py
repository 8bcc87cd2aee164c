"""Who may do what: one function for the client's buttons and for the server's decision."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.domain.change import Kind
from tracker.domain.task import Part, Role, TaskState

_ASSIGNEE = frozenset(
    {Kind.SET_PROGRESS, Kind.START, Kind.HOLD, Kind.RESUME, Kind.COMPLETE, Kind.REOPEN,
     Kind.LOG_TIME, Kind.ACCEPT, Kind.COMMENT, Kind.EDIT_COMMENT}
)  # fmt: skip
_SPEAK = frozenset({Kind.COMMENT, Kind.EDIT_COMMENT})
_BY_PART: dict[Part, frozenset[Kind]] = {
    Part.ASSIGNEE: _ASSIGNEE,
    Part.REVIEWER: frozenset({Kind.REOPEN, Kind.RATE}) | _SPEAK,
    Part.WATCHER: _SPEAK,
}
_OWN_TASK = frozenset({Kind.CANCEL, Kind.EDIT_FIELDS, Kind.DEPEND, Kind.UNDEPEND})


@dataclass(frozen=True, slots=True)
class Actor:
    user_id: str
    role: Role

    @property
    def is_admin(self) -> bool:
        return self.role in (Role.ADMIN, Role.OWNER)


def may_see(actor: Actor, state: TaskState) -> bool:
    """Admins see the tenant; others what they are on or made."""
    return actor.is_admin or actor.user_id in state.people or state.task.created_by == actor.user_id


def may(actor: Actor, kind: Kind, state: TaskState) -> bool:
    """May `actor` do `kind` to this task? Creating is asked with the state it would make."""
    if actor.is_admin:
        return True
    own = state.people.get(actor.user_id)
    if kind is Kind.CREATE_TASK:
        # A task for themself, or for nobody yet; assigning others is an admin's.
        return all(user_id == actor.user_id for user_id in state.people)
    if own is not None and kind in _BY_PART[own.part]:
        return True
    if state.task.created_by == actor.user_id:
        for_themself = own is not None and own.part is Part.ASSIGNEE
        return kind in _SPEAK or (for_themself and kind in _OWN_TASK)
    return False
