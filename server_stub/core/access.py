"""What a caller can see, as audiences of the feed and as a condition in SQL.

What a caller can *do* is `tracker.domain.access.may`, the same on both sides.
"""

from __future__ import annotations

from server_stub.core.auth import Caller
from server_stub.core.feed import ADMINS, ALL
from server_stub.core.problems import ProblemError
from tracker.domain.task import Role
from tracker.protocol.sync import Scope


def require_admin(caller: Caller, code: str = "E1005") -> None:
    if not caller.actor.is_admin:
        raise ProblemError(code)


def require_owner(caller: Caller) -> None:
    """People and roles are the owners'."""
    if caller.actor.role is not Role.OWNER:
        raise ProblemError("E1005")


def require_own_or_admin(caller: Caller, user_id: str) -> None:
    """What is reported of a person is for them and for admins. E5063 for anybody else: a
    colleague's is not there for them."""
    if not caller.actor.is_admin and caller.user_id != user_id:
        raise ProblemError("E5063")


def audiences(caller: Caller, scope: Scope) -> list[str]:
    """Whose changes this reader hears. The monitor is refused to employees (E1006)."""
    if scope == "monitor":
        require_admin(caller, "E1006")
        return [caller.user_id, ALL, ADMINS]
    return [caller.user_id, ALL]


def own_tasks_only(caller: Caller, scope: Scope) -> str | None:
    """The user whose tasks the scope is limited to; None for the whole tenant."""
    return None if scope == "monitor" and caller.actor.is_admin else caller.user_id
