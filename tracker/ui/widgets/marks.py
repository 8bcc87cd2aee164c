"""The tasks that a person has marked to do something with all of them: the same ones in the grid
and in the table."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence, Set

from PySide6.QtCore import QObject, Signal


class Marks(QObject):
    """`changed` carries the ids that are marked now and were not, or the other way round."""

    changed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._ids: set[str] = set()
        self.anchor = ""
        """From where the next stretch is marked: what was touched last."""

    @property
    def ids(self) -> Set[str]:
        return self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._ids

    def toggle(self, task_id: str) -> None:
        self.anchor = task_id
        self._differ({task_id})

    def add(self, ids: Iterable[str]) -> None:
        self._differ(set(ids) - self._ids)

    def add_up_to(self, task_id: str, order: Sequence[str]) -> None:
        """All from the anchor to this one, as they lie."""
        if self.anchor not in order:
            self.anchor = task_id
        first, last = sorted((order.index(self.anchor), order.index(task_id)))
        self.add(order[first : last + 1])

    def clear(self) -> None:
        self._differ(set(self._ids))

    def keep(self, there: Container[str], ids: Iterable[str] | None = None) -> None:
        """Forgets those (of `ids`) that are not there any more."""
        looked_at = self._ids if ids is None else self._ids.intersection(ids)
        self._differ({task_id for task_id in looked_at if task_id not in there})

    def _differ(self, ids: set[str]) -> None:
        if ids:
            self._ids ^= ids
            self.changed.emit(ids)
