"""The people of a tenant. Everybody in it may know them; owners let in, change and disable.

What a path names is looked up before the caller's role: another tenant's is not there at all.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from server_stub.core import access, feed
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.paging import After, Limit, page
from server_stub.core.preconditions import IfMatch, require_match, tag
from server_stub.people import service
from tracker.domain.task import Person
from tracker.protocol.people import NewPerson, PersonChange, PersonList

router = APIRouter(prefix="/api/v1/people", tags=["people"])


@router.get("")
def people(caller: CallerDep, conn: Read, after: After = 0, limit: Limit = 200) -> PersonList:
    """By number, disabled ones too."""
    found, following = page(service.people_after(conn, caller.tenant_id, after, limit + 1), limit)
    return PersonList(people=found, next=following)


@router.post("", status_code=201)
def let_in(body: NewPerson, state: State, caller: CallerDep, response: Response) -> Person:
    """E1005 for who is no owner, E5012 where the name is taken, E2040 for an easy password."""
    access.require_owner(caller)
    new = service.new_person(body.name, body.display_name, body.role, body.password)
    now = state.now()
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        made = service.add_person(conn, tenant, new, now, caller.user_id)
        feed.save(conn, tenant, now)
    tag(response, made)
    return made


@router.get("/{person_ref}")
def person(person_ref: str, caller: CallerDep, conn: Read, response: Response) -> Person:
    """By UUID or number. E5006."""
    found = service.person(conn, caller.tenant_id, person_ref)
    tag(response, found)
    return found


@router.patch("/{person_ref}")
def change(
    person_ref: str,
    body: PersonChange,
    state: State,
    caller: CallerDep,
    response: Response,
    if_match: IfMatch = None,
) -> Person:
    """E1005 for who is no owner, E5060 for the last owner who can sign in, E5062 where If-Match
    names another version. Being disabled ends every session."""
    now = state.now()
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        old = service.person(conn, tenant.id, person_ref)
        access.require_owner(caller)
        require_match(if_match, old)
        changes = body.model_dump(exclude_unset=True)
        new = service.change_person(conn, tenant, old, changes, now, caller.user_id)
        feed.save(conn, tenant, now)
    tag(response, new)
    return new
