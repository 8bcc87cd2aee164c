"""`/api/v1/analytics`, for admins and owners: thin; the figures are made in reports.py.

Each figure is of the moment it is asked for. docs/analytics.md says what each of them means.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from server_stub.analytics import reports, service
from server_stub.analytics.asking import AskedDep, PeriodDep, UsersDep
from server_stub.core import access, feed
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.preconditions import IfMatch, content_tag, require_content
from tracker.protocol.analytics import (
    ByPerson,
    ByProgress,
    ByStatus,
    ByTeam,
    Figures,
    NewSlaSettings,
    OccupancyOfAll,
    PromisesKept,
    SlaSettings,
    Summary,
    Trend,
)
from tracker.protocol.figures import settings

router = APIRouter(prefix="/api/v1/analytics", tags=["analytics"])


@router.get("/summary")
def summary(state: State, caller: CallerDep, conn: Read, asked: AskedDep) -> Summary:
    """How much was made, how much of it is done, and what the finished work was like."""
    return reports.summary(conn, caller.tenant_id, asked, state.now())


@router.get("/status")
def by_status(state: State, caller: CallerDep, conn: Read, asked: AskedDep) -> ByStatus:
    """The tasks by their status."""
    return reports.by_status(conn, caller.tenant_id, asked, state.now())


@router.get("/progress")
def by_progress(state: State, caller: CallerDep, conn: Read, asked: AskedDep) -> ByProgress:
    """The tasks by quarters of their progress."""
    return reports.by_progress(conn, caller.tenant_id, asked, state.now())


@router.get("/people")
def by_person(state: State, caller: CallerDep, conn: Read, asked: AskedDep) -> ByPerson:
    """What each person has to do, and what they finished."""
    return reports.by_person(conn, caller.tenant_id, asked, state.now())


@router.get("/teams")
def by_team(state: State, caller: CallerDep, conn: Read, asked: AskedDep) -> ByTeam:
    """What each team has to do, and what its people finished."""
    return reports.by_team(conn, caller.tenant_id, asked, state.now())


@router.get("/occupancy")
def occupancy(state: State, caller: CallerDep, conn: Read, users: UsersDep) -> OccupancyOfAll:
    """How long people were active in the last 24 hours, as their devices reported it."""
    return reports.occupancy_of_all(conn, caller.tenant_id, users, state.now())


@router.get("/sla")
def promises_kept(state: State, caller: CallerDep, conn: Read, asked: AskedDep) -> PromisesKept:
    """What was started and finished in time, and what is too late now, by priority."""
    return reports.promises_kept(conn, caller.tenant_id, caller.zone, asked, state.now())


@router.get("/trend")
def trend(state: State, caller: CallerDep, conn: Read, asked: AskedDep, period: PeriodDep) -> Trend:
    """What was made, finished and overdue on each day of the period, 92 at most."""
    return reports.trend(conn, caller.tenant_id, caller.zone, asked, period, state.now())


@router.get("/figures")
def figures(
    state: State, caller: CallerDep, conn: Read, asked: AskedDep, period: PeriodDep
) -> Figures:
    """All of these but occupancy, of one moment; of more than 92 days the trend of the last."""
    return reports.figures(conn, caller.tenant_id, caller.zone, asked, period, state.now())


@router.get("/sla-settings")
def sla_settings(caller: CallerDep, conn: Read, response: Response) -> SlaSettings:
    """What is promised, and the calendar it is measured with."""
    access.require_admin(caller)
    found = settings(service.promises(conn, caller.tenant_id, caller.zone))
    response.headers["ETag"] = content_tag(found)
    return found


@router.put("/sla-settings")
def set_sla_settings(
    body: NewSlaSettings, state: State, caller: CallerDep, response: Response,
    if_match: IfMatch = None,
) -> SlaSettings:  # fmt: skip
    """Owners only. They hold for what is finished from now on. E5062 where If-Match names other
    ones than there are."""
    access.require_owner(caller)
    new = service.read_settings(body)
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        before = service.promises(conn, caller.tenant_id, caller.zone)
        require_content(if_match, settings(before))
        service.set_promises(conn, tenant, caller.user_id, new, state.now())
        made = settings(service.promises(conn, caller.tenant_id, caller.zone))
    response.headers["ETag"] = content_tag(made)
    return made
