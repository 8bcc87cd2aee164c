"""Confirmed rows: only the server's answers, a page and its cursor together, rebuildable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.client import Device, action, page, task
from tests.support.server import START, RunningServer
from tracker.cache.confirmed import HISTORY_KEPT, MIGRATIONS, Confirmed
from tracker.cache.outbox import Outbox
from tracker.domain.errors import EnvironmentFault
from tracker.domain.page import PersonPresence, Sums, checksum
from tracker.domain.task import (
    Assignment,
    Comment,
    HistoryEntry,
    Occupancy,
    Part,
    Person,
    Priority,
    Project,
    Role,
    Status,
    Team,
)
from tracker.protocol.sync import Gone

T, U = "task-t", "task-u"


def assigned(task_id: str, user_id: str) -> Assignment:
    return Assignment(task_id, user_id, Part.ASSIGNEE, 100, "rita", START)


def said(comment_id: str, task_id: str, made_at: int = START) -> Comment:
    return Comment(comment_id, task_id, "ana", f"text of {comment_id}", made_at, START)


def entry(number: int, task_id: str) -> HistoryEntry:
    return HistoryEntry(
        str(number), task_id, "ana", "set_progress", {"progress": 0}, {"progress": number}, "",
        START, START,
    )  # fmt: skip


def everything(confirmed: Confirmed) -> dict[str, list[tuple[object, ...]]]:
    """The content of every table."""
    tables = [
        row[0]
        for row in confirmed._conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    return {t: sorted(map(tuple, confirmed._conn.execute(f"SELECT * FROM {t}"))) for t in tables}


def test_rows_come_back_as_they_were_sent(confirmed: Confirmed) -> None:
    whole = task(
        T,
        status=Status.COMPLETED,
        priority=Priority.URGENT,
        progress=100,
        project_id="p",
        parent_id="q",
        due_at=START,
        due_date="2026-03-02",
        estimated_minutes=90,
        completed_at=START,
        completion_notes="fertig 🚰",
        progress_before=40,
        last_progress_at=START,
        last_progress_by="ana",
        comment_count=2,
        child_count=1,
        version=2**53,
    )
    picture = "https://pictures.example/ana.png"
    ana = Person("ana", 3, "ana", "Ana Moreno", Role.EMPLOYEE, True, 2, "n", picture)
    project = Project("p", 1, "Hall B", False)
    team = Team("n", 1, "Night shift", True, version=3)
    changes = confirmed.apply(
        page(
            7,
            zone="Europe/Berlin",
            tasks=[whole],
            assignments=[assigned(T, "ana")],
            comments=[said("c2", T, START + 1), said("c1", T)],
            history=[entry(10, T), entry(9, T)],
            people=[ana],
            projects=[project],
            teams=[team],
        ),
        START + 5,
    )
    assert (changes.tasks, changes.people, changes.everything) == ({T}, True, False)
    rows = confirmed.rows()
    assert rows.tasks == {T: whole}
    assert rows.people == {T: {"ana": assigned(T, "ana")}}
    assert [c.id for c in confirmed.comments(T)] == ["c1", "c2"]
    assert confirmed.history(T) == [entry(9, T), entry(10, T)]
    assert confirmed.people() == {"ana": ana}
    assert confirmed.projects() == {"p": project}
    assert confirmed.teams() == {"n": team}
    position = rows.position
    assert (position.cursor, position.epoch, position.seq) == ("c7", "e1", 7)
    assert (position.zone, position.pulled_at) == ("Europe/Berlin", START + 5)


def test_a_page_and_its_cursor_are_one_transaction(confirmed: Confirmed) -> None:
    confirmed.apply(page(1, tasks=[task(T)]), START)
    before = everything(confirmed)
    confirmed._conn.execute(
        "CREATE TEMP TRIGGER torn BEFORE UPDATE ON position BEGIN SELECT RAISE(ABORT, 'cut'); END"
    )
    with pytest.raises(sqlite3.Error):
        confirmed.apply(page(2, tasks=[task(U)], gone=[Gone(kind="task", id=T)]), START)
    assert everything(confirmed) == before


def test_a_page_on_a_full_disk_changes_nothing(confirmed: Confirmed) -> None:
    confirmed.apply(page(1, tasks=[task(T)]), START)
    before = everything(confirmed)
    (pages,) = confirmed._conn.execute("PRAGMA page_count").fetchone()
    confirmed._conn.execute(f"PRAGMA max_page_count={pages}")
    many = [task(f"t{n}", description="x" * 500) for n in range(100)]
    with pytest.raises(EnvironmentFault) as full:
        confirmed.apply(page(2, tasks=many), START)
    assert str(full.value) == (
        "The disk is full; nothing more can be saved (E3001). The file is cache.db. "
        "Free some space and try again. Nothing saved before was lost."
    )
    assert everything(confirmed) == before
    confirmed._conn.execute("PRAGMA max_page_count=100000")
    confirmed.apply(page(2, tasks=many), START)
    assert len(confirmed.rows().tasks) == 101


def test_only_asked_tasks_are_read(confirmed: Confirmed) -> None:
    rows = [assigned(T, "ana"), assigned(U, "ana")]
    confirmed.apply(page(1, tasks=[task(T), task(U)], assignments=rows), START)
    found = confirmed.rows([U, "nowhere"])
    assert (list(found.tasks), list(found.people)) == ([U], [U])


# Snapshots


def test_a_first_pull_shows_nothing_until_it_is_whole(confirmed: Confirmed) -> None:
    confirmed.apply(page(1, tasks=[task("old")], comments=[said("c", "old")]), START)
    first = page(9, cursor="half", snapshot=True, more=True, tasks=[task(T)])
    assert not confirmed.apply(first, START + 1)
    assert list(confirmed.rows().tasks) == ["old"]
    assert confirmed.position().cursor == "c1"
    assert confirmed.next_cursor() == "half"
    last = page(9, snapshot=True, tasks=[task(U)], people=[])
    changes = confirmed.apply(last, START + 2)
    assert changes.everything
    assert sorted(confirmed.rows().tasks) == [T, U]
    assert confirmed.comments("old") == []
    assert (confirmed.next_cursor(), confirmed.position().seq) == ("c9", 9)
    shadows = {n: rows for n, rows in everything(confirmed).items() if n.startswith("shadow_")}
    assert len(shadows) == 10
    assert not any(shadows.values())


def test_an_unfinished_first_pull_goes_on_after_a_restart(tmp_path: Path) -> None:
    confirmed = Confirmed(tmp_path)
    confirmed.apply(page(9, cursor="half", snapshot=True, more=True, tasks=[task(T)]), START)
    confirmed.close()
    confirmed = Confirmed(tmp_path)
    assert confirmed.next_cursor() == "half"
    confirmed.apply(page(9, snapshot=True, tasks=[task(U)]), START)
    assert sorted(confirmed.rows().tasks) == [T, U]
    confirmed.close()


def test_a_first_pull_that_starts_over_leaves_nothing_of_the_one_before(
    confirmed: Confirmed,
) -> None:
    half = page(9, cursor="half", snapshot=True, more=True, tasks=[task("gone meanwhile")])
    confirmed.apply(half, START)
    confirmed.forget_position()
    assert confirmed.next_cursor() is None
    confirmed.apply(page(12, snapshot=True, tasks=[task(T)]), START)
    assert list(confirmed.rows().tasks) == [T]


def test_a_void_cursor_keeps_the_rows_on_the_screen(confirmed: Confirmed) -> None:
    confirmed.apply(page(5, tasks=[task(T)]), START)
    confirmed.forget_position()
    assert confirmed.next_cursor() is None
    assert list(confirmed.rows().tasks) == [T]


def test_nothing_is_deleted_because_a_page_does_not_hold_it(confirmed: Confirmed) -> None:
    confirmed.apply(page(1, tasks=[task(T)], assignments=[assigned(T, "ana")]), START)
    confirmed.apply(page(2, tasks=[task(U)]), START)
    assert sorted(confirmed.rows().tasks) == [T, U]
    assert confirmed.rows().people[T]


# Tombstones and history


def test_the_tombstone_of_a_task_takes_all_that_hangs_on_it(confirmed: Confirmed) -> None:
    for task_id in (T, U):
        confirmed.apply(
            page(
                1,
                tasks=[task(task_id)],
                assignments=[assigned(task_id, "ana")],
                comments=[said(f"c-{task_id}", task_id)],
                history=[entry(1 if task_id == T else 2, task_id)],
            ),
            START,
        )
    assert confirmed.apply(page(2, gone=[Gone(kind="task", id=T)]), START).tasks == {T}
    for name, rows in everything(confirmed).items():
        assert not any(T in row for row in rows), name
    assert (len(confirmed.comments(U)), len(confirmed.history(U))) == (1, 1)
    assert confirmed.rows().people == {U: {"ana": assigned(U, "ana")}}


def test_tombstones_of_parts_name_the_task_they_change(confirmed: Confirmed) -> None:
    confirmed.apply(
        page(
            1,
            tasks=[task(T)],
            assignments=[assigned(T, "ana"), assigned(T, "jonas")],
            comments=[said("c1", T), said("c2", T)],
            history=[entry(1, T), entry(2, T)],
        ),
        START,
    )
    for kind, gone in (("assignment", f"{T}:ana"), ("comment", "c1"), ("history", "1")):
        changes = confirmed.apply(page(2, gone=[Gone(kind=kind, id=gone)]), START)
        assert changes.tasks == {T}, kind
    assert list(confirmed.rows().people[T]) == ["jonas"]
    assert [c.id for c in confirmed.comments(T)] == ["c2"]
    assert [e.id for e in confirmed.history(T)] == ["2"]


@pytest.mark.parametrize(
    "stone", [("comment", "unknown"), ("task", "unknown"), ("kind of a newer server", "x")]
)
def test_a_tombstone_of_something_unknown_does_no_harm(
    confirmed: Confirmed, stone: tuple[str, str]
) -> None:
    confirmed.apply(page(1, tasks=[task(T)]), START)
    kind, entity_id = stone
    confirmed.apply(page(2, gone=[Gone(kind=kind, id=entity_id)]), START)
    assert list(confirmed.rows().tasks) == [T]
    assert confirmed.next_cursor() == "c2"


def test_history_keeps_the_twenty_latest_in_number_order(confirmed: Confirmed) -> None:
    for start in (1, 12):
        rows = [entry(n, T) for n in range(start, start + 15)]
        confirmed.apply(page(start, tasks=[task(T)], history=rows), START)
    confirmed.apply(page(40, history=[entry(3, U)]), START)
    assert [e.id for e in confirmed.history(T)] == [str(n) for n in range(7, 27)]
    assert len(confirmed.history(T)) == HISTORY_KEPT
    assert [e.id for e in confirmed.history(U)] == ["3"]


def done(number: int, task_id: str = T) -> HistoryEntry:
    return replace(entry(number, task_id), op_id=f"op{number}")


def known(confirmed: Confirmed) -> set[str]:
    return set(confirmed.rows([T], [T]).ops)


def test_what_is_forgotten_as_history_is_still_known_as_done(confirmed: Confirmed) -> None:
    confirmed.apply(page(1, tasks=[task(T)], history=[done(n) for n in range(30)]), START)
    assert len(confirmed.history(T)) == HISTORY_KEPT
    assert known(confirmed) == {f"op{n}" for n in range(30)}


def test_rows_pulled_anew_contain_what_their_own_history_says(confirmed: Confirmed) -> None:
    """The server may have been restored from a backup: what the rows before had may be lost."""
    confirmed.apply(page(1, tasks=[task(T)], history=[done(n) for n in range(30)]), START)
    confirmed.forget_position()
    anew = page(2, snapshot=True, tasks=[task(T)], history=[done(n) for n in range(5)])
    confirmed.apply(anew, START)
    assert known(confirmed) == {f"op{n}" for n in range(5)}


def test_a_first_pull_that_grows_meanwhile_knows_all_that_it_brought(confirmed: Confirmed) -> None:
    """Its last pages are the feed's, which adds entries to those of the first ones."""
    confirmed.apply(page(1, tasks=[task(T)]), START)
    confirmed.forget_position()
    first = page(2, snapshot=True, more=True, tasks=[task(T)], history=[done(n) for n in range(15)])
    last = page(3, snapshot=True, history=[done(n) for n in range(15, 30)])
    confirmed.apply(first, START)
    assert known(confirmed) == set(), "they are not in the rows that are shown"
    confirmed.apply(last, START)
    assert known(confirmed) == {f"op{n}" for n in range(30)}
    assert len(confirmed.history(T)) == HISTORY_KEPT


# Hearing and presence


def test_nothing_new_still_makes_the_rows_fresh(confirmed: Confirmed) -> None:
    confirmed.apply(page(3), START)
    confirmed.heard(START + 9, -40)
    confirmed.heard(START + 10, None)
    position = confirmed.position()
    assert (position.pulled_at, position.clock_offset, position.cursor) == (START + 10, -40, "c3")


def test_presence_says_when_it_differs(confirmed: Confirmed) -> None:
    people = [
        PersonPresence("ana", START, 2, Occupancy.ACTIVE),
        PersonPresence("jonas", None, 0, Occupancy.UNKNOWN),
    ]
    assert confirmed.save_presence(people).presence
    assert not confirmed.save_presence(people[::-1])
    assert confirmed.presence() == {p.user_id: p for p in people}
    assert confirmed.save_presence(people[:1]).presence
    assert list(confirmed.presence()) == ["ana"]


# Damage


def _waiting(folder: Path) -> list[str]:
    outbox = Outbox(folder)
    found = [item.action.op_id for item in outbox.waiting()]
    outbox.close()
    return found


def _with_one_waiting(folder: Path) -> list[str]:
    outbox = Outbox(folder)
    outbox.add([action(task_id=T)])
    outbox.close()
    return _waiting(folder)


def test_a_damaged_cache_is_set_aside_and_pulled_again(
    server: RunningServer, device: Callable[..., Device], tmp_path: Path
) -> None:
    task_id = server.task("ana")
    ana = device("ana", tmp_path / "ana")
    ana.sync()
    ana.close()
    waiting = _with_one_waiting(ana.folder)
    (ana.folder / "cache.db").write_bytes(b"\x00garbage" * 1_000)
    ana.open()
    assert ana.confirmed.rebuilt
    assert ana.confirmed.next_cursor() is None
    assert (ana.folder / "damaged-cache.db").read_bytes() == b"\x00garbage" * 1_000
    assert ana.waiting_ids() == waiting
    ana.sync()
    assert list(ana.projection.views()) == [task_id]


def test_damage_inside_the_file_is_set_aside_too(tmp_path: Path) -> None:
    confirmed = Confirmed(tmp_path)
    many = [task(f"t{n:04}", description="x" * 400) for n in range(500)]
    confirmed.apply(page(3, tasks=many), START)
    confirmed.close()
    waiting = _with_one_waiting(tmp_path)
    content = bytearray((tmp_path / "cache.db").read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 40_960] = b"\xa5" * 40_960
    (tmp_path / "cache.db").write_bytes(content)
    told = []
    for _ in range(2):
        # Found while reading, at the latest: whoever opens it next finds a file that can be used.
        confirmed = Confirmed(tmp_path)
        try:
            found = confirmed.rows()
        except EnvironmentFault as fault:
            told.append(fault.code)
        finally:
            confirmed.close()
    assert "E3002" not in told  # that sentence is about unsent changes, and they are well
    assert len(told) < 2
    assert (found.tasks, found.position.cursor) == ({}, None)
    assert _waiting(tmp_path) == waiting


def test_a_cache_of_a_newer_tracker_is_set_aside(tmp_path: Path) -> None:
    confirmed = Confirmed(tmp_path)
    confirmed.apply(page(3, tasks=[task(T)]), START)
    confirmed._conn.execute("PRAGMA user_version=99")
    confirmed.close()
    waiting = _with_one_waiting(tmp_path)
    confirmed = Confirmed(tmp_path)
    assert confirmed.rebuilt
    assert confirmed.rows().tasks == {}
    confirmed.apply(page(4, tasks=[task(U)]), START)
    confirmed.close()
    confirmed = Confirmed(tmp_path)
    assert not confirmed.rebuilt
    assert list(confirmed.rows().tasks) == [U]
    confirmed.close()
    assert _waiting(tmp_path) == waiting


BEFORE_TEAMS = range(1, 6)
NOTIFICATIONS_SINCE = 5


def before_teams(folder: Path, version: int) -> None:
    """A cache.db of a version that had no teams, with a person and a cursor in it."""
    conn = sqlite3.connect(folder / "cache.db", isolation_level=None)
    for script in MIGRATIONS[:version]:
        conn.executescript(script)
    for prefix in ("", "shadow_"):
        conn.execute(f"DROP TABLE {prefix}teams")
        if version < NOTIFICATIONS_SINCE:
            conn.execute(f"DROP TABLE {prefix}notifications")
        conn.execute(f"DROP TABLE {prefix}people")
        conn.execute(
            f"CREATE TABLE {prefix}people (id TEXT PRIMARY KEY, number INTEGER, name TEXT,"
            " display_name TEXT, role TEXT, active INTEGER, version INTEGER) WITHOUT ROWID"
        )
        conn.execute(
            f"INSERT INTO {prefix}people VALUES ('ana', 3, 'ana', 'Ana Moreno', 'EMPLOYEE', 1, 2)"
        )
    conn.execute("INSERT INTO projects VALUES ('p', 1, 'Hall B', 0, 1)")
    conn.execute("UPDATE position SET cursor = 'c1', epoch = 'e1', seq = 7, shadow_cursor = 'half'")
    conn.execute(f"PRAGMA user_version = {version}")
    conn.close()


@pytest.mark.parametrize("version", BEFORE_TEAMS)
def test_a_file_from_before_teams_shows_its_people_until_everything_is_pulled_anew(
    tmp_path: Path, version: int
) -> None:
    before_teams(tmp_path, version)
    confirmed = Confirmed(tmp_path)
    assert not confirmed.rebuilt
    ana = Person("ana", 3, "ana", "Ana Moreno", Role.EMPLOYEE, True, version=2)
    assert (confirmed.people(), confirmed.teams()) == ({"ana": ana}, {})
    assert list(confirmed.projects()) == ["p"]
    assert confirmed.next_cursor() is None
    assert everything(confirmed)["shadow_people"] == []
    team = Team("n", 1, "Night shift", False)
    ana = replace(ana, team_id="n", version=3)
    sums = {"people": Sums(1, 3, checksum("ana", 3)), "teams": Sums(1, 1, checksum("n", 1))}
    confirmed.apply(page(9, snapshot=True, people=[ana], teams=[team], sums=sums), START)
    assert (confirmed.people(), confirmed.teams()) == ({"ana": ana}, {"n": team})
    assert confirmed.projects() == {}
    confirmed.close()


@pytest.mark.parametrize("version", BEFORE_TEAMS)
def test_an_old_file_and_a_new_one_end_up_with_the_same_tables(
    tmp_path: Path, version: int
) -> None:
    def schema(folder: Path) -> list[tuple[object, ...]]:
        confirmed = Confirmed(folder)
        query = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        found = confirmed._conn.execute(query).fetchall()
        confirmed.close()
        return found

    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    before_teams(old, version)
    assert schema(old) == schema(new)
