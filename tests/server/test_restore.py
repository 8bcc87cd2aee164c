"""A database that is older than what its readers have seen."""

from __future__ import annotations

from tests.support.server import HOUR, RunningServer, problem
from tracker.protocol.base import MARK_HEADER


def test_a_second_restore_does_not_bring_the_epoch_before_the_first_back(
    server: RunningServer,
) -> None:
    """Positions of it that were given out before the first restore would mean something else."""
    ((epoch, epoch_at),) = server.sql("SELECT epoch, epoch_at FROM tenants WHERE name='Northwind'")
    begin = "UPDATE tenants SET epoch = :epoch, epoch_at = :at WHERE name = 'Northwind'"
    server.sql(begin, epoch="after the first", at=epoch_at + HOUR)
    mark = server.page("rita")["mark"]
    server.sql(begin, epoch=epoch, at=epoch_at)
    server.clock.advance(2 * HOUR)
    answer = server.get("rita", "/api/v1/sync/pull", headers={MARK_HEADER: mark})
    problem(answer, 410, "E4010")
    assert server.page("rita")["epoch"] not in (epoch, "after the first")


def test_a_device_of_an_epoch_that_is_over_begins_no_other(server: RunningServer) -> None:
    mark = server.page("rita")["mark"]
    server.sql("UPDATE tenants SET epoch = 'now', epoch_at = epoch_at + 1")
    answer = server.get("rita", "/api/v1/sync/pull", headers={MARK_HEADER: mark})
    problem(answer, 410, "E4010")
    assert server.page("rita")["epoch"] == "now"
