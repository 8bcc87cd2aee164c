"""Every route, asked by everybody: nobody, each role, a colleague, and another tenant's people.

A route that is not in the table fails, so whoever adds one says here who may use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute, Route

from server_stub.app import create_app
from server_stub.config import Settings
from server_stub.core import sessions
from server_stub.core.problems import StrictRoute
from tests.conftest import Template
from tests.support.server import DAY, HOUR, OUTSIDER, RunningServer, problem
from tracker.domain.task import Priority, Role
from tracker.protocol.base import Request

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


def walk(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    for route in routes:
        if isinstance(route, Route):
            yield route
        else:  # a router that was included; anything else, as a mounted application, has none
            yield from walk(route.original_router.routes)  # type: ignore[attr-defined]


def test_the_table_holds_every_route_and_no_other(template: Template, tmp_path: Any) -> None:
    app = create_app(Settings(database_url=template.copy(tmp_path)))
    routes = {
        (method, route.path)
        for route in walk(app.routes)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert routes == {(method, path.partition("?")[0]) for method, path in TABLE}
    app.state.tracker.database.close()


@pytest.mark.parametrize(("method", "path"), TABLE)
def test_who_gets_what(server: RunningServer, method: str, path: str) -> None:
    case = TABLE[method, path]
    got = {who: ask(server, method, path, name) for who, name in ASKING.items()}
    assert got == {who: getattr(case, who) for who in ASKING}


@pytest.mark.parametrize("role", [*Role])
@pytest.mark.parametrize(("method", "path"), TABLE)
def test_another_tenant_does_not_learn_that_a_thing_is_there(
    server: RunningServer, method: str, path: str, role: Role
) -> None:
    case = TABLE[method, path]
    server.sql("UPDATE users SET role = :role WHERE name = :name", role=role, name=OUTSIDER)
    same_role = {Role.EMPLOYEE: case.employee, Role.ADMIN: case.admin, Role.OWNER: case.owner}[role]
    of_a_thing = "{" in path
    assert case.stranger == 404 if of_a_thing else case.stranger == case.owner
    expected = 404 if of_a_thing else same_role
    assert ask(server, method, path, OUTSIDER) == expected


def test_nothing_of_another_tenant_is_in_any_answer(server: RunningServer) -> None:
    task_id = server.task(OWNER_OF_THINGS, title="Only for Northwind")
    secrets = [task_id, "Only for Northwind", *server.users.values(), server.world.project_id]
    for method, path in TABLE:
        if method == "GET" and "{" not in path and "events" not in path:
            text = server.get(OUTSIDER, f"{path}{TABLE[method, path].query}").text
            assert not [secret for secret in secrets if secret in text], path


def test_the_number_of_anothers_task_is_unknown(server: RunningServer) -> None:
    server.task(OWNER_OF_THINGS)
    for verb, body in (("progress", {"progress_percentage": 5}), ("complete", {})):
        assert server.post(OUTSIDER, f"/api/task/1/{verb}/", body).status_code == 404


def test_a_push_cannot_name_things_of_another_tenant(server: RunningServer) -> None:
    olga = server.device(OUTSIDER)
    task_id = server.task(OWNER_OF_THINGS)
    olga_id = server.get(OUTSIDER, "/api/v1/session").json()["user_id"]
    for kind, args in (
        ("set_progress", {"percent": 5}),
        ("comment", {"comment_id": server.new_id(), "text": "x"}),
        ("cancel", {}),
        ("assign", {"user_id": server.users["ana"], "part": "ASSIGNEE"}),
    ):
        receipt = olga.do(kind, task_id, args)
        assert (receipt["outcome"], receipt["code"]) == ("rejected", "E5001"), kind
        assert receipt["current"] is None
    made = olga.do("create_task", server.new_id(), {"title": "x", "people": [
        {"user_id": server.users["ana"]}]})  # fmt: skip
    assert (made["outcome"], made["code"]) == ("rejected", "E5006")
    made = olga.do("create_task", server.new_id(), {"title": "x", "people": [
        {"user_id": olga_id}], "project_id": server.world.project_id})  # fmt: skip
    assert (made["outcome"], made["code"]) == ("rejected", "E5007")
    assert server.audit_count(task_id) == 1


def test_what_a_request_does_not_declare_is_refused(server: RunningServer) -> None:
    """So nobody makes themself an owner with a key that a table happens to have."""
    strict = {
        (method, route.path)
        for route in walk(server.app.routes)
        if isinstance(route, StrictRoute)
        for method in route.methods
    }
    tried = 0
    for (method, path), case in TABLE.items():
        parameters, body = case.call(server)
        if body is None or method == "GET":
            continue
        tried += 1
        for key, value in (("role", "OWNER"), ("tenant_id", "x"), ("active", True)):
            if key in body:
                continue  # the route is there to change it
            url, sent = path.format(**parameters), {**body, key: value}
            answer = server.client("ana").request(method, url, json=sent)
            code = "E2017" if (method, path) in strict else "E2013"
            assert problem(answer, 422, code), (method, path)
    assert tried == sum(
        "application/json" in operation.get("requestBody", {}).get("content", {})
        for operations in server.get(None, "/openapi.json").json()["paths"].values()
        for operation in operations.values()
    )


def test_every_message_to_the_server_forbids_what_it_does_not_name() -> None:
    def below(model: type[Request]) -> Iterator[type[Request]]:
        for child in model.__subclasses__():
            yield child
            yield from below(child)

    found = {model.__name__: model.model_config.get("extra") for model in below(Request)}
    assert {"SignIn", "NewPassword", "PushRequest", "ActionMessage"} <= {*found}
    assert {*found.values()} == {"forbid"}


def test_every_body_in_the_document_forbids_what_it_does_not_name(server: RunningServer) -> None:
    document = server.get(None, "/openapi.json").json()

    def objects(schema: Any) -> Iterator[Any]:
        if isinstance(schema, list):
            for item in schema:
                yield from objects(item)
        elif isinstance(schema, dict):
            if "properties" in schema:
                yield schema
            if "$ref" in schema:
                name = schema["$ref"].rpartition("/")[2]
                yield from objects(document["components"]["schemas"][name])
            for value in schema.values():
                yield from objects(value)

    found = [
        schema
        for operations in document["paths"].values()
        for operation in operations.values()
        for schema in objects(operation.get("requestBody", {}))
    ]
    assert {s["title"] for s in found} >= {"SignIn", "PushRequest", "ProgressUpdate"}
    assert not [s["title"] for s in found if s.get("additionalProperties") is not False]
