"""Reminders of what is due within a day, and of what is overdue: each once."""

from __future__ import annotations

import pytest

from server_stub.core import feed
from server_stub.notifications import reminders, service
from tests.support.operator import Clerk
from tests.support.server import DAY, HOUR, START, RunningServer


def remind(server: RunningServer) -> int:
    return reminders.remind_all(server.database, server.tenant_id, server.clock.now)


def told(server: RunningServer, name: str) -> list[str]:
    """What of this was told, the newest first."""
    found = server.get(name, "/api/v1/notifications").json()["notifications"]
    return [row["message"] for row in found if row["category"] == "deadline"]


def test_once_before_the_due_and_once_after_it(server: RunningServer) -> None:
    server.task("ana", title="Fix the pump", due_at=START + 2 * DAY)
    assert remind(server) == 0
    server.clock.advance(DAY + 1)
    assert (remind(server), remind(server)) == (1, 0)
    soon = "“Fix the pump” is due on 4 March at 09:00."
    assert told(server, "ana") == [soon]
    server.clock.advance(DAY)
    assert (remind(server), remind(server)) == (1, 0)
    # The reminder has expired with the due.
    late = "“Fix the pump” was due on 4 March at 09:00 and is not finished."
    assert told(server, "ana") == [late]
    assert told(server, "rita") == []


def test_another_due_is_told_anew(server: RunningServer) -> None:
    task_id = server.task("ana", due_at=START + HOUR)
    assert remind(server) == 1
    server.sql("UPDATE tasks SET due_at = due_at + 1 WHERE id = :id", id=task_id)
    assert (remind(server), remind(server)) == (1, 0)


def test_whoever_comes_later_is_told_then(server: RunningServer) -> None:
    task_id = server.task("ana", due_at=START + HOUR)
    assert remind(server) == 1
    server.device("rita").do("assign", task_id, {"user_id": server.users["jonas"]})
    assert remind(server) == 1
    assert (len(told(server, "ana")), len(told(server, "jonas"))) == (1, 1)


def test_nobody_of_what_is_finished_or_without_a_due(server: RunningServer) -> None:
    done = server.task("ana", due_at=START + HOUR)
    cancelled = server.task("ana", due_at=START - HOUR)
    server.task("ana")
    server.device("ana").do("complete", done)
    server.device("rita").do("cancel", cancelled)
    assert remind(server) == 0


def test_not_twice_after_it_was_deleted_nor_before_it_is_wanted(server: RunningServer) -> None:
    server.task("ana", due_at=START + HOUR)
    off, on = {"notify_deadline_reminder": False}, {"notify_deadline_reminder": True}
    client = server.client("ana")
    assert client.put("/api/v1/notifications/preferences", json=off).status_code == 200
    assert remind(server) == 0
    assert client.put("/api/v1/notifications/preferences", json=on).status_code == 200
    assert remind(server) == 1
    assert client.delete("/api/v1/notifications/2").status_code == 204
    assert (remind(server), told(server, "ana")) == (0, [])


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 5, 6, 7])
def test_in_transactions_of_bounded_size(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    for names in (("ana",), ("ana", "jonas"), (), ("jonas",)):
        server.task(*names, due_at=START + HOUR)
    monkeypatch.setattr(service, "CHUNK", chunk)
    made, after = [], ""
    while True:
        with server.database.write() as conn:
            tenant = feed.lock(conn, server.tenant_id)
            done = reminders.remind(conn, tenant, server.clock.now, after)
            feed.save(conn, tenant, server.clock.now)
        made.append(done.made)
        if done.after is None:
            break
        assert done.after > after
        after = done.after
    assert sum(made) == 5
    # A task's people are told together.
    assert max(made) <= max(chunk, 2)
    assert remind(server) == 0
    assert [len(told(server, name)) for name in ("ana", "jonas", "rita")] == [2, 2, 1]


def test_a_device_hears_of_it(server: RunningServer) -> None:
    server.task("ana", due_at=START + HOUR)
    cursor = server.page("ana")["cursor"]
    remind(server)
    (row,) = server.page("ana", cursor)["notifications"]
    assert (row["type"], row["expires_at"]) == ("deadline_reminder", START + HOUR)


def test_the_command_reminds_in_every_tenant(server: RunningServer) -> None:
    # By the command's own clock it is long overdue.
    server.task("ana", due_at=START)
    server.stop()
    clerk = Clerk(server.database_url)
    said = clerk.ok("remind").splitlines()
    assert len(said) == 2
    assert f"{server.tenant_id}: notifications made: 1." in said
    assert f"{server.tenant_id}: notifications made: 0." in clerk.ok("remind").splitlines()
