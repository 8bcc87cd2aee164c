"""Confirmed rows: the server's answers and nothing else. Rebuildable.

A page's rows and its cursor are one transaction. The pages of a first pull go into shadow tables
beside the live ones and are swapped in with the last page, so a screen never shows half a list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tracker.cache import database, eviction
from tracker.domain.errors import EnvironmentFault, Unreachable
from tracker.domain.page import (
    CHILDREN,
    Changes,
    Page,
    PersonPresence,
    Sums,
    checksum,
)
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
    Task,
    Team,
)

HISTORY_KEPT = 20
OPS_KEPT = 500
"""As many actions as one push can hold: so many of a task may be without their answer."""
_FEW = 1_000

_TABLES: dict[str, tuple[str, str]] = {
    "tasks": (
        "id TEXT PRIMARY KEY, number INTEGER, title TEXT, description TEXT, status TEXT,"
        " priority TEXT, progress INTEGER, created_by TEXT, created_at INTEGER,"
        " updated_at INTEGER, version INTEGER, project_id TEXT, parent_id TEXT, due_at INTEGER,"
        " due_date TEXT, estimated_minutes INTEGER, completed_at INTEGER, completion_notes TEXT,"
        " progress_before INTEGER, last_progress_at INTEGER, last_progress_by TEXT,"
        " comment_count INTEGER, child_count INTEGER",
        "id",
    ),
    "assignments": (
        "task_id TEXT, user_id TEXT, part TEXT, percent INTEGER, assigned_by TEXT,"
        " assigned_at INTEGER, version INTEGER, PRIMARY KEY (task_id, user_id)",
        "task_id",
    ),
    "comments": (
        "id TEXT PRIMARY KEY, task_id TEXT, user_id TEXT, text TEXT, made_at INTEGER,"
        " received_at INTEGER, version INTEGER",
        "task_id",
    ),
    "history": (
        "id TEXT PRIMARY KEY, task_id TEXT, user_id TEXT, event TEXT, before TEXT, after TEXT,"
        " note TEXT, made_at INTEGER, received_at INTEGER, op_id TEXT",
        "task_id",
    ),
    "people": (
        "id TEXT PRIMARY KEY, number INTEGER, name TEXT, display_name TEXT, role TEXT,"
        " active INTEGER, version INTEGER, team_id TEXT, avatar_url TEXT DEFAULT ''",
        "id",
    ),
    "projects": (
        "id TEXT PRIMARY KEY, number INTEGER, name TEXT, archived INTEGER, version INTEGER",
        "id",
    ),
    "teams": (
        "id TEXT PRIMARY KEY, number INTEGER, name TEXT, archived INTEGER, version INTEGER",
        "id",
    ),
}
"""Table → columns in the order of the domain's fields, and the column that names the task."""


_KEYS = dict.fromkeys(_TABLES, "id") | {"assignments": "task_id || ':' || user_id"}
"""What a row's checksum names it by."""


def _script() -> str:
    tables = [
        f"CREATE TABLE {prefix}{name} ({columns}) WITHOUT ROWID"
        for name, (columns, _) in _TABLES.items()
        for prefix in ("", "shadow_")
    ]
    indexes = [
        f"CREATE INDEX {prefix}{name}_by_task ON {prefix}{name} (task_id)"
        for name in ("comments", "history")
        for prefix in ("", "shadow_")
    ]
    own = [
        "CREATE TABLE position (only INTEGER PRIMARY KEY CHECK (only = 1), cursor TEXT,"
        " epoch TEXT, seq INTEGER NOT NULL, zone TEXT NOT NULL, pulled_at INTEGER,"
        " clock_offset INTEGER, shadow_cursor TEXT)",
        "INSERT INTO position VALUES (1, NULL, NULL, 0, 'UTC', NULL, NULL, NULL)",
        "CREATE TABLE presence (user_id TEXT PRIMARY KEY, last_heard_at INTEGER,"
        " unsent INTEGER NOT NULL, occupancy TEXT NOT NULL) WITHOUT ROWID",
    ]
    return ";\n".join([*tables, *indexes, *own])


def _anew(kept: Mapping[str, str]) -> str:
    """Makes tables as they are now, whether or not they are there, and has everything pulled anew.
    Until then, which may be long offline, the columns named here show what they did."""
    script = []
    for name, columns in kept.items():
        for new in (f"new_{name}", f"new_shadow_{name}"):
            script.append(f"CREATE TABLE {new} ({_TABLES[name][0]}) WITHOUT ROWID")
        if columns:
            script.append(f"INSERT INTO new_{name} ({columns}) SELECT {columns} FROM {name}")
        for old in (name, f"shadow_{name}"):
            script.append(f"DROP TABLE IF EXISTS {old}")
            script.append(f"ALTER TABLE new_{old} RENAME TO {old}")
    return ";\n".join([*script, "UPDATE position SET cursor = NULL, shadow_cursor = NULL"])


MIGRATIONS = (
    _script(),
    # Actions of history entries that were trimmed; `number` is the entry's.
    "CREATE TABLE past_ops (task_id TEXT, op_id TEXT, number INTEGER,"
    " PRIMARY KEY (task_id, op_id)) WITHOUT ROWID",
    eviction.SCHEMA,
    # Teams, and the people's team and picture.
    _anew({"people": "id, number, name, display_name, role, active, version", "teams": ""}),
)
_OfATask = TypeVar("_OfATask", Assignment, Comment, HistoryEntry)
_STATUSES = {str(status): status for status in Status}
_PRIORITIES = {str(priority): priority for priority in Priority}


@dataclass(frozen=True, slots=True)
class Position:
    """How far this device has read. `pulled_at` is when the server last answered, in device ms."""

    cursor: str | None
    epoch: str | None
    seq: int
    zone: str
    pulled_at: int | None
    clock_offset: int | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Confirmed tasks with their people, and the position they were read at: one moment. `ops` are
    the actions that the histories asked for say are in them; `stubs` the tasks among these that
    were evicted."""

    tasks: dict[str, Task]
    people: dict[str, dict[str, Assignment]]
    position: Position
    ops: frozenset[str]
    stubs: frozenset[str]


class Brief(NamedTuple):
    """What a list needs of a task. A tuple, as 10,000 Task objects take 30 ms to make."""

    id: str
    number: int
    title: str
    progress: int
    version: int
    project_id: str | None
    due_at: int | None
    due_date: str | None
    completed_at: int | None
    status: Status
    priority: Priority


class Confirmed:
    """One connection to cache.db; a lock serves several threads of this process.

    A damaged or too new file is set aside and made anew: everything in it can be pulled again.
    `rebuilt` says that this happened. So many finished tasks are kept whole (eviction.py).
    """

    def __init__(self, folder: Path, most_finished: int = eviction.MOST_FINISHED) -> None:
        self.most_finished = most_finished
        self.path = folder / "cache.db"
        self.rebuilt = False
        self._damage = folder / "cache.damaged"
        if self._damage.exists():  # found in use: it could be opened, but not read
            self._set_aside()
            self._damage.unlink(missing_ok=True)
        try:
            self._conn = database.connect(self.path, MIGRATIONS, "NORMAL")
        except (database.Damaged, database.TooNew):
            self._set_aside()
            self._conn = database.connect(self.path, MIGRATIONS, "NORMAL")
        self._conn.create_function("checksum", 2, checksum, deterministic=True)
        self._border = database.Border(self.path, self._found_damaged)

    def _set_aside(self) -> None:
        self.rebuilt = True
        for suffix in ("", "-wal", "-shm"):
            old = self.path.with_name(self.path.name + suffix)
            if old.exists():
                old.replace(self.path.with_name(f"damaged-{self.path.name}{suffix}"))

    def close(self) -> None:
        self._conn.close()

    # -- applying answers ------------------------------------------------------------------

    def apply(self, page: Page, now: int) -> Changes:
        """Takes a page and its cursor in one transaction; says which tasks differ now."""
        if page.snapshot:
            return self._apply_snapshot(page, now)
        with self._write():
            of = {task.id for task in page.tasks}
            of |= {row.task_id for row in page.assignments}
            of |= {row.task_id for row in page.comments}
            of |= {row.task_id for row in page.history}
            hidden = eviction.meet(self._conn, page, of)
            touched = (of - hidden) | self._take("", page, hidden)
            self._trim_history({row.task_id for row in page.history})
            self._conn.execute(
                "UPDATE position SET cursor = ?, epoch = ?, seq = ?, zone = ?, pulled_at = ?",
                (page.cursor, page.epoch, page.seq, page.zone, now),
            )
        return Changes(frozenset(touched), people=bool(page.people or page.projects or page.teams))

    def _apply_snapshot(self, page: Page, now: int) -> Changes:
        with self._write():
            if self._conn.execute("SELECT shadow_cursor FROM position").fetchone()[0] is None:
                for name in _TABLES:
                    self._conn.execute(f"DELETE FROM shadow_{name}")
            self._take("shadow_", page)
            wrong = self._differing(page.sums or {})
            if page.more:
                self._conn.execute("UPDATE position SET shadow_cursor = ?", (page.cursor,))
                return Changes()
            if not wrong:
                self._swap()
                self._trim_history(self._with_long_history())
                self._conn.execute(
                    "UPDATE position SET cursor = ?, epoch = ?, seq = ?, zone = ?, pulled_at = ?,"
                    " shadow_cursor = NULL",
                    (page.cursor, page.epoch, page.seq, page.zone, now),
                )
                return Changes(everything=True, people=True)
            self._conn.execute("UPDATE position SET shadow_cursor = NULL")
        raise Unreachable("E4011", f"({', '.join(wrong)})")

    def _differing(self, sums: Mapping[str, Sums]) -> list[str]:
        """The shadow tables that are not what the server has."""
        wrong = []
        for name, expected in sums.items():
            if name not in _TABLES:
                continue  # a kind this Tracker does not keep
            found = self._conn.execute(
                f"SELECT count(*), coalesce(sum(version), 0),"
                f" coalesce(sum(checksum({_KEYS[name]}, version)), 0) FROM shadow_{name}"
            ).fetchone()
            if Sums(*found) != expected:
                wrong.append(name)
        return wrong

    def _swap(self) -> None:
        """Renaming many rows is quicker than copying them, and to every reader it is one moment
        too. Its price is a look at the whole schema for each table, so few rows are copied."""
        # What these rows contain, their own history says.
        self._conn.execute("DELETE FROM past_ops")
        eviction.clear(self._conn)
        few = self._conn.execute("SELECT count(*) < ? FROM shadow_history", (_FEW,)).fetchone()[0]
        for name in _TABLES:
            if few:
                self._conn.execute(f"DELETE FROM {name}")
                self._conn.execute(f"INSERT INTO {name} SELECT * FROM shadow_{name}")
                self._conn.execute(f"DELETE FROM shadow_{name}")
                continue
            self._conn.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
            self._conn.execute(f"ALTER TABLE shadow_{name} RENAME TO {name}")
            self._conn.execute(f"ALTER TABLE old_{name} RENAME TO shadow_{name}")
            self._conn.execute(f"DELETE FROM shadow_{name}")

    def _take(self, prefix: str, page: Page, hidden: Set[str] = frozenset()) -> set[str]:
        """Rows, but those of `hidden` tasks, and tombstones into the live tables or the shadow
        ones; the tasks that the tombstones concern."""
        touched = set()
        for stone in page.gone:
            if stone.kind == CHILDREN:
                touched |= self._bury(prefix, CHILDREN, stone.id)
        self._put(page, prefix, hidden)
        for stone in page.gone:
            if stone.kind != CHILDREN:
                touched |= self._bury(prefix, stone.kind, stone.id)
        return touched

    def _put(self, page: Page, prefix: str, hidden: Set[str]) -> None:
        def shown(rows: Sequence[_OfATask]) -> Iterable[_OfATask]:
            return (row for row in rows if row.task_id not in hidden) if hidden else rows

        tasks = [task for task in page.tasks if task.id not in hidden] if hidden else page.tasks
        rows: Mapping[str, Iterable[tuple[Any, ...]]] = {
            "tasks": map(_TASK_VALUES, tasks),
            "assignments": map(_ASSIGNMENT_VALUES, shown(page.assignments)),
            "comments": map(_plain, shown(page.comments)),
            "history": map(_history_row, shown(page.history)),
            "people": map(_plain, page.people),
            "projects": map(_plain, page.projects),
            "teams": map(_plain, page.teams),
        }
        for name, values in rows.items():
            width = len(_TABLES[name][0].split(", PRIMARY KEY (")[0].split(","))
            marks = ",".join("?" * width)
            self._conn.executemany(
                f"INSERT OR REPLACE INTO {prefix}{name} VALUES ({marks})", values
            )

    def _bury(self, prefix: str, kind: str, entity_id: str) -> set[str]:
        """Applies one tombstone; returns the tasks it concerns."""
        if kind in ("task", CHILDREN):
            for name in ("tasks", "assignments", "comments", "history")[kind == CHILDREN :]:
                self._conn.execute(
                    f"DELETE FROM {prefix}{name} WHERE {_TABLES[name][1]} = ?", (entity_id,)
                )
            if kind == "task" and not prefix:
                eviction.forget(self._conn, entity_id)
            return {entity_id}
        if kind == "assignment":
            task_id, _, user_id = entity_id.partition(":")
            self._conn.execute(
                f"DELETE FROM {prefix}assignments WHERE task_id = ? AND user_id = ?",
                (task_id, user_id),
            )
            return {task_id}
        table = {"comment": f"{prefix}comments", "history": f"{prefix}history"}.get(kind)
        if table is None:
            return set()
        row = self._conn.execute(f"SELECT task_id FROM {table} WHERE id = ?", (entity_id,))
        found = row.fetchone()
        self._conn.execute(f"DELETE FROM {table} WHERE id = ?", (entity_id,))
        return {found[0]} if found else set()

    def _with_long_history(self) -> list[str]:
        """Pages of a first pull are not trimmed: `past_ops` is about the rows that are shown."""
        rows = self._conn.execute(
            "SELECT task_id FROM history GROUP BY task_id HAVING count(*) > ?", (HISTORY_KEPT,)
        ).fetchall()
        return [row[0] for row in rows]

    def _trim_history(self, task_ids: Iterable[str]) -> None:
        older = (
            "FROM history WHERE task_id = :task AND id NOT IN (SELECT id FROM history"
            " WHERE task_id = :task ORDER BY CAST(id AS INTEGER) DESC LIMIT :kept)"
        )
        tasks = [{"task": task_id, "kept": HISTORY_KEPT, "ops": OPS_KEPT} for task_id in task_ids]
        # What is forgotten as history is still known as done, should its answer have been lost.
        self._conn.executemany(
            f"INSERT OR IGNORE INTO past_ops SELECT task_id, op_id, CAST(id AS INTEGER) {older}"
            " AND op_id IS NOT NULL",
            tasks,
        )
        self._conn.executemany(
            "DELETE FROM past_ops WHERE task_id = :task AND op_id NOT IN (SELECT op_id FROM"
            " past_ops WHERE task_id = :task ORDER BY number DESC LIMIT :ops)",
            tasks,
        )
        self._conn.executemany(f"DELETE {older}", tasks)

    def heard(self, now: int, clock_offset: int | None) -> None:
        """The server answered that nothing is new: the rows are as fresh as this moment."""
        with self._write():
            self._conn.execute(
                "UPDATE position SET pulled_at = ?, clock_offset = coalesce(?, clock_offset)",
                (now, clock_offset),
            )

    def forget_position(self) -> None:
        """The cursor is void: the next pull is a first pull. Rows stay until it is complete."""
        with self._write():
            self._conn.execute("UPDATE position SET cursor = NULL, shadow_cursor = NULL")

    def save_presence(self, people: Sequence[PersonPresence]) -> Changes:
        with self._write():
            before = self._conn.execute("SELECT * FROM presence ORDER BY user_id").fetchall()
            rows = sorted((p.user_id, p.last_heard_at, p.unsent, p.occupancy) for p in people)
            if before == rows:
                return Changes()
            self._conn.execute("DELETE FROM presence")
            self._conn.executemany("INSERT INTO presence VALUES (?, ?, ?, ?)", rows)
        return Changes(people=True)

    # -- stubs -----------------------------------------------------------------------------

    def evict(self, busy: eviction.Busy) -> Changes:
        """Holds the bound: the finished tasks beyond it leave, but those that `busy` names."""
        with self._write():
            return Changes(frozenset(eviction.evict(self._conn, self.most_finished, busy)))

    def wanted(self) -> list[str]:
        """Stubs whose tasks the next pull is to bring whole."""
        with self._read():
            return eviction.wanted(self._conn)

    def ask(self, task_id: str, now: int) -> None:
        """A person wants to see a task of which only a stub is here."""
        with self._write():
            eviction.ask(self._conn, task_id, now)

    def find_stubs(self, ref: str) -> list[str]:
        """The ids of stubs with this number, or with an id that begins so."""
        with self._read():
            return eviction.find(self._conn, ref)

    def stubs(self) -> dict[str, int]:
        """The version of each task that was evicted."""
        with self._read():
            return eviction.versions(self._conn)

    # -- asking ----------------------------------------------------------------------------

    def position(self) -> Position:
        with self._read():
            return self._position()

    def next_cursor(self) -> str | None:
        """What to pull after: an unfinished first pull goes on where it stopped."""
        with self._read():
            row = self._conn.execute("SELECT shadow_cursor, cursor FROM position").fetchone()
        found: str | None = row[0] or row[1]
        return found

    def rows(self, ids: Sequence[str] | None = None, ops_of: Collection[str] = ()) -> Rows:
        """Tasks and people (all, or those of `ids`) with the position, and the actions in the
        histories of the tasks `ops_of`, read as one moment."""
        with self._read(), database.reading(self._conn):
            ops = {
                op_id
                for task_id in ops_of
                for (op_id,) in self._conn.execute(
                    "SELECT op_id FROM history WHERE task_id = :task"
                    " UNION ALL SELECT op_id FROM past_ops WHERE task_id = :task",
                    {"task": task_id},
                )
            }
            stubs = frozenset(one for one in ops_of if eviction.is_stub(self._conn, one))
            if ids is None:
                tasks = self._conn.execute("SELECT * FROM tasks").fetchall()
                people = self._conn.execute("SELECT * FROM assignments").fetchall()
            else:
                marks = ",".join("?" * len(ids))
                tasks = self._conn.execute(
                    f"SELECT * FROM tasks WHERE id IN ({marks})", ids
                ).fetchall()
                people = self._conn.execute(
                    f"SELECT * FROM assignments WHERE task_id IN ({marks})", ids
                ).fetchall()
            position = self._position()
        grouped: dict[str, dict[str, Assignment]] = {}
        for row in people:
            grouped.setdefault(row[0], {})[row[1]] = Assignment(*_with(row, {2: Part}))
        return Rows({row[0]: _task(row) for row in tasks}, grouped, position, frozenset(ops), stubs)

    def briefs(self) -> tuple[list[Brief], Position]:
        """All tasks by number, and the position they were read at: one moment."""
        query = f"SELECT {', '.join(Brief._fields)} FROM tasks ORDER BY number"
        with self._read(), database.reading(self._conn):
            rows = self._conn.execute(query).fetchall()
            position = self._position()
        return [
            Brief._make((*plain, _STATUSES[status], _PRIORITIES[priority]))
            for *plain, status, priority in rows
        ], position

    def history(self, task_id: str) -> list[HistoryEntry]:
        """The kept entries of a task, oldest first."""
        with self._read():
            rows = self._conn.execute(
                "SELECT * FROM history WHERE task_id = ? ORDER BY CAST(id AS INTEGER)", (task_id,)
            ).fetchall()
        return [HistoryEntry(*_with(r, {4: json.loads, 5: json.loads})) for r in rows]

    def comments(self, task_id: str) -> list[Comment]:
        with self._read():
            rows = self._conn.execute(
                "SELECT * FROM comments WHERE task_id = ? ORDER BY made_at, id", (task_id,)
            ).fetchall()
        return [Comment(*row) for row in rows]

    def people(self) -> dict[str, Person]:
        with self._read():
            rows = self._conn.execute("SELECT * FROM people ORDER BY number").fetchall()
        return {r[0]: Person(*_with(r, {4: Role, 5: bool})) for r in rows}

    def projects(self) -> dict[str, Project]:
        with self._read():
            rows = self._conn.execute("SELECT * FROM projects ORDER BY number").fetchall()
        return {r[0]: Project(*_with(r, {3: bool})) for r in rows}

    def teams(self) -> dict[str, Team]:
        with self._read():
            rows = self._conn.execute("SELECT * FROM teams ORDER BY number").fetchall()
        return {r[0]: Team(*_with(r, {3: bool})) for r in rows}

    def presence(self) -> dict[str, PersonPresence]:
        with self._read():
            rows = self._conn.execute("SELECT * FROM presence").fetchall()
        return {r[0]: PersonPresence(*_with(r, {3: Occupancy})) for r in rows}

    def _position(self) -> Position:
        return Position(
            *self._conn.execute(
                "SELECT cursor, epoch, seq, zone, pulled_at, clock_offset FROM position"
            ).fetchone()
        )

    @contextmanager
    def _write(self) -> Iterator[None]:
        with self._read(), database.transaction(self._conn):
            yield

    def _read(self) -> database.Border:
        return self._border

    def _found_damaged(self, _fault: database.Damaged) -> EnvironmentFault:
        self._damage.touch()  # the next start makes a new one
        return EnvironmentFault("E3003", "Start Tracker again.")


_TASK_VALUES = attrgetter(*Task.__slots__)
_ASSIGNMENT_VALUES = attrgetter(*Assignment.__slots__)


def _plain(row: Comment | Person | Project | Team) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.__slots__)


def _history_row(entry: HistoryEntry) -> tuple[Any, ...]:
    return (
        entry.id, entry.task_id, entry.user_id, entry.event, _text(entry.before),
        _text(entry.after), entry.note, entry.made_at, entry.received_at, entry.op_id,
    )  # fmt: skip


_encode = json.JSONEncoder(check_circular=False).encode


def _text(values: Mapping[str, Any]) -> str:
    return _encode(dict(values)) if values else "{}"


_STATUS = [f.name for f in fields(Task)].index("status")


def _task(row: Sequence[Any]) -> Task:
    return Task(*_with(row, {_STATUS: _STATUSES.__getitem__, _STATUS + 1: _PRIORITIES.__getitem__}))


def _with(row: Sequence[Any], converters: Mapping[int, Callable[[Any], Any]]) -> list[Any]:
    """The row's values with those at the given places converted."""
    values = list(row)
    for place, convert in converters.items():
        values[place] = convert(values[place])
    return values
