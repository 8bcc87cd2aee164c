"""`tracker show`: one task from what is here, and its older history from the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import CommandLine, Finished, foreign_server, page, task
from tests.support.server import HOUR, RunningServer, until
from tracker.cache.confirmed import Confirmed
from tracker.config import Profile, current_profile, save_profile
from tracker.domain.errors import EnvironmentFault, SignInNeeded, TrackerError
from tracker.domain.page import CHILDREN
from tracker.domain.task import Role
from tracker.protocol.sync import Gone
from tracker.services import asking, history
from tracker.services.credentials import InMemory
from tracker.services.syncing import profile_lock
from tracker.sync.ports import Tokens

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def task_id(server: RunningServer) -> str:
    """Ana's task with 251 entries, which is two pages more than a device keeps."""
    task_id, ana = server.task("ana", description="Pump 4."), server.device("ana")
    for start in range(0, 250, 50):
        ana.push(*[
            ana.action("set_progress", task_id, {"percent": (n % 99) + 1, "note": f"no. {n}"})
            for n in range(start, start + 50)
        ])  # fmt: skip
    return task_id


@pytest.fixture
def ana(server: RunningServer, task_id: str, command: CommandLine) -> CommandLine:
    assert command("login", "--server", server.url, "--user", "ana").code == 0
    return command


def point_at(command: CommandLine, url: str) -> None:
    """Moves the server of the profile, as a name that now leads elsewhere would."""
    profile = current_profile(command.data, "desk")
    assert profile is not None
    path = profile.folder / "profile.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**known, "server_url": url}), encoding="utf-8")


def shown(done: Finished) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_what_is_here_is_shown_without_a_server(ana: CommandLine, task_id: str) -> None:
    point_at(ana, NOWHERE)
    done = ana("show", "1")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split()[:5] == ["1", "52", "%", "In", "progress"]
    assert lines[1:4] == ["People: Ana Moreno (assignee)", "Pump 4.", "History, newest first:"]
    assert len(lines[4:-1]) == 20
    assert lines[4].endswith("Ana Moreno: 51 → 52 % · “no. 249”")
    assert lines[-1] == "Older entries: tracker show 1 --history"
    found = shown(ana("show", task_id[:13], "--json"))
    assert (found["format"], len(found["history"]), found["complete"]) == (1, 20, False)
    assert found["task"]["id"] == task_id


def test_with_history_it_is_the_whole_trail_once_newest_first(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    done = ana("show", "1", "--history", "--json")
    assert (done.code, done.err) == (0, "")
    found = shown(done)
    trail = [row for row in server.audit_trail() if row["task"] == task_id][::-1]
    assert found["complete"] is True
    assert [entry["n"] for entry in found["history"]] == [row["n"] for row in trail]
    assert [entry["note"] for entry in found["history"]] == [row["note"] for row in trail]
    assert set(found["history"][0]) == {
        "n", "event", "user", "op_id", "before", "after", "note", "worked_at", "received_at",
    }  # fmt: skip
    lines = ana("show", "1", "--history").out.splitlines()
    assert len(lines) == 4 + 251
    assert lines[-1].endswith("Rita Okafor: Assigned to Ana Moreno")


def test_offline_it_says_that_it_shows_what_is_here(
    server: RunningServer, ana: CommandLine
) -> None:
    server.stop()
    done = ana("show", "1", "--history")
    assert len(done.out.splitlines()) == 4 + 20
    assert done.err == (
        "Older history cannot be read now; what is here is shown (E4012). The server cannot be "
        "reached. Try again when you are online and signed in.\n"
    )
    assert done.code == 3
    found = ana("show", "1", "--history", "--json")
    assert (len(shown(found)["history"]), shown(found)["complete"]) == (20, False)
    server.start()


def test_a_hotel_s_page_is_no_history(ana: CommandLine) -> None:
    with foreign_server(b"<html>Sign in</html>") as url:
        point_at(ana, url)
        done = ana("show", "1", "--history")
    assert (done.code, "(E4012)" in done.err) == (3, True)
    assert len(done.out.splitlines()) == 4 + 20


def test_a_session_that_is_over_shows_what_is_here_too(
    server: RunningServer, ana: CommandLine
) -> None:
    server.sql("UPDATE tokens SET revoked_at = 1")
    done = ana("show", "1", "--history")
    assert (done.code, "(E4012). Your session has ended." in done.err) == (3, True)


def test_a_task_that_is_not_shared_any_more_is_refused(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    server.device("rita").do("unassign", task_id, {"user_id": server.users["ana"]})
    done = ana("show", "1", "--history")
    assert (done.code, "(E5001)" in done.err) == (1, True)


def test_what_waits_comes_first_and_says_so(server: RunningServer, ana: CommandLine) -> None:
    server.stop()
    assert ana("comment", "1", "Wrench found").code == 3
    assert ana("progress", "1", "99", "-m", "from the van").code == 3
    lines = ana("show", "1").out.splitlines()
    assert lines[3].endswith("Ana Moreno wrote: Wrench found")
    assert lines[5].endswith("52 → 99 % · “from the van”  [waiting]")
    newest = shown(ana("show", "1", "--json"))["history"][0]
    assert (newest["n"], newest["received_at"], newest["note"]) == (None, None, "from the van")
    server.start()


def test_where_all_of_it_is_here_nobody_is_asked(server: RunningServer, ana: CommandLine) -> None:
    server.task("ana")
    assert ana("sync", "--once").code == 0
    point_at(ana, NOWHERE)
    done = ana("show", "2", "--history")
    assert (done.code, done.err) == (0, "")
    assert "Older entries" not in done.out
    assert shown(ana("show", "2", "--json"))["complete"] is True


class TestSession:
    """Signed in with a password for an hour, which is over."""

    @pytest.fixture
    def credentials(self, server: RunningServer) -> InMemory:
        body = {"name": "ana", "password": server.password}
        grant = server.post(None, "/api/v1/session", body).json()
        found = InMemory()
        found.write(Tokens(grant["access_token"], grant["refresh_token"]))
        server.clock.advance(2 * HOUR)
        return found

    @pytest.fixture
    def profile(self, server: RunningServer, tmp_path: Path) -> Profile:
        server_id, user_id = server.app.state.tracker.server_id, server.users["ana"]
        profile = Profile(
            tmp_path / "profile", "desk", server.url, server_id, user_id, "ana", "Ana Moreno",
            Role.EMPLOYEE, "Northwind",
        )  # fmt: skip
        save_profile(tmp_path, profile)
        return profile

    def test_it_is_renewed_once(
        self, server: RunningServer, task_id: str, credentials: InMemory, profile: Profile
    ) -> None:
        before = credentials.read()
        pages = [len(page) for page in history.older(profile, credentials, task_id, 10_000)]
        assert pages == [200, 51]
        assert credentials.read() != before

    def test_only_by_who_has_the_profile(
        self, task_id: str, credentials: InMemory, profile: Profile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asking, "_LOCK_SECONDS", 0.05)
        before = credentials.read()
        with profile_lock(profile), pytest.raises(EnvironmentFault) as fault:
            list(history.older(profile, credentials, task_id, 10_000))
        assert (fault.value.code, credentials.read()) == ("E3005", before)

    def test_one_that_cannot_be_renewed_is_said(
        self, task_id: str, credentials: InMemory, profile: Profile
    ) -> None:
        credentials.write(Tokens("no such token"))
        with pytest.raises(TrackerError) as fault:
            list(history.older(profile, credentials, task_id, 10_000))
        assert isinstance(fault.value, SignInNeeded)


# Evicted


@pytest.fixture
def evicted(server: RunningServer, ana: CommandLine, task_id: str) -> str:
    """The task finished, and only a stub of it at hers."""
    server.device("rita").do("complete", task_id)
    assert ana("sync", "--once").code == 0
    profile = current_profile(ana.data, "desk")
    assert profile is not None
    confirmed = Confirmed(profile.folder, most_finished=0)
    assert confirmed.evict(lambda *_: ()).tasks == {task_id}
    confirmed.close()
    return task_id


@pytest.mark.parametrize("digits", [None, 13, 36])
def test_an_evicted_task_is_fetched(ana: CommandLine, evicted: str, digits: int | None) -> None:
    """By number, the beginning of its id, or all of it."""
    done = ana("show", evicted[:digits].upper() if digits else "1")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].split()[:4] == ["1", "100", "%", "Done"]
    assert len(done.out.splitlines()) == 4 + 20 + 1
    point_at(ana, NOWHERE)
    assert ana("show", "1").out == done.out, "and it is kept"


def test_offline_it_says_so_and_comes_with_the_next_sync(
    server: RunningServer, ana: CommandLine, evicted: str
) -> None:
    port = server.url
    point_at(ana, NOWHERE)
    done = ana("show", "1")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "The task was finished long ago and is not kept on this device (E4013). The server cannot "
        "be reached. tracker show fetches it when you are online and signed in.\n"
    )
    point_at(ana, port)
    assert ana("sync", "--once").code == 0
    point_at(ana, NOWHERE)
    assert ana("show", "1").code == 0


def test_an_open_window_fetches_it(ana: CommandLine, evicted: str) -> None:
    profile = current_profile(ana.data, "desk")
    assert profile is not None
    with profile_lock(profile):
        process = ana.start("show", "1")
        confirmed = Confirmed(profile.folder)
        until(lambda: confirmed.wanted() == [evicted])
        whole = page(10_000, tasks=[task(evicted)], gone=[Gone(kind=CHILDREN, id=evicted)])
        confirmed.apply(whole, 0)
        out, err = process.communicate(timeout=30)
        confirmed.close()
    assert (process.returncode, err) == (0, "")
    assert "Replace pump seal" in out


def test_one_that_was_taken_away_meanwhile_does_not_exist(
    server: RunningServer, ana: CommandLine, evicted: str
) -> None:
    server.device("rita").do("unassign", evicted, {"user_id": server.users["ana"]})
    done = ana("show", "1")
    assert (done.code, "(E5001)" in done.err) == (1, True)


def test_what_acts_on_it_says_how_to_fetch_it(ana: CommandLine, evicted: str) -> None:
    done = ana("comment", "1", "Still drips")
    assert (done.code, "(E4013). (1) tracker show" in done.err) == (1, True)
    assert ana("show", "2").err.startswith("The task does not exist")
    assert "(E5001)" in ana("show", evicted[:3]).err
