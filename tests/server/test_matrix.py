"""Every route, asked by everybody: nobody, each role, a colleague, and another tenant's people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from starlette.routing import BaseRoute, Route

from server_stub.app import create_app
from server_stub.config import Settings
from server_stub.core.problems import StrictRoute
from tests.conftest import Template
from tests.support.matrix import ASKING, OWNER_OF_THINGS, TABLE, ask
from tests.support.server import OUTSIDER, RunningServer, problem
from tracker.domain.task import Role
from tracker.protocol.base import Request


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


@pytest.fixture
def asked(request: pytest.FixtureRequest, path: str) -> RunningServer:
    """One for all paths, but for those that end people's sessions."""
    name = "server" if "session" in path else "shared_server"
    found: RunningServer = request.getfixturevalue(name)
    return found


@pytest.mark.parametrize(("method", "path"), TABLE)
def test_who_gets_what(asked: RunningServer, method: str, path: str) -> None:
    case = TABLE[method, path]
    got = {who: ask(asked, method, path, name) for who, name in ASKING.items()}
    assert got == {who: getattr(case, who) for who in ASKING}


@pytest.mark.parametrize("role", [*Role])
@pytest.mark.parametrize(("method", "path"), TABLE)
def test_another_tenant_does_not_learn_that_a_thing_is_there(
    asked: RunningServer, method: str, path: str, role: Role
) -> None:
    case = TABLE[method, path]
    asked.sql("UPDATE users SET role = :role WHERE name = :name", role=role, name=OUTSIDER)
    same_role = {Role.EMPLOYEE: case.employee, Role.ADMIN: case.admin, Role.OWNER: case.owner}[role]
    of_a_thing = "{" in path
    assert case.stranger == 404 if of_a_thing else case.stranger == case.owner
    expected = 404 if of_a_thing else same_role
    assert ask(asked, method, path, OUTSIDER) == expected


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
