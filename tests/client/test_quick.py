"""Objects made quickly are those that their class makes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, astuple, replace

import pytest

from tests.support.client import task
from tests.support.server import START
from tracker.cache.projection import Mark, TaskView
from tracker.cache.quick import quick
from tracker.domain.task import Assignment, Part, Task


def test_they_are_equal_and_of_the_class() -> None:
    known = task("t1", number=7, due_at=START, open_needs=2)
    made = quick(Task)(*astuple(known))
    assert type(made) is Task
    assert (made, hash(made), repr(made)) == (known, hash(known), repr(known))
    assert made.is_blocked
    assert replace(made, progress=40) == replace(known, progress=40)


def test_nobody_can_change_them() -> None:
    made = quick(TaskView)(task("t1"), (), Mark.SAVED)
    with pytest.raises(FrozenInstanceError):
        made.mark = Mark.WAITING  # type: ignore[misc]
    assert not hasattr(made, "__dict__")


def test_none_of_the_values_may_be_missing() -> None:
    new = quick(Assignment)
    with pytest.raises(TypeError, match="completed_at"):
        new("t1", "ana", Part.ASSIGNEE, 100, "rita", START, 1, None)
