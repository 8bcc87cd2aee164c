"""How a deed on many tasks is said: before, of each task, and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tracker.domain.change import Kind
from tracker.domain.errors import Refusal, entry_of
from tracker.domain.task import Part, TaskState
from tracker.services import wording
from tracker.services.board import Board
from tracker.services.bulk import Back, Change, Deed, Item, Move, Outcome, Plan, Reassign, Verdict
from tracker.services.typed import due_text

VERBS = {
    Kind.HOLD: "Hold",
    Kind.RESUME: "Resume",
    Kind.CANCEL: "Cancel",
    Kind.REOPEN: "Reopen",
    Kind.ARCHIVE: "Archive",
    Kind.ASSIGN: "Reassign",
    Kind.EDIT_FIELDS: "Change",
}
_DONE = {
    Kind.HOLD: "On hold",
    Kind.RESUME: "Resumed",
    Kind.CANCEL: "Cancelled",
    Kind.REOPEN: "Reopened",
    Kind.ARCHIVE: "Archived",
    Kind.ASSIGN: "Reassigned",
    Kind.EDIT_FIELDS: "Changed",
}


def tasks(number: int) -> str:
    return f"{counted(number)} task{'' if number == 1 else 's'}"


def done(deed: Deed, number: int) -> str:
    """`On hold: 12 tasks`."""
    return f"{_DONE[deed.kind]}: {tasks(number)}"


def planned(plan: Plan) -> str:
    """`12 will change · 2 refused · 1 needs nothing`."""
    will, refused, nothing = map(plan.count, (Verdict.WILL, Verdict.REFUSED, Verdict.NOTHING))
    said = [f"{counted(will)} will change" if will else "Nothing will change"]
    said += [f"{counted(refused)} refused"] if refused else []
    said += [f"{counted(nothing)} need{'s' if nothing == 1 else ''} nothing"] if nothing else []
    return " · ".join(said)


def told(outcomes: Mapping[str, tuple[Outcome, Refusal | None]]) -> str:
    """`10 saved at the server · 2 waiting to be sent`."""
    found = Counter(outcome for outcome, _ in outcomes.values())
    return " · ".join(f"{counted(found[one])} {one.value}" for one in Outcome if found[one])


def undone(backs: Mapping[str, tuple[Back, Refusal | None]]) -> str:
    found = Counter(back for back, _ in backs.values())
    return " · ".join(f"{counted(found[one])} {one.value}" for one in Back if found[one])


def noted(deed: Deed) -> str:
    """What was written with it; it is kept nowhere else once it is undone."""
    return f". Its note was “{deed.note}”" if isinstance(deed, Move) and deed.note else ""


def counted(value: int) -> str:
    """With thin groups: `1 284`."""
    return f"{value:,}".replace(",", " ")


def refusal(found: Refusal) -> str:
    """The code first, which is never cut off. Without what is particular to it: the list says how
    the task is."""
    return f"{found.code}: {entry_of(found.code).message}"


def verdict(item: Item) -> str:
    if item.refusal is not None:
        return refusal(item.refusal)
    return item.verdict.value.capitalize()


def change(deed: Deed, item: Item, board: Board) -> str:
    """What becomes of the task: `Pending → On hold`, `Ana Moreno → Jonas Keller`; only how it is
    where nothing does."""
    before, after = (_value(deed, state, board) for state in (item.before, item.after))
    return before if before == after else f"{before} → {after}"


def _value(deed: Deed, state: TaskState, board: Board) -> str:
    task = state.task
    match deed:
        case Move():
            return wording.STATUS_WORDS[task.status]
        case Reassign():
            doing = [one for one, row in state.people.items() if row.part is Part.ASSIGNEE]
            others = [one for one, row in state.people.items() if row.part is not Part.ASSIGNEE]
            names = ", ".join(sorted(map(board.name_of, doing))) or "nobody"
            looking = ", ".join(sorted(map(board.name_of, others)))
            return f"{names} ({looking})" if looking else names
        case Change(fields):
            if "priority" in fields:
                return task.priority.value.capitalize()
            if "project_id" in fields:
                return board.project_of(task) or "no project"
            return due_text(task.due_at, task.due_date) or "no due"
