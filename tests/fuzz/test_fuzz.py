"""Requests that follow from the interface's own description, and such that break it, by everybody.

schemathesis makes them; ids of things that are there are put into half of them, since invented ones
would only ever find nothing. No answer may be a fault of the server, and none may be another than
the document declares. A few for each operation in every test run; `make fuzz` makes many.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from tests.support import declared
from tests.support.server import RunningServer
from tracker.domain.task import Part

EXAMPLES = int(os.environ.get("TRACKER_FUZZ", "8"))
NEVER_ENDING = {"GET /api/v1/sync/events"}
"""A stream has no end to wait for; tests/server/test_events.py reads it."""
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
"""Left out, with the reason:

- negative_data_rejection: a JSON body of a GET, or a header that the route does not read, breaks
  the description and is rightly taken no notice of. What bodies may hold, tests/server tries.
- positive_data_acceptance: whether a well-formed request is allowed depends on what is there.
- unsupported_method, allow_header_conformance: tests/server/test_border.py asks with a method that
  is not, and looks for Allow.
- missing_required_header, ignored_auth: tests/server/test_matrix.py asks as everybody.
- use_after_free, ensure_resource_availability, object_level_authorization: compare requests of one
  scenario; test_matrix.py and test_tasks_rest.py say whose things are there after what.
"""
ASKING = ("sara", "rita", "ana", "jonas", "olga", None)

load_all_checks()
SCHEMA = schemathesis.openapi.from_dict(declared.document())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}


class Asked:
    """A server with things in it, and their ids by the names that parameters have."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        ana, rita = server.device("ana"), server.device("rita")
        tasks = [server.task("ana", "jonas") for _ in range(3)]
        comment, other = server.new_id(), server.new_id()
        ana.do("comment", tasks[0], {"comment_id": comment, "text": "Seal leaks"})
        rita.do(
            "comment",
            tasks[0],
            {"comment_id": other, "text": "Take the spare", "parent_id": comment},
        )
        rita.do("assign", tasks[0], {"user_id": server.users["rita"], "part": Part.WATCHER})
        rita.do("depend", tasks[1], {"needs_id": tasks[2]})
        ana.do("log_time", tasks[0], {"minutes": 5, "entry_id": server.new_id()})
        team = server.post("sara", "/api/v1/teams", {"name": "Hall B"}).json()["id"]
        told = server.get("ana", "/api/v1/notifications").json()["notifications"]
        people = [*server.users.values(), "1", "2", "3", "4"]
        self.things: Mapping[str, list[str]] = {
            "task": [*tasks, "1", "2", "3"],
            "comment": [comment, other],
            "person": people,
            "project": [server.world.project_id],
            "team": [team, "1"],
            "notification": [row["id"] for row in told],
            "lead": [server.new_id()],
            "op": [server.new_id()],
        }
        assert self.things["notification"]

    def named(self, parameter: str) -> list[str]:
        """What a parameter or a field of that name may mean."""
        kind = _MEANT.get(parameter)
        return self.things[kind] if kind else []

    def ask(self, name: str | None, case: schemathesis.Case) -> httpx.Response | Any:
        headers = {} if name is None else {"Authorization": f"Bearer {self.server.token(name)}"}
        answer = case.call(base_url=self.server.url, headers=headers, timeout=20)
        if name is not None and answer.status_code in (401, 403):
            self._restore(name)
        return answer

    def _restore(self, name: str) -> None:
        """Somebody signed out, was disabled, or is of another role now: as it was before."""
        role = {"sara": "OWNER", "rita": "ADMIN", "olga": "OWNER"}.get(name, "EMPLOYEE")
        user = self.server.users.get(name)
        if user is not None:
            self.server.sql(
                "UPDATE users SET role = :role, active = :yes WHERE id = :user",
                role=role, user=user, yes=True,
            )  # fmt: skip
        self.server.sql("UPDATE tokens SET revoked_at = NULL")


_MEANT = {
    "task_ref": "task", "needs_ref": "task", "needs_id": "task", "parent_id": "task",
    "parent_task_id": "task", "task_id": "task", "comment_ref": "comment",
    "user_ref": "person", "user_id": "person", "assigned_to": "person", "person_ref": "person",
    "project_ref": "project", "project_id": "project", "team_ref": "team", "team_id": "team",
    "ref": "notification", "lead_ref": "lead", "lead_id": "lead", "op_id": "op",
}  # fmt: skip


@pytest.fixture(scope="module")
def asked(shared_server: RunningServer) -> Asked:
    return Asked(shared_server)


@pytest.mark.parametrize("label", [label for label in OPERATIONS if label not in NEVER_ENDING])
def test_every_answer_is_declared(asked: Asked, label: str) -> None:
    operation = OPERATIONS[label]
    kinds = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="TRACKER_FUZZ" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(case=kinds, data=st.data())
    def ask(case: schemathesis.Case, data: st.DataObject) -> None:
        for name in list(case.path_parameters or {}):
            known = asked.named(name)
            if known and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(known))
        if isinstance(case.body, dict):
            for name in list(case.body):
                known = asked.named(name) if isinstance(name, str) else []
                if known and data.draw(st.booleans()):
                    case.body[name] = data.draw(st.sampled_from(known))
        name = data.draw(st.sampled_from(ASKING))
        answer = asked.ask(name, case)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failed:
            told = "; ".join(str(one) for one in failed.exceptions if isinstance(one, Failure))
            pytest.fail(f"{name}: {case.as_curl_command()[:2000]}\n{answer.text[:1000]}\n{told}")

    ask()
