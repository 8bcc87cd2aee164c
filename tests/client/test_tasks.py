"""What a person does: saved here, refused at once where that is certain, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import action, new_id
from tests.support.server import HOUR, RunningServer
from tracker.config import Profile
from tracker.domain.change import Kind
from tracker.domain.errors import Refusal
from tracker.domain.page import Changes
from tracker.domain.task import Part, Role, Status
from tracker.services import syncing
from tracker.services.credentials import InEnvironment
from tracker.services.tasks import NOTE_DRAFT, Done, NewTask, Tasks, editable
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


class TestEditing:
    """While it was never sent a change is edited in its place, in the tray by doing it again."""

    def test_what_was_never_sent_goes_out_as_it_was_edited(
        self, server: RunningServer, work: Workspace
    ) -> None:
        tasks, task_id = Tasks(work), only(work)
        made = done(tasks.set_progress(task_id, 45, "half"))
        said = done(tasks.comment(task_id, "Gaskt"))
        assert done(tasks.edit(made.op_id, {"percent": 60, "note": "more"})).op_id == made.op_id
        done(tasks.edit(said.op_id, {"text": "Gasket"}))
        assert work.projection.views()[task_id].task.progress == 60
        sync(server, work)
        trail = work.projection.trail(task_id)
        assert [comment.text for comment in trail.comments] == ["Gasket"]
        assert ("more", 60) in [(e.note, e.after.get("progress")) for e in trail.history]
        assert work.outbox.tray() == []

    def test_a_task_made_here_keeps_what_was_done_on_it(
        self, server: RunningServer, work: Workspace
    ) -> None:
        tasks, me = Tasks(work), work.profile.user_id
        made = done(tasks.create(NewTask("Order gaskt", people=[(me, Part.ASSIGNEE, 100)])))
        done(tasks.set_progress(made.task_id, 45))
        done(tasks.edit(made.op_id, {"title": "Order gasket"}))
        sync(server, work)
        assert server.seen("ana", made.task_id)["title"] == "Order gasket"
        assert server.seen("ana", made.task_id)["progress"] == 45

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"percent": 101}, "E2003"), ({"note": "x" * 10_001}, "E2002"),
         ({"title": "x"}, "E2017"), ({"occupancy": "BUSY"}, "E2017")],
    )  # fmt: skip
    def test_what_is_certainly_wrong_leaves_it_as_it_was(
        self, work: Workspace, changes: dict[str, object], code: str
    ) -> None:
        tasks = Tasks(work)
        made = done(tasks.set_progress(only(work), 45))
        before = work.outbox.waiting()
        refused = tasks.edit(made.op_id, changes)
        assert isinstance(refused, Refusal)
        assert refused.code == code
        assert work.outbox.waiting() == before

    def test_a_refused_one_is_done_again_with_what_stood_on_it(
        self, server: RunningServer, work: Workspace
    ) -> None:
        tasks, task_id = Tasks(work), only(work)
        refused = action(Kind.SET_PROGRESS, task_id, {"percent": 101, "note": "typo"})
        after = action(Kind.COMMENT, task_id, {"comment_id": new_id(), "text": "and then"},
                       depends_on=(refused.op_id,))  # fmt: skip
        work.outbox.add([refused, after])
        sync(server, work)
        assert len(work.outbox.tray()) == 2
        again = done(tasks.edit(refused.op_id, {"percent": 10}))
        assert again.op_id != refused.op_id
        sync(server, work)
        assert (work.outbox.tray(), work.outbox.waiting()) == ([], [])
        view = work.projection.views()[task_id]
        assert (view.task.progress, view.task.comment_count) == (10, 1)
        assert work.projection.trail(task_id).history[-2].note == "typo"

    def test_what_was_delivered_cannot_be_edited(
        self, server: RunningServer, work: Workspace
    ) -> None:
        tasks = Tasks(work)
        made = done(tasks.set_progress(only(work), 45))
        sync(server, work)
        assert tasks.edit(made.op_id, {"percent": 60}) == Refusal("E5016")

    def test_nobody_is_edited_who_was_assigned(self) -> None:
        assert editable(action(Kind.ASSIGN, args={"user_id": new_id()})) == {}
        assert editable(action(args={"percent": 0})) == {"percent": 0, "note": ""}


def test_a_draft_goes_only_with_what_sends_it(work: Workspace) -> None:
    tasks, task_id = Tasks(work), only(work)
    work.outbox.save_draft(task_id, NOTE_DRAFT, "half typed", 1)
    done(tasks.move(Kind.HOLD, task_id))
    done(tasks.comment(task_id, "something else, from a command line"))
    assert work.outbox.draft(task_id, NOTE_DRAFT) == "half typed"
    done(tasks.set_progress(task_id, 45, "half typed"))
    assert work.outbox.draft(task_id, NOTE_DRAFT) == ""


def test_a_refused_interval_of_activity_can_be_reported_again(
    server: RunningServer, work: Workspace
) -> None:
    """It is about no task, so only what is certain of its arguments is asked here."""
    now = server.clock.now
    args = {"state": "IDLE", "started_at": now, "ended_at": now + HOUR}
    work.outbox.add([action(Kind.OCCUPANCY, args=args)])
    sync(server, work)
    (entry,) = work.outbox.tray()
    refused = Tasks(work).retry(entry, {"ended_at": now - 1})
    assert isinstance(refused, Refusal)
    assert refused.code == "E2061"
    server.clock.advance(HOUR)
    again = done(Tasks(work).retry(entry))
    (item,) = work.outbox.waiting()
    assert (item.action.op_id, item.action.task_id) == (again.op_id, entry.action.task_id)
    assert (item.action.kind, item.action.args) == (Kind.OCCUPANCY, args)
    assert work.outbox.tray() == []


def test_a_task_and_what_it_waits_for_are_one_deed(server: RunningServer, work: Workspace) -> None:
    tasks, first = Tasks(work), only(work)
    second = done(tasks.create(NewTask("Order gasket", people=[(work.profile.user_id,
                                       Part.ASSIGNEE, 100)])))  # fmt: skip
    me = [(work.profile.user_id, Part.ASSIGNEE, 100)]
    made = done(tasks.create(NewTask("Mount it", people=me, needs=[first, second.task_id, first])))
    waiting = {item.action.op_id: item.action for item in work.outbox.waiting()}
    assert [waiting[op_id].kind for op_id in made.more] == [Kind.DEPEND, Kind.DEPEND]
    assert waiting[made.more[0]].depends_on == (made.op_id,)
    assert set(waiting[made.more[1]].depends_on) == {made.op_id, second.op_id}
    assert work.projection.trail(made.task_id).needs == (first, second.task_id)
    sync(server, work)
    assert work.outbox.tally().tray == 0
    assert set(work.confirmed.needs(made.task_id)) == {first, second.task_id}
    assert done(tasks.undo(made)).kind is Kind.CANCEL


def test_undo_takes_a_new_task_back_with_what_it_waits_for(work: Workspace) -> None:
    tasks, first = Tasks(work), only(work)
    me = [(work.profile.user_id, Part.ASSIGNEE, 100)]
    made = done(tasks.create(NewTask("Mount it", people=me, needs=[first])))
    assert isinstance(tasks.undo(made), Changes)
    assert work.outbox.waiting() == []


def test_nothing_is_made_where_one_of_them_cannot_be_waited_for(work: Workspace) -> None:
    tasks = Tasks(work)
    me = [(work.profile.user_id, Part.ASSIGNEE, 100)]
    refused = tasks.create(NewTask("Mount it", people=me, needs=[only(work), new_id()]))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.field) == ("E5030", "needs_id")
    assert work.outbox.waiting() == []
