"""What is reported of a person, for themself and for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from server_stub.core import access
from server_stub.core.deps import CallerDep, Read, State
from server_stub.occupancy import service
from server_stub.people import service as people
from tracker.domain.reading import LAST_INSTANT
from tracker.protocol.occupancy import DayOfPerson, OccupancyOfPeople, OccupancyReport

router = APIRouter(prefix="/api/v1/people", tags=["people"])


@router.get("/occupancy")
def of_everybody(state: State, caller: CallerDep, conn: Read) -> OccupancyOfPeople:
    """For admins: the last 24 hours of everybody who can sign in, in one answer. Where a day holds
    more than 48 intervals it is told in steps of half an hour; the totals are not rounded by that.
    Of a person who reported more than 2,000, both are of the newest 2,000 only."""
    access.require_admin(caller)
    now = state.now()
    who = sorted(people.active_ids(conn, caller.tenant_id))
    found = service.days(conn, caller.tenant_id, who, now)
    start = now - service.DAY_MS
    return OccupancyOfPeople(
        started_at=start,
        ended_at=now,
        people=[
            DayOfPerson(
                user_id=user_id,
                totals={state: ms for state, ms in day.totals.items() if ms},
                intervals=[
                    (one.state, one.started_at - start, one.ended_at - one.started_at)
                    for one in day.intervals
                ],
            )
            for user_id, day in found.items()
        ],
    )


@router.get("/{person_ref}/occupancy")
def occupancy(
    person_ref: str,
    state: State,
    caller: CallerDep,
    conn: Read,
    start: Annotated[int | None, Query(alias="from", ge=0, le=LAST_INSTANT)] = None,
    end: Annotated[int | None, Query(alias="to", ge=0, le=LAST_INSTANT)] = None,
) -> OccupancyReport:
    """The person's activity between two instants in ms, in the last 24 hours unless told, at most
    31 days (E2063). E5063 for a colleague's."""
    user_id = people.person(conn, caller.tenant_id, person_ref).id
    access.require_own_or_admin(caller, user_id)
    found = service.report(conn, caller.tenant_id, user_id, start, end, state.now())
    return OccupancyReport(
        user_id=user_id,
        started_at=found.started_at,
        ended_at=found.ended_at,
        intervals=found.intervals,
        totals=found.totals,
    )
