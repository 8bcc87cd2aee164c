"""What a person does: saved here, refused at once where that is certain, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import RunningServer
from tracker.config import Profile
from tracker.domain.change import Kind
from tracker.domain.errors import Refusal
from tracker.domain.page import Changes
from tracker.domain.task import Part, Role, Status
from tracker.services import syncing
from tracker.services.credentials import InEnvironment
from tracker.services.tasks import NOTE_DRAFT, Done, NewTask, Tasks
from tracker.services.workspace import Workspace, open_workspace
from tracker.sync.engine import State


@pytest.fixture
def work(server: RunningServer, tmp_path: Path) -> Iterator[Workspace]:
    """Ana's workspace with one task of hers in it."""
    server.task("ana")
    profile = Profile(
        folder=tmp_path / "ana",
        scope="desk",
        server_url=server.url,
        server_id=server.get(None, "/api/v1/health").json()["server_id"],
        user_id=server.users["ana"],
        name="ana",
        display_name="Ana Moreno",
        role=Role.EMPLOYEE,
        tenant="Northwind",
    )
    opened = open_workspace(profile)
    sync(server, opened)
    yield opened
    opened.close()


def sync(server: RunningServer, work: Workspace) -> None:
    report = syncing.sync_once(work.profile, InEnvironment(server.token("ana")))
    assert report is not None
    assert report.state is State.SYNCED


def only(work: Workspace) -> str:
    (task_id,) = work.projection.views()
    return task_id


def done(result: Done | Refusal | Changes) -> Done:
    assert isinstance(result, Done), result
    return result


def test_an_action_carries_what_the_person_saw(work: Workspace) -> None:
    task_id = only(work)
    made = done(Tasks(work).set_progress(task_id, 45, "half"))
    assert made.changes.tasks == {task_id}
    (item,) = work.outbox.waiting()
    action = item.action
    assert action.seen == {"title": "Replace pump seal", "status": "PENDING", "progress": 0}
    assert (action.base_version, action.base_epoch) == (1, work.confirmed.position().epoch)
    assert action.clock_offset == work.confirmed.position().clock_offset


@pytest.mark.parametrize(
    ("percent", "code"), [(101, "E2003"), (-1, "E2003"), (float("nan"), "E2003"), (True, "E2003"),
                          ("45", "E2003"), (None, "E2003")]
)  # fmt: skip
def test_what_is_certainly_wrong_is_refused_here(
    work: Workspace, percent: object, code: str
) -> None:
    refused = Tasks(work).set_progress(only(work), percent)
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert work.outbox.waiting() == []


def test_an_unsent_action_is_undone_without_a_trace(work: Workspace) -> None:
    tasks, task_id = Tasks(work), only(work)
    assert isinstance(tasks.undo(done(tasks.move(Kind.COMPLETE, task_id))), Changes)
    assert work.outbox.waiting() == []
    assert work.projection.views()[task_id].task.status is Status.PENDING


def test_a_sent_action_is_undone_by_its_opposite(server: RunningServer, work: Workspace) -> None:
    tasks, task_id = Tasks(work), only(work)
    tasks.set_progress(task_id, 40)
    completed = done(tasks.move(Kind.COMPLETE, task_id))
    sync(server, work)
    assert done(tasks.undo(completed)).kind is Kind.REOPEN
    view = work.projection.views()[task_id]
    assert (view.task.status, view.task.progress) == (Status.IN_PROGRESS, 40)
    commented = done(tasks.comment(task_id, "said is said"))
    sync(server, work)
    refused = tasks.undo(commented)
    assert isinstance(refused, Refusal)
    assert refused.code == "E5016"


def test_a_task_made_here_is_worked_on_before_the_server_knows_it(
    server: RunningServer, work: Workspace
) -> None:
    tasks = Tasks(work)
    me = work.profile.user_id
    made = done(tasks.create(NewTask("Order gasket", people=[(me, Part.ASSIGNEE, 100)])))
    later = done(tasks.set_progress(made.task_id, 45))
    waiting = {item.action.op_id: item.action for item in work.outbox.waiting()}
    assert waiting[later.op_id].depends_on == (made.op_id,)
    sync(server, work)
    assert work.outbox.waiting() == []
    assert server.seen("ana", made.task_id)["progress"] == 45


def test_a_tray_entry_goes_on_as_a_comment(server: RunningServer, work: Workspace) -> None:
    tasks, task_id = Tasks(work), only(work)
    tasks.set_progress(task_id, 45, "Gasket is in")
    server.device("rita").do("cancel", task_id)
    sync(server, work)
    (entry,) = work.outbox.tray()
    refused = tasks.retry(entry)
    assert isinstance(refused, Refusal)
    assert work.outbox.tray() == [entry]
    done(tasks.send_as_comment(entry))
    assert work.outbox.tray() == []
    sync(server, work)
    trail = work.projection.trail(task_id)
    assert [comment.text for comment in trail.comments] == ["45 %: Gasket is in"]


def test_a_draft_goes_only_with_what_sends_it(work: Workspace) -> None:
    tasks, task_id = Tasks(work), only(work)
    work.outbox.save_draft(task_id, NOTE_DRAFT, "half typed", 1)
    done(tasks.move(Kind.HOLD, task_id))
    done(tasks.comment(task_id, "something else, from a command line"))
    assert work.outbox.draft(task_id, NOTE_DRAFT) == "half typed"
    done(tasks.set_progress(task_id, 45, "half typed"))
    assert work.outbox.draft(task_id, NOTE_DRAFT) == ""
