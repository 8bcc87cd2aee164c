"""Several servers on one PostgreSQL: each hears of what the others commit, or asks the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from server_stub.core import listening, pruning
from server_stub.core.database import Database
from tests.conftest import Template
from tests.server.test_events import listening as stream
from tests.server.test_events import position
from tests.server.test_marks import Backup
from tests.server.test_nothing_new import Poller
from tests.support.operator import Operator
from tests.support.server import RunningServer, problem, until

pytestmark = pytest.mark.postgresql


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats and patience a fiftieth of the real ones."""
    monkeypatch.setattr(listening, "BEAT_SECONDS", 0.04)
    monkeypatch.setattr(listening, "TRUST_SECONDS", 0.3)
    monkeypatch.setattr(listening, "_STOP_SECONDS", 0.02)


@pytest.fixture
def servers(postgresql_template: Template, tmp_path: Path) -> Iterator[list[RunningServer]]:
    url = postgresql_template.copy(tmp_path)
    found = [RunningServer(url, postgresql_template.world).start() for _ in range(2)]
    try:
        for one in found:
            until(one.app.state.tracker.heads.trusted)
        found[0].task("ana")
        yield found
    finally:
        for one in found:
            one.stop()


@pytest.fixture
def here(servers: list[RunningServer]) -> RunningServer:
    return servers[0]


@pytest.fixture
def there(servers: list[RunningServer]) -> RunningServer:
    return servers[1]


def answered_from_memory(poller: Poller) -> Poller:
    poller.poll()
    until(lambda: poller.cost() == 0)
    return poller


@pytest.fixture
def ana(there: RunningServer) -> Poller:
    return answered_from_memory(Poller(there, "ana"))


def test_a_commit_here_ends_nothing_new_there(here: RunningServer, ana: Poller) -> None:
    task_id = here.task("ana")
    until(lambda: ana.poll().status_code == 200)
    assert [task["id"] for task in ana.poll().json()["tasks"]] == [task_id]


def test_a_commit_here_that_concerns_others_costs_nothing_there(
    here: RunningServer, there: RunningServer, ana: Poller
) -> None:
    jonas = answered_from_memory(Poller(there, "jonas"))
    here.task("jonas")
    until(lambda: jonas.poll().status_code == 200)
    assert ana.cost() == 0


def test_a_stream_there_wakes_at_a_commit_here(here: RunningServer, there: RunningServer) -> None:
    with stream(there, "ana") as lines:
        here.task("ana")
        assert position(next(lines)) > 0


def test_signing_out_here_ends_the_token_there(here: RunningServer, there: RunningServer) -> None:
    body = {"name": "jonas", "password": here.password}
    token = here.post(None, "/api/v1/session", body).json()["access_token"]
    jonas = answered_from_memory(Poller(there, "jonas", token=token))
    headers = {"Authorization": f"Bearer {token}"}
    assert here.client().delete("/api/v1/session", headers=headers).status_code == 204
    until(lambda: jonas.poll().status_code == 401)
    problem(jonas.poll(), 401, "E1002")


def test_another_password_here_ends_the_other_sessions_there(
    here: RunningServer, there: RunningServer
) -> None:
    body = {"name": "jonas", "password": here.password}
    token = here.post(None, "/api/v1/session", body).json()["access_token"]
    jonas = answered_from_memory(Poller(there, "jonas", token=token))
    change = {"old_password": here.password, "new_password": "a better password"}
    assert here.post("jonas", "/api/v1/session/password", change).status_code == 204
    until(lambda: jonas.poll().status_code == 401)


def test_a_command_that_disables_a_person_is_heard_everywhere(
    here: RunningServer, there: RunningServer
) -> None:
    jonas = answered_from_memory(Poller(there, "jonas"))
    Operator(here.database_url).ok("disable-user", "jonas")
    until(lambda: jonas.poll().status_code == 401)
    problem(here.get("jonas", "/api/v1/session"), 401, "E1002")


def test_failed_sign_ins_here_count_there(here: RunningServer, there: RunningServer) -> None:
    wrong = {"name": "jonas", "password": "not this"}
    for server in (here, there, here, there, here):
        problem(server.post(None, "/api/v1/session", wrong), 401, "E1001")
    problem(there.post(None, "/api/v1/session", wrong), 429, "E1009")


def test_an_epoch_that_ends_here_has_ended_there(
    here: RunningServer, there: RunningServer, ana: Poller
) -> None:
    backup = Backup.of(here)
    here.task("jonas")
    proof = here.page("jonas")["mark"]
    backup.restore()
    problem(here.pull("jonas", mark=proof), 410, "E4010")
    until(lambda: ana.poll().status_code == 410)


def test_what_a_command_prunes_is_not_answered_from_memory(
    here: RunningServer, ana: Poller
) -> None:
    here.task("jonas")
    assert ana.poll().status_code == 304
    command = Database(here.database_url)
    pruning.prune(command, here.tenant_id, here.clock.now + 1)
    command.close()
    until(lambda: ana.poll().status_code == 410)
    problem(ana.poll(), 410, "E4005")


def end_listening(server: RunningServer) -> None:
    """The database ends the connection of every listener."""
    server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND query = 'SELECT pg_notify($1, $2)'"
    )


class TestDeaf:
    """Whoever cannot hear asks the database."""

    def looks_itself(self, here: RunningServer, there: RunningServer, ana: Poller) -> None:
        until(lambda: not there.app.state.tracker.heads.trusted())
        assert ana.cost() > 0
        here.task("ana")
        assert ana.poll().status_code == 200

    def test_a_connection_that_ends_is_noticed_and_replaced(
        self,
        here: RunningServer,
        there: RunningServer,
        ana: Poller,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        generation = there.app.state.tracker.heads.generation
        with monkeypatch.context() as patch:

            def refuse(*_: Any, **__: Any) -> None:
                raise psycopg.OperationalError("planned")

            patch.setattr(listening.psycopg, "connect", refuse)
            end_listening(here)
            self.looks_itself(here, there, ana)
        until(there.app.state.tracker.heads.trusted)
        assert there.app.state.tracker.heads.generation > generation
        answered_from_memory(Poller(there, "ana"))

    def test_a_connection_that_says_nothing_is_not_trusted(
        self,
        here: RunningServer,
        there: RunningServer,
        ana: Poller,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(listening.Listener, "_listen", lambda self, _conn: self._stop.wait())
        end_listening(here)
        self.looks_itself(here, there, ana)


def test_real_times_keep_the_promise_of_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert listening.TRUST_SECONDS <= 5
    assert listening.BEAT_SECONDS * 2 < listening.TRUST_SECONDS
