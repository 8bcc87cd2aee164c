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
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tracker.cache import database, eviction
from tracker.cache.quick import quick
from tracker.domain.errors import EnvironmentFault, Unreachable
from tracker.domain.page import (
    CHILDREN,
    NOTIFICATION,
    NOTIFICATIONS_KEPT,
    Changes,
    Page,
    PersonPresence,
    Sums,
    checksum,
)
from tracker.domain.task import (
    Assignment,
    Comment,
    Dependency,
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
    TimeEntry,
)

if TYPE_CHECKING:  # a list of tasks does not need it: 4 ms
    from tracker.domain.notification import Notification

HISTORY_KEPT = 20
OPS_KEPT = 500
"""As many actions as one push can hold: so many of a task may be without their answer."""
_FEW = 1_000
_MENTIONS = "SELECT DISTINCT task_id FROM comments WHERE instr(folded(text), ?) > 0"
_SEARCHED = 5_000
"""Comments that are looked through at a time."""

_FIRST: dict[str, tuple[str, str]] = {
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
    "notifications": (
        "id TEXT PRIMARY KEY, number INTEGER, user_id TEXT, type TEXT, title TEXT, message TEXT,"
        " priority TEXT, category TEXT, created_at INTEGER, updated_at INTEGER, version INTEGER,"
        " read_at INTEGER, archived_at INTEGER, expires_at INTEGER, action_url TEXT,"
        " entity_kind TEXT, entity_id TEXT",
        "id",
    ),
}
"""Table → columns in the order of the domain's fields, and the column that names the task."""
_ADDED: dict[str, tuple[str, ...]] = {
    "tasks": (
        "scheduled_at INTEGER", "task_type TEXT NOT NULL DEFAULT ''", "lead_id TEXT",
        "actual_minutes INTEGER NOT NULL DEFAULT 0", "quality_rating INTEGER",
        "revenue_cents INTEGER", "assigned_at INTEGER", "started_at INTEGER",
        "cancelled_at INTEGER", "rollup_progress INTEGER", "open_needs INTEGER NOT NULL DEFAULT 0",
    ),
    "assignments": ("accepted_at INTEGER", "completed_at INTEGER"),
    "comments": (
        "parent_id TEXT", "edited_at INTEGER", "attachments TEXT NOT NULL DEFAULT '[]'",
    ),
}  # fmt: skip
_LATER: dict[str, tuple[str, str]] = {
    "time_entries": (
        "id TEXT PRIMARY KEY, task_id TEXT, user_id TEXT, minutes INTEGER, started_at INTEGER,"
        " note TEXT, made_at INTEGER, received_at INTEGER, version INTEGER",
        "task_id",
    ),
    "dependencies": (
        "task_id TEXT, needs_id TEXT, made_by TEXT, made_at INTEGER, version INTEGER,"
        " PRIMARY KEY (task_id, needs_id)",
        "task_id",
    ),
}
_TABLES = _FIRST | _LATER


def _marks(table: str) -> str:
    """A question mark for each of its columns."""
    first = _TABLES[table][0].split(", PRIMARY KEY (")[0].split(",")
    return ",".join("?" * (len(first) + len(_ADDED.get(table, ()))))


_MARKS = {name: _marks(name) for name in _TABLES}
_KEYS = dict.fromkeys(_TABLES, "id") | {
    "assignments": "task_id || ':' || user_id",
    "dependencies": "task_id || ':' || needs_id",
}
"""What a row's checksum and its tombstone name it by."""
_HANGING = {
    "assignment": "assignments",
    "comment": "comments",
    "time_entry": "time_entries",
    "dependency": "dependencies",
    "history": "history",
}
"""The kinds of tombstones for what hangs on a task."""


_LIVE_AND_SHADOW = ("", "shadow_")


def _create(tables: Mapping[str, tuple[str, str]]) -> list[str]:
    return [
        f"CREATE TABLE {prefix}{name} ({columns}) WITHOUT ROWID"
        for name, (columns, _) in tables.items()
        for prefix in _LIVE_AND_SHADOW
    ]


def _index(*names: str) -> list[str]:
    return [
        f"CREATE INDEX {prefix}{name}_by_task ON {prefix}{name} (task_id)"
        for name in names
        for prefix in _LIVE_AND_SHADOW
    ]


def _script() -> str:
    own = [
        "CREATE TABLE position (only INTEGER PRIMARY KEY CHECK (only = 1), cursor TEXT,"
        " epoch TEXT, seq INTEGER NOT NULL, zone TEXT NOT NULL, pulled_at INTEGER,"
        " clock_offset INTEGER, shadow_cursor TEXT)",
        "INSERT INTO position VALUES (1, NULL, NULL, 0, 'UTC', NULL, NULL, NULL)",
        "CREATE TABLE presence (user_id TEXT PRIMARY KEY, last_heard_at INTEGER,"
        " unsent INTEGER NOT NULL, occupancy TEXT NOT NULL) WITHOUT ROWID",
    ]
    return ";\n".join([*_create(_FIRST), *_index("comments", "history"), *own])


def _whole_task() -> str:
    """The rows that are here stay to be read; all are pulled anew for what they lack."""
    columns = [
        f"ALTER TABLE {prefix}{name} ADD COLUMN {column}"
        for name, added in _ADDED.items()
        for column in added
        for prefix in _LIVE_AND_SHADOW
    ]
    anew = "UPDATE position SET cursor = NULL, shadow_cursor = NULL"
    return ";\n".join([*columns, *_create(_LATER), *_index("time_entries"), anew])


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
    _whole_task(),
    _anew({"notifications": ""}),
    # Teams, and the people's team and picture.
    _anew({"people": "id, number, name, display_name, role, active, version", "teams": ""}),
)
_LONGER = "SELECT 1 FROM history WHERE task_id = ? LIMIT 1 OFFSET ?"
_OfATask = TypeVar("_OfATask", Assignment, Comment, TimeEntry, Dependency, HistoryEntry)
_STATUSES = {str(status): status for status in Status}
_PRIORITIES = {str(priority): priority for priority in Priority}
_PARTS = {str(part): part for part in Part}


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
        # SQLite's own lower() knows the letters of ASCII only.
        self._conn.create_function("folded", 1, str.casefold, deterministic=True)
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
            for rows in (page.comments, page.time_entries, page.dependencies, page.history):
                of |= {row.task_id for row in rows}
            hidden = eviction.meet(self._conn, page, of)
            touched = (of - hidden) | self._take("", page, hidden)
            self._trim_history({row.task_id for row in page.history})
            notified = bool(page.notifications) or any(s.kind == NOTIFICATION for s in page.gone)
            if page.notifications:
                self._trim_notifications()
            self._conn.execute(
                "UPDATE position SET cursor = ?, epoch = ?, seq = ?, zone = ?, pulled_at = ?",
                (page.cursor, page.epoch, page.seq, page.zone, now),
            )
        named = bool(page.people or page.projects or page.teams)
        return Changes(frozenset(touched), people=named, notifications=notified)

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
                self._trim_notifications()
                self._conn.execute(
                    "UPDATE position SET cursor = ?, epoch = ?, seq = ?, zone = ?, pulled_at = ?,"
                    " shadow_cursor = NULL",
                    (page.cursor, page.epoch, page.seq, page.zone, now),
                )
                return Changes(everything=True, people=True, notifications=True)
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
        def shown(rows: Sequence[_OfATask]) -> Sequence[_OfATask]:
            return [row for row in rows if row.task_id not in hidden] if hidden else rows

        tasks = [task for task in page.tasks if task.id not in hidden] if hidden else page.tasks
        rows: tuple[tuple[str, Iterable[Any], Callable[[Any], tuple[Any, ...]]], ...] = (
            ("tasks", tasks, _TASK_VALUES),
            ("assignments", shown(page.assignments), _ASSIGNMENT_VALUES),
            ("comments", shown(page.comments), _comment_row),
            ("time_entries", shown(page.time_entries), _plain),
            ("dependencies", shown(page.dependencies), _plain),
            ("history", shown(page.history), _history_row),
            ("people", page.people, _plain),
            ("projects", page.projects, _plain),
            ("teams", page.teams, _plain),
            ("notifications", page.notifications, _plain),
        )
        for name, found, values in rows:
            if found:
                self._conn.executemany(
                    f"INSERT OR REPLACE INTO {prefix}{name} VALUES ({_MARKS[name]})",
                    map(values, found),
                )

    def _bury(self, prefix: str, kind: str, entity_id: str) -> set[str]:
        """Applies one tombstone; returns the tasks it concerns."""
        if kind in ("task", CHILDREN):
            for name in ("tasks", *_HANGING.values())[kind == CHILDREN :]:
                self._conn.execute(
                    f"DELETE FROM {prefix}{name} WHERE {_TABLES[name][1]} = ?", (entity_id,)
                )
            if kind == "task" and not prefix:
                eviction.forget(self._conn, entity_id)
            return {entity_id}
        if kind == NOTIFICATION:
            self._conn.execute(f"DELETE FROM {prefix}notifications WHERE id = ?", (entity_id,))
            return set()
        if kind not in _HANGING:
            return set()
        name = _HANGING[kind]
        first, _, second = entity_id.partition(":")
        columns = _KEYS[name].split(" || ':' || ")
        fits = " AND ".join(f"{column} = ?" for column in columns)
        values = (first, second)[: len(columns)]
        row = self._conn.execute(f"SELECT task_id FROM {prefix}{name} WHERE {fits}", values)
        found = row.fetchone()
        self._conn.execute(f"DELETE FROM {prefix}{name} WHERE {fits}", values)
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
        tasks = [
            {"task": task_id, "kept": HISTORY_KEPT, "ops": OPS_KEPT}
            for task_id in task_ids
            if self._conn.execute(_LONGER, (task_id, HISTORY_KEPT)).fetchone()
        ]
        if not tasks:
            return
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

    def _trim_notifications(self) -> None:
        """Archived ones leave, and the oldest beyond the bound, which no first pull would bring."""
        self._conn.execute(
            "DELETE FROM notifications WHERE archived_at IS NOT NULL OR number <= (SELECT number"
            " FROM notifications WHERE archived_at IS NULL ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (NOTIFICATIONS_KEPT,),
        )

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
            before = set(self._conn.execute("SELECT * FROM presence"))
            rows = {(p.user_id, p.last_heard_at, p.unsent, p.occupancy.value) for p in people}
            if before == rows:
                return Changes()
            gone = {row[:1] for row in before} - {row[:1] for row in rows}
            self._conn.executemany("DELETE FROM presence WHERE user_id = ?", gone)
            self._conn.executemany(
                "INSERT OR REPLACE INTO presence VALUES (?, ?, ?, ?)", rows - before
            )
        return Changes(presence=True)

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
            stubs = eviction.among(self._conn, ops_of)
            some = "" if ids is None else f" WHERE %s IN ({','.join('?' * len(ids))})"
            # Row by row: 20,000 tuples at once would have the garbage collector look through them.
            found = self._conn.execute("SELECT * FROM tasks" + some.replace("%s", "id"), ids or ())
            tasks = {row[0]: _task(row) for row in found}
            of_people = "SELECT * FROM assignments" + some.replace("%s", "task_id")
            people: dict[str, dict[str, Assignment]] = {}
            for row in self._conn.execute(of_people, ids or ()):
                people.setdefault(row[0], {})[row[1]] = _assignment(row)
            position = self._position()
        return Rows(tasks, people, position, frozenset(ops), stubs)

    def numbered(self, numbers: Collection[int]) -> dict[int, str]:
        """The ids of the tasks with these numbers, stubs among them. Looks at all tasks."""
        if not numbers:
            return {}
        with self._read():
            rows = self._conn.execute(
                "SELECT number, id FROM tasks UNION ALL SELECT number, id FROM stubs"
            )
            return {number: task_id for number, task_id in rows if number in numbers}

    def existing(self, task_ids: Sequence[str]) -> set[str]:
        """Those of the tasks that the server has, as far as is known here; stubs among them."""
        with self._read():
            return {
                task_id
                for task_id in task_ids
                if self._conn.execute(
                    "SELECT 1 FROM tasks WHERE id = ? UNION ALL SELECT 1 FROM stubs WHERE id = ?",
                    (task_id, task_id),
                ).fetchone()
            }

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

    def history_counts(self, ids: Sequence[str]) -> dict[str, int]:
        """How many entries of each are kept; a thousand ids at most."""
        query = (
            "SELECT task_id, count(*) FROM history"
            f" WHERE task_id IN ({','.join('?' * len(ids))}) GROUP BY task_id"
        )
        with self._read():
            return dict(self._conn.execute(query, list(ids)).fetchall())

    def comments(self, task_id: str) -> list[Comment]:
        with self._read():
            rows = self._conn.execute(
                "SELECT * FROM comments WHERE task_id = ? ORDER BY made_at, id", (task_id,)
            ).fetchall()
        return [_comment(row) for row in rows]

    def count(self) -> int:
        """How many tasks there are."""
        with self._read():
            found: int = self._conn.execute("SELECT count(*) FROM tasks").fetchone()[0]
        return found

    def task_ids(self, after: str, most: int) -> list[str]:
        """The next ids in their order, up to so many."""
        with self._read():
            rows = self._conn.execute(
                "SELECT id FROM tasks WHERE id > ? ORDER BY id LIMIT ?", (after, most)
            ).fetchall()
        return [row[0] for row in rows]

    def mentioned(self, needle: str, tasks: Sequence[str]) -> set[str]:
        """Those of the tasks with a comment that holds the words, in either case."""
        marks = ",".join("?" * len(tasks))
        with self._read():
            rows = self._conn.execute(
                f"{_MENTIONS} AND task_id IN ({marks})", (needle.casefold(), *tasks)
            ).fetchall()
        return {row[0] for row in rows}

    def mentions(self, needle: str) -> Iterator[set[str]]:
        """The same of all tasks, some comments at a time."""
        words, after = needle.casefold(), ""
        last: str | None = ""
        while last is not None:
            with self._read():
                following = "SELECT id FROM comments WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
                row = self._conn.execute(following, (after, _SEARCHED - 1)).fetchone()
                last = row[0] if row else None
                within = (words, after, last or "\uffff")
                rows = self._conn.execute(f"{_MENTIONS} AND id > ? AND id <= ?", within)
                found = {task_id for (task_id,) in rows}
            after = last or ""
            yield found

    def comment(self, comment_id: str) -> Comment | None:
        with self._read():
            row = self._conn.execute(
                "SELECT * FROM comments WHERE id = ?", (comment_id,)
            ).fetchone()
        return _comment(row) if row else None

    def time_entries(self, task_id: str) -> list[TimeEntry]:
        with self._read():
            rows = self._conn.execute(
                "SELECT * FROM time_entries WHERE task_id = ? ORDER BY made_at, id", (task_id,)
            ).fetchall()
        return [TimeEntry(*row) for row in rows]

    def needs(self, task_id: str) -> list[str]:
        """The ids of the tasks that this one waits for. Not all of them may be here."""
        with self._read():
            rows = self._conn.execute(
                "SELECT needs_id FROM dependencies WHERE task_id = ?", (task_id,)
            ).fetchall()
        return [row[0] for row in rows]

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

    def notifications(self) -> tuple[list[Notification], Position]:
        """The person's own, the newest first, and the position they were read at: one moment."""
        from tracker.domain.notification import (
            Notification,
            NotificationPriority,
            NotificationType,
        )

        query = "SELECT * FROM notifications ORDER BY number DESC"
        with self._read(), database.reading(self._conn):
            rows = self._conn.execute(query).fetchall()
            position = self._position()
        words = {3: NotificationType, 6: NotificationPriority}
        return [Notification(*_with(row, words)) for row in rows], position

    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The ids of all people and of all projects."""
        with self._read():
            rows = self._conn.execute(
                "SELECT id, 1 FROM people UNION ALL SELECT id, 0 FROM projects"
            ).fetchall()
        people = frozenset(row[0] for row in rows if row[1])
        return people, frozenset(row[0] for row in rows if not row[1])

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


def _plain(
    row: Person | Project | Team | TimeEntry | Dependency | Notification,
) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.__slots__)


def _comment_row(row: Comment) -> tuple[Any, ...]:
    values = [getattr(row, name) for name in row.__slots__]
    return (*values[:-1], _encode(row.attachments))


def _comment(row: Sequence[Any]) -> Comment:
    return Comment(*_with(row, {len(row) - 1: lambda text: tuple(json.loads(text))}))


def _history_row(entry: HistoryEntry) -> tuple[Any, ...]:
    return (
        entry.id, entry.task_id, entry.user_id, entry.event, _text(entry.before),
        _text(entry.after), entry.note, entry.made_at, entry.received_at, entry.op_id,
    )  # fmt: skip


_encode = json.JSONEncoder(check_circular=False).encode


def _text(values: Mapping[str, Any]) -> str:
    return _encode(dict(values)) if values else "{}"


_STATUS = [f.name for f in fields(Task)].index("status")


_new_task, _new_assignment = quick(Task), quick(Assignment)


def _task(row: Sequence[Any]) -> Task:
    status, priority = _STATUSES[row[_STATUS]], _PRIORITIES[row[_STATUS + 1]]
    return _new_task(*row[:_STATUS], status, priority, *row[_STATUS + 2 :])


def _assignment(row: Sequence[Any]) -> Assignment:
    task_id, user_id, part, *others = row
    return _new_assignment(task_id, user_id, _PARTS[part], *others)


def _with(row: Sequence[Any], converters: Mapping[int, Callable[[Any], Any]]) -> list[Any]:
    """The row's values with those at the given places converted."""
    values = list(row)
    for place, convert in converters.items():
        values[place] = convert(values[place])
    return values
