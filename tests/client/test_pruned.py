"""A device that comes back after the server's feed was pruned."""

from __future__ import annotations

from collections.abc import Callable

from server_stub.core import pruning
from tests.support.client import Device, action, comment
from tests.support.server import DAY, RunningServer
from tracker.sync.engine import State

Open = Callable[..., Device]


def test_after_a_long_leave_everything_is_pulled_anew_and_nothing_offered_again(
    server: RunningServer, device: Open
) -> None:
    task_id, taken = server.task("ana"), server.task("ana", "jonas")
    ana = device("ana")
    ana.sync()
    ana.add(action(task_id=task_id, args={"percent": 30}))
    assert ana.sync().sent == 1
    mark, epoch = ana.outbox.mark(), server.epoch

    server.device("rita").do("unassign", taken, {"user_id": server.users["ana"]})
    new = server.task("ana")
    server.clock.advance(91 * DAY)
    server.device("jonas").do("start", taken)
    days = server.clock.now - 90 * DAY
    assert pruning.prune(server.database, server.tenant_id, days).pointers > 0

    ana.now = server.clock.now
    (waited,) = ana.add(comment(task_id, "back again"))
    sent = len(ana.line.pushed)
    report = ana.sync()
    assert (report.state, report.sent, report.waiting, report.tray) == (State.SYNCED, 1, 0, 0)
    assert [len(messages) for messages in ana.line.pushed[sent:]] == [1]
    assert waited.op_id in ana.line.pushed[-1][0]
    assert set(ana.projection.views()) == {task_id, new}
    assert ana.shown(task_id).task.progress == 30
    assert ana.shown(task_id).task.comment_count == 1
    assert (server.epoch, ana.outbox.mark() != mark) == (epoch, True)
    calls = len(ana.line.calls)
    assert ana.sync().state is State.SYNCED
    assert ana.line.calls[calls:] == ["pull"]
