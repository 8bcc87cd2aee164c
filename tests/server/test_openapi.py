"""The interface's description. That answers keep to it, `tests.support.declared` looks after in
every other test."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from server_stub.cli import cli
from tests.support import declared
from tests.support.rest import Person, done
from tests.support.server import RunningServer
from tracker.protocol.problems import Problem

S1 = """
POST   /api/v1/tasks
GET    /api/v1/tasks/{task_ref}
GET    /api/v1/tasks
PUT    /api/v1/tasks/{task_ref}
POST   /api/v1/tasks/{task_ref}/complete
POST   /api/v1/tasks/{task_ref}/cancel
DELETE /api/v1/tasks/{task_ref}
GET    /api/v1/tasks/lead/{lead_ref}
GET    /api/v1/tasks/overdue
POST   /api/v1/tasks/{task_ref}/comments
GET    /api/v1/tasks/{task_ref}/comments
POST   /api/v1/tasks/{task_ref}/assign
DELETE /api/v1/tasks/{task_ref}/assign/{user_ref}
GET    /api/v1/tasks/stats
GET    /api/tasks
POST   /api/tasks
GET    /api/tasks/{task_ref}
PUT    /api/tasks/{task_ref}
"""


@pytest.fixture
def document() -> dict[str, Any]:
    return declared.document()


@pytest.mark.parametrize("line", S1.split("\n")[1:-1])
def test_the_asked_for_endpoints_are_there(document: dict[str, Any], line: str) -> None:
    method, path = line.split()
    operation = document["paths"][path][method.lower()]
    statuses = set(operation["responses"])
    assert {"401", "403", "422", "500", "503"} <= statuses
    assert "404" in statuses
    if method != "GET":
        assert "409" in statuses
    if method in ("PUT", "DELETE") or ("{" in path and method == "POST"):
        assert "412" in statuses
        assert "If-Match".lower() in {p["name"].lower() for p in operation["parameters"]}
    elif method == "GET" and "comments" not in path and "stats" not in path:
        assert "304" in statuses


def test_every_problem_has_the_type_that_it_is_sent_with(document: dict[str, Any]) -> None:
    found = {
        status: response["$ref"].rpartition("/")[2]
        for operations in document["paths"].values()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        if "$ref" in response
    }
    assert len(found) > 10
    for status, name in found.items():
        types = [*document["components"]["responses"][name].get("content", {})]
        assert types == (["application/problem+json"] if int(status) >= 400 else []), status
    assert set(document["components"]["schemas"]["Problem"]["properties"]) \
        == set(Problem.model_fields)  # fmt: skip


def test_it_is_kept_beside_the_code(server: RunningServer) -> None:
    kept = (Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8")
    printed = CliRunner().invoke(cli, ["openapi"]).stdout
    assert kept == printed, "tracker-server openapi > docs/openapi.json"
    assert json.loads(kept) == server.get(None, "/openapi.json").json()


def test_what_is_printed_is_what_is_described(
    server: RunningServer, document: dict[str, Any]
) -> None:
    rita = Person(server, "rita")
    task = rita.make(assigned_to=3)
    described = document["components"]["schemas"]
    assert set(described["PrintedTask"]["properties"]) == set(task)
    assert set(described["PrintedTask"]["required"]) == set(task)
    comment = done(rita.post("1/comments", {"text": "x"}), 201)
    assert set(described["PrintedComment"]["properties"]) == set(comment)


def test_a_reference_is_described_as_a_number_or_a_uuid(document: dict[str, Any]) -> None:
    field = document["components"]["schemas"]["NewTask"]["properties"]["assigned_to"]
    assert [one["type"] for one in field["anyOf"]] == ["integer", "string", "null"]


def test_the_guide_names_every_endpoint_of_tasks_and_people_and_no_other(
    document: dict[str, Any],
) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    first_cells = [line.split("|")[1] for line in guide.splitlines() if line.startswith("| ")]
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^` ]+)`", " ".join(first_cells))
    there = [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation["tags"] in (["tasks"], ["people"])
    ]
    assert len(named) == len({*named})
    assert {*named} == {*there}
