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


def anyone(status: int = 200, **more: Any) -> Case:
    return Case(status, status, status, status, status, status, **more)


def signed_in(status: int = 200, **more: Any) -> Case:
    """What everybody asks about themself or about their own tenant."""
    return Case(401, status, status, status, status, status, **more)


def admins(status: int = 200, **more: Any) -> Case:
    """Of their own tenant: the stranger is asked for each role apart."""
    return Case(401, 403, 403, status, status, status, **more)


def task(**body: Any) -> Callable[[RunningServer], tuple[dict[str, str], Any]]:
    def call(server: RunningServer) -> tuple[dict[str, str], Any]:
        task_id = server.task(OWNER_OF_THINGS)
        return {"task_ref": task_id, "task_id": task_id}, body or None

    return call


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
    ("GET", "/api/v1/tasks/{task_id}/history"): Case(401, 200, 404, 200, 200, 404, task()),
    ("GET", "/api/v1/analytics/summary"): admins(),
    ("GET", "/api/v1/analytics/status"): admins(),
    ("GET", "/api/v1/analytics/progress"): admins(),
    ("GET", "/api/v1/analytics/people"): admins(),
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
    tried = 0
    for (method, path), case in TABLE.items():
        parameters, body = case.call(server)
        if body is None:
            continue
        tried += 1
        for key, value in (("role", "OWNER"), ("tenant_id", "x"), ("active", True)):
            url, sent = path.format(**parameters), {**body, key: value}
            answer = server.client("ana").request(method, url, json=sent)
            assert problem(answer, 422, "E2013"), (method, path)
    assert tried == sum(
        "requestBody" in operation
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
