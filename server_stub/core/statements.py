"""Statements of the hot path: written with SQLAlchemy Core, sent through the driver.

Core puts a statement together anew each time it is executed: that takes 10 µs for a small one and
25 for one with a list of ids, where SQLite itself takes 1 to 3. So each of these is compiled once
for a database, with the types and casts that Core gives it, and from then on it is plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

Values = Mapping[str, Any]
Row = tuple[Any, ...]


class _Text:
    """A statement on one database with lists of certain lengths, and how it takes its values."""

    def __init__(self, dialect: Dialect, clause: Any, lengths: Mapping[str, int]) -> None:
        compiled = clause.compile(dialect=dialect)
        values = {name: None for name, bind in compiled.binds.items() if bind.required}
        lists = {name: [None] * length for name, length in lengths.items()}
        for name, bind in compiled.binds.items():
            if bind.type.dialect_impl(dialect).bind_processor(dialect) is not None:
                raise TypeError(f"values of {name} are converted by Core alone")
        state = compiled.construct_expanded_state({**values, **lists})
        self.text = state.statement
        self.places = state.parameter_expansion
        self.own = {n: v for n, v in state.parameters.items() if v is not None and n not in values}
        self.arranged: Callable[[Values], Any] = lambda values: values
        if state.positiontup is not None:
            self.arranged = _in_order(state.positiontup)


def _in_order(names: Sequence[str]) -> Callable[[Values], Any]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


class Statement:
    """Executed with values by name in a transaction of `Database`; rows are the driver's tuples,
    so a BOOLEAN is what the driver makes of it. Errors are SQLAlchemy's, as Core's would be. A
    list of ids is filled up to a power of two with its last, so that there are few texts; an empty
    one with NULL, which is in no list."""

    def __init__(self, clause: sa.ClauseElement) -> None:
        self._clause = clause
        binds = sa.sql.visitors.iterate(clause)
        self._lists = [b.key for b in binds if isinstance(b, sa.BindParameter) and b.expanding]
        self._texts: dict[tuple[object, ...], _Text] = {}

    def all(self, conn: Connection, values: Values) -> list[Row]:
        """Every row."""
        return self._executed(conn, values, "fetchall")  # type: ignore[no-any-return]

    def first(self, conn: Connection, values: Values) -> Row | None:
        return self._executed(conn, values, "fetchone")  # type: ignore[no-any-return]

    def one(self, conn: Connection, values: Values) -> Row:
        """The row of a statement that finds exactly one."""
        (row,) = self.all(conn, values)
        return row

    def run(self, conn: Connection, values: Values) -> None:
        self._executed(conn, values, None)

    def run_each(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Once for each of `rows`, with one executemany. Without lists."""
        text = self._text(conn.dialect, ())
        _send(conn, text.text, [text.arranged(row) for row in rows], many=True).close()

    def _executed(self, conn: Connection, values: Values, fetch: str | None) -> Any:
        lengths = [1 << (len(values[name]) - 1).bit_length() for name in self._lists]
        text = self._text(conn.dialect, lengths)
        filled: dict[str, Any] = {**text.own, **values}
        for name in self._lists:
            ids, places = values[name], text.places[name]
            filled.update(zip(places, ids, strict=False))
            if len(ids) < len(places):
                filled.update(dict.fromkeys(places[len(ids) :], ids[-1] if ids else None))
        cursor = _send(conn, text.text, text.arranged(filled))
        try:
            return getattr(cursor, fetch)() if fetch else None
        except conn.dialect.loaded_dbapi.Error as error:
            raise _translated(conn, text.text, error) from error
        finally:
            cursor.close()

    def _text(self, dialect: Dialect, lengths: Sequence[int]) -> _Text:
        key = (dialect.name, *lengths)
        found = self._texts.get(key)
        if found is None:
            named = dict(zip(self._lists, lengths, strict=True))
            found = self._texts[key] = _Text(dialect, self._clause, named)
        return found


def send(conn: Connection, text: str) -> None:
    """A text without values, as BEGIN is."""
    _send(conn, text, ()).close()


def _send(conn: Connection, text: str, values: Any, many: bool = False) -> Any:
    """The driver's cursor after it. Who listens to the engine hears of it, as of Core's own."""
    cursor = conn.connection.cursor()
    heard = conn.engine.dispatch
    for told in heard.before_cursor_execute:
        told(conn, cursor, text, values, None, many)
    try:
        (cursor.executemany if many else cursor.execute)(text, values)
    except conn.dialect.loaded_dbapi.Error as error:
        cursor.close()
        raise _translated(conn, text, error) from error
    for told in heard.after_cursor_execute:
        told(conn, cursor, text, values, None, many)
    return cursor


def _translated(conn: Connection, text: str, error: Exception) -> Exception:
    """SQLAlchemy's error for the driver's. A connection that is lost leaves the pool."""
    dialect = conn.dialect
    driver = conn.connection.driver_connection
    lost = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
    if lost:
        conn.invalidate(error)
    return sa.exc.DBAPIError.instance(
        text, None, error, dialect.loaded_dbapi.Error, connection_invalidated=lost, dialect=dialect
    )
