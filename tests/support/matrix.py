"""Every route, what it is asked with, and who may: nobody, each role, a colleague, and another
tenant's people.

A route that is not in the table fails test_matrix.py, so whoever adds one says here who may use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from server_stub.core import sessions
from tests.support.server import DAY, HOUR, RunningServer
from tracker.domain.task import Priority

OWNER_OF_THINGS, COLLEAGUE = "ana", "jonas"
ASKING = {"nobody": None, "employee": "ana", "colleague": "jonas", "admin": "rita", "owner": "sara"}
"""Things in the paths are ana's: the employee's own."""


@dataclass(frozen=True)
class Case:
    """The status for each of ASKING, and for everybody of another tenant; `call` makes the path's
    parameters and the body, with ids of things that are there."""

    nobody: int
    employee: int
    colleague: int
    admin: int
    owner: int
    stranger: int
    call: Callable[[RunningServer], tuple[dict[str, str], Any]] = lambda _server: ({}, None)
    query: str = ""


def owners(status: int = 200, **more: Any) -> Case:
    return Case(401, 403, 403, 403, status, status, **more)


def of_the_tenant(employee: int, admin: int, owner: int, **more: Any) -> Case:
    """A thing that everybody of the tenant may know of, and nobody else."""
    return Case(401, employee, employee, admin, owner, 404, **more)


def anyone(status: int = 200, **more: Any) -> Case:
    return Case(status, status, status, status, status, status, **more)


def signed_in(status: int = 200, **more: Any) -> Case:
    """What everybody asks about themself or about their own tenant."""
    return Case(401, status, status, status, status, status, **more)


def admins(status: int = 200, **more: Any) -> Case:
    """Of their own tenant: the stranger is asked for each role apart."""
    return Case(401, 403, 403, status, status, status, **more)


def own_only(status: int = 200, **more: Any) -> Case:
    """Not even an admin sees another's."""
    return Case(401, status, 404, 404, 404, 404, **more)


Call = Callable[[RunningServer], tuple[dict[str, str], Any]]


def task(*kinds: str, **body: Any) -> Call:
    """A task to which these happened."""

    def call(server: RunningServer) -> tuple[dict[str, str], Any]:
        task_id, rita = server.task(OWNER_OF_THINGS), server.device("rita")
        for kind in kinds:
            assert rita.do(kind, task_id)["outcome"] == "applied", kind
        return {"task_ref": task_id}, body or None

    return call


def lead(server: RunningServer) -> tuple[dict[str, str], Any]:
    lead_id = server.new_id()
    server.task(OWNER_OF_THINGS, lead_id=lead_id)
    return {"lead_ref": lead_id}, None


def comment(server: RunningServer) -> tuple[dict[str, str], Any]:
    task_id, comment_id = server.task(OWNER_OF_THINGS), server.new_id()
    server.device(OWNER_OF_THINGS).do("comment", task_id, {"comment_id": comment_id, "text": "x"})
    return {"task_ref": task_id, "comment_ref": comment_id}, {"text": "y"}


def on_it(server: RunningServer) -> tuple[dict[str, str], Any]:
    task_id = server.task(OWNER_OF_THINGS)
    return {"task_ref": task_id, "user_ref": server.users[OWNER_OF_THINGS]}, None


def assigned(server: RunningServer) -> tuple[dict[str, str], Any]:
    task_id = server.task(OWNER_OF_THINGS)
    return {"task_ref": task_id}, {"user_id": server.users[OWNER_OF_THINGS], "part": "watcher"}


def needed(server: RunningServer) -> tuple[dict[str, str], Any]:
    task_id, other = server.task(OWNER_OF_THINGS), server.task(OWNER_OF_THINGS)
    return {"task_ref": task_id}, {"needs_id": other}


def needing(server: RunningServer) -> tuple[dict[str, str], Any]:
    task_id, other = server.task(OWNER_OF_THINGS), server.task(OWNER_OF_THINGS)
    server.device("rita").do("depend", task_id, {"needs_id": other})
    return {"task_ref": task_id, "needs_ref": other}, None


def shared(status: int = 200, *, admin: int | None = None, call: Call) -> Case:
    """What somebody on the task and admins do with it; it is not there for anybody else."""
    by_admin = status if admin is None else admin
    return Case(401, status, 404, by_admin, by_admin, 404, call)


def new_task(_server: RunningServer) -> tuple[dict[str, str], Any]:
    return {}, {"title": "Grease the bearings"}


def session(server: RunningServer) -> tuple[dict[str, str], Any]:
    fresh(server, OWNER_OF_THINGS)
    mine = "SELECT id FROM tokens WHERE user_id = :user ORDER BY id DESC LIMIT 1"
    ((session_id,),) = server.sql(mine, user=server.users[OWNER_OF_THINGS])
    return {"session_id": session_id}, None


def refreshing(server: RunningServer) -> tuple[dict[str, str], Any]:
    with server.database.write() as conn:
        user_id = server.users[OWNER_OF_THINGS]
        made = sessions.open_session(conn, user_id, server.clock.now, HOUR, 90 * DAY)
    return {}, {"refresh_token": made.refresh_token}


def password(server: RunningServer) -> tuple[dict[str, str], Any]:
    return {}, {"name": OWNER_OF_THINGS, "password": server.password}


def new_password(server: RunningServer) -> tuple[dict[str, str], Any]:
    # To the same, as everybody of this test has it.
    return {}, {"old_password": server.password, "new_password": server.password}


def notification(server: RunningServer) -> tuple[dict[str, str], Any]:
    """One of ana's own, of which she was not told by anybody who asks."""
    server.task(OWNER_OF_THINGS)
    mine = "SELECT id FROM notifications WHERE user_id = :user ORDER BY number DESC LIMIT 1"
    ((found,),) = server.sql(mine, user=server.users[OWNER_OF_THINGS])
    return {"ref": found}, None


def telling(_server: RunningServer) -> tuple[dict[str, str], Any]:
    # The first person of whatever tenant asks.
    return {}, {"user_id": 1, "type": "call_missed", "title": "Call", "message": "Call back."}


def group(word: str, name: str) -> Callable[[RunningServer], tuple[dict[str, str], Any]]:
    """A new project or team, to be given that name."""

    def call(server: RunningServer) -> tuple[dict[str, str], Any]:
        made = server.post("rita", f"/api/v1/{word}s", {"name": "Before"})
        return {f"{word}_ref": made.json()["id"]}, {"name": name}

    return call


def person(server: RunningServer) -> tuple[dict[str, str], Any]:
    return {"person_ref": server.users[OWNER_OF_THINGS]}, {"active": True, "role": "EMPLOYEE"}


def newcomer(server: RunningServer) -> tuple[dict[str, str], Any]:
    name = server.new_id()
    return {}, {"name": name, "display_name": "Mei", "role": "OWNER", "password": "long enough"}


def promises(_server: RunningServer) -> tuple[dict[str, str], Any]:
    within = {"start": "4h", "finish": "2d"}
    return {}, {
        "zone": "UTC",
        "week": {"MONDAY": ["08:00", "17:00"]},
        "holidays": [],
        "promises": {priority.value: within for priority in Priority},
    }


def nothing(_server: RunningServer) -> tuple[dict[str, str], Any]:
    return {}, {"actions": []}


TABLE: Mapping[tuple[str, str], Case] = {
    ("GET", "/openapi.json"): anyone(),
    ("GET", "/api/v1/health"): anyone(),
    ("POST", "/api/v1/session"): anyone(call=password),
    ("POST", "/api/v1/session/refresh"): anyone(call=refreshing),
    ("GET", "/api/v1/session"): signed_in(),
    ("DELETE", "/api/v1/session"): signed_in(204),
    ("POST", "/api/v1/session/password"): signed_in(204, call=new_password),
    ("GET", "/api/v1/sessions"): signed_in(),
    ("DELETE", "/api/v1/sessions/{session_id}"): Case(401, 204, 404, 404, 404, 404, session),
    ("GET", "/api/v1/people/presence"): admins(),
    ("GET", "/api/v1/people"): signed_in(),
    ("POST", "/api/v1/people"): owners(201, call=newcomer),
    ("GET", "/api/v1/people/{person_ref}"): of_the_tenant(200, 200, 200, call=person),
    ("PATCH", "/api/v1/people/{person_ref}"): of_the_tenant(403, 403, 200, call=person),
    # A colleague's is not there for them, as other things of theirs are not.
    ("GET", "/api/v1/people/{person_ref}/occupancy"): Case(401, 200, 404, 200, 200, 404, person),
    ("GET", "/api/v1/people/occupancy"): admins(),
    ("GET", "/api/v1/people/{person_ref}/devices"): Case(401, 200, 404, 200, 200, 404, person),
    ("GET", "/api/v1/projects"): signed_in(),
    ("POST", "/api/v1/projects"): admins(201, call=lambda _server: ({}, {"name": "Metering"})),
    ("GET", "/api/v1/projects/{project_ref}"): of_the_tenant(
        200, 200, 200, call=group("project", "After")
    ),
    ("PATCH", "/api/v1/projects/{project_ref}"): of_the_tenant(
        403, 200, 200, call=group("project", "After")
    ),
    ("GET", "/api/v1/teams"): signed_in(),
    ("POST", "/api/v1/teams"): admins(201, call=lambda _server: ({}, {"name": "Night shift"})),
    ("GET", "/api/v1/teams/{team_ref}"): of_the_tenant(200, 200, 200, call=group("team", "After")),
    ("PATCH", "/api/v1/teams/{team_ref}"): of_the_tenant(
        403, 200, 200, call=group("team", "After")
    ),
    ("POST", "/api/v1/sync/push"): signed_in(call=nothing),
    ("GET", "/api/v1/sync/pull"): signed_in(query="?scope=desk"),
    ("GET", "/api/v1/sync/pull?scope=monitor"): admins(),
    ("GET", "/api/v1/sync/events"): signed_in(query="?scope=desk"),
    ("GET", "/api/v1/sync/events?scope=monitor"): admins(),
    ("GET", "/api/employee-tasks/"): signed_in(),
    ("GET", "/api/admin/task-status/"): admins(),
    ("POST", "/api/task/{task_ref}/progress/"): Case(
        401, 200, 404, 200, 200, 404, task(progress_percentage=5)
    ),
    ("POST", "/api/task/{task_ref}/complete/"): Case(401, 200, 404, 200, 200, 404, task(notes="")),
    # A file without a line: who may make which task is decided line by line.
    ("POST", "/api/v1/imports/tasks"): signed_in(422),
    ("POST", "/api/v1/notifications"): admins(201, call=telling),
    ("GET", "/api/v1/notifications"): signed_in(),
    ("GET", "/api/v1/notifications/unread"): signed_in(),
    ("POST", "/api/v1/notifications/read-all"): signed_in(),
    ("POST", "/api/v1/notifications/cleanup"): signed_in(call=lambda _server: ({}, {"days": 1})),
    ("GET", "/api/v1/notifications/preferences"): signed_in(),
    ("PUT", "/api/v1/notifications/preferences"): signed_in(
        call=lambda _server: ({}, {"notify_call_missed": True})
    ),
    ("GET", "/api/v1/notifications/stats"): signed_in(),
    ("GET", "/api/v1/notifications/{ref}"): own_only(call=notification),
    ("PUT", "/api/v1/notifications/{ref}/read"): own_only(call=notification),
    ("PUT", "/api/v1/notifications/{ref}/archive"): own_only(call=notification),
    ("DELETE", "/api/v1/notifications/{ref}"): own_only(204, call=notification),
    ("GET", "/api/v1/tasks/{task_ref}/history"): shared(call=task()),
    ("GET", "/api/v1/tasks"): signed_in(),
    ("POST", "/api/v1/tasks"): signed_in(201, call=new_task),
    ("GET", "/api/tasks"): signed_in(),
    ("POST", "/api/tasks"): signed_in(201, call=new_task),
    ("GET", "/api/v1/tasks/overdue"): signed_in(),
    ("GET", "/api/v1/tasks/lead/{lead_ref}"): shared(call=lead),
    ("GET", "/api/v1/tasks/stats"): signed_in(),
    ("GET", "/api/v1/tasks/stats?user_id=all"): admins(),
    ("GET", "/api/v1/tasks/{task_ref}"): shared(call=task()),
    ("PUT", "/api/v1/tasks/{task_ref}"): shared(call=task(progress_percentage=5)),
    ("GET", "/api/tasks/{task_ref}"): shared(call=task()),
    ("PUT", "/api/tasks/{task_ref}"): shared(403, admin=200, call=task(title="Other")),
    ("DELETE", "/api/v1/tasks/{task_ref}"): shared(403, admin=200, call=task()),
    ("POST", "/api/v1/tasks/{task_ref}/progress"): shared(call=task(progress_percentage=5)),
    ("POST", "/api/v1/tasks/{task_ref}/start"): shared(call=task(notes="")),
    ("POST", "/api/v1/tasks/{task_ref}/hold"): shared(call=task(notes="")),
    ("POST", "/api/v1/tasks/{task_ref}/resume"): shared(call=task("hold", notes="")),
    ("POST", "/api/v1/tasks/{task_ref}/complete"): shared(call=task(notes="")),
    ("POST", "/api/v1/tasks/{task_ref}/reopen"): shared(call=task("complete", notes="")),
    ("POST", "/api/v1/tasks/{task_ref}/cancel"): shared(403, admin=200, call=task(notes="")),
    ("POST", "/api/v1/tasks/{task_ref}/archive"): shared(
        403, admin=200, call=task("complete", notes="")
    ),
    ("POST", "/api/v1/tasks/{task_ref}/rating"): shared(
        403, admin=200, call=task("complete", rating=4)
    ),
    ("POST", "/api/v1/tasks/{task_ref}/accept"): shared(admin=409, call=task()),
    ("POST", "/api/v1/tasks/{task_ref}/assign"): shared(403, admin=200, call=assigned),
    ("DELETE", "/api/v1/tasks/{task_ref}/assign/{user_ref}"): shared(403, admin=200, call=on_it),
    ("GET", "/api/v1/tasks/{task_ref}/comments"): shared(call=task()),
    ("POST", "/api/v1/tasks/{task_ref}/comments"): shared(201, call=task(text="x")),
    ("PUT", "/api/v1/tasks/{task_ref}/comments/{comment_ref}"): shared(admin=409, call=comment),
    ("GET", "/api/v1/tasks/{task_ref}/time"): shared(call=task()),
    ("POST", "/api/v1/tasks/{task_ref}/time"): shared(201, call=task(minutes=5)),
    ("GET", "/api/v1/tasks/{task_ref}/dependencies"): shared(call=task()),
    ("POST", "/api/v1/tasks/{task_ref}/dependencies"): shared(403, admin=200, call=needed),
    ("DELETE", "/api/v1/tasks/{task_ref}/dependencies/{needs_ref}"): shared(
        403, admin=200, call=needing
    ),
    ("GET", "/api/v1/analytics/summary"): admins(),
    ("GET", "/api/v1/analytics/status"): admins(),
    ("GET", "/api/v1/analytics/progress"): admins(),
    ("GET", "/api/v1/analytics/people"): admins(),
    ("GET", "/api/v1/analytics/teams"): admins(),
    ("GET", "/api/v1/analytics/occupancy"): admins(),
    ("GET", "/api/v1/analytics/sla"): admins(),
    ("GET", "/api/v1/analytics/trend"): admins(),
    ("GET", "/api/v1/analytics/figures"): admins(),
    ("GET", "/api/v1/analytics/sla-settings"): admins(),
    ("PUT", "/api/v1/analytics/sla-settings"): owners(call=promises),
}


def fresh(server: RunningServer, name: str) -> str:
    """A token that the call may end."""
    query = "SELECT id FROM users WHERE name = :name"
    ((user_id,),) = server.sql(query, name=name)
    with server.database.write() as conn:
        return sessions.create_token(conn, user_id, server.clock.now)


def ask(server: RunningServer, method: str, path: str, name: str | None) -> int:
    case = TABLE[method, path]
    parameters, body = case.call(server)
    body = None if method == "GET" else body
    url = f"{server.url}{path.format(**parameters)}{case.query}"
    headers = {"Authorization": f"Bearer {fresh(server, name)}"} if name else {}
    # A stream of events has no end: its status is enough.
    with httpx.stream(method, url, headers=headers, json=body) as answer:
        return answer.status_code
