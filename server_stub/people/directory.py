"""The people of a tenant. Everybody in it may know them; owners let in, change and disable.

What a path names is looked up before the caller's role: another tenant's is not there at all.
"""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.engine import Connection

from server_stub.core import access, feed
from server_stub.core.deps import CallerDep, Read
from server_stub.core.feed import Tenant
from server_stub.core.paging import After, Limit, page
from server_stub.core.preconditions import etag, tag
from server_stub.people import service
from server_stub.people.changing import PatchDep
from server_stub.sync.once import Reply, RequestDep, once
from tracker.domain.task import Person
from tracker.protocol.people import NewPerson, PersonChange, PersonList

router = APIRouter(prefix="/api/v1/people", tags=["people"])


@router.get("")
def people(caller: CallerDep, conn: Read, after: After = 0, limit: Limit = 200) -> PersonList:
    """By number, disabled ones too."""
    found, following = page(service.people_after(conn, caller.tenant_id, after, limit + 1), limit)
    return PersonList(people=found, next=following)


@router.post("", status_code=201, response_model=Person)
def let_in(body: NewPerson, request: RequestDep) -> Response:
    """E1005 for who is no owner, E5012 where the name is taken, E2040 for an easy password, E5061
    for a team that is not there."""
    access.require_owner(request.caller)
    new = service.new_person(body.name, body.display_name, body.role, body.password, body.team_id)

    def do(conn: Connection, tenant: Tenant, now: int) -> Reply:
        made = service.add_person(conn, tenant, new, now, request.caller.user_id)
        return Reply.of(made, 201, {"ETag": etag(tenant.epoch, made)})

    # Without the password, which a fingerprint of it would give away.
    content = body.model_dump(mode="json", exclude={"password"}, exclude_none=True)
    return once(request, "let_in", content, do)


@router.get("/{person_ref}")
def person(person_ref: str, caller: CallerDep, conn: Read, response: Response) -> Person:
    """By UUID or number. E5006."""
    found = service.person(conn, caller.tenant_id, person_ref)
    tag(response, feed.look(conn, caller.tenant_id).epoch, found)
    return found


@router.patch("/{person_ref}")
def change(person_ref: str, body: PersonChange, patch: PatchDep) -> Person:
    """E1005 for who is no owner, E5060 for the last owner who can sign in, E5062 where If-Match
    names another version. Being disabled ends every session."""
    find, require = service.person, access.require_owner
    return patch.of(person_ref, body, find, require, service.change_person)
