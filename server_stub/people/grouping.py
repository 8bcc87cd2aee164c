"""Projects and teams. Everybody in the tenant may know them; admins make and change them."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response
from sqlalchemy.engine import Connection

from server_stub.core import access, feed
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.feed import Tenant
from server_stub.core.paging import After, Limit, page
from server_stub.core.preconditions import IfMatch, etag, require_match, tag
from server_stub.people import groups
from server_stub.sync.once import Reply, Request, RequestDep, once
from tracker.domain.task import Project, Team
from tracker.protocol.people import GroupChange, NewGroup, ProjectList, TeamList

router = APIRouter(prefix="/api/v1", tags=["people"])


def _add(request: Request, body: NewGroup, add: Callable[..., Project | Team]) -> Response:
    access.require_admin(request.caller)

    def do(conn: Connection, tenant: Tenant, now: int) -> Reply:
        made = add(conn, tenant, body.name, now, request.caller.user_id)
        return Reply.of(made, 201, {"ETag": etag(tenant.epoch, made)})

    return once(request, add.__name__, body.model_dump(mode="json"), do)


@router.get("/projects")
def projects(caller: CallerDep, conn: Read, after: After = 0, limit: Limit = 200) -> ProjectList:
    """By number, archived ones too."""
    found, following = page(groups.projects_after(conn, caller.tenant_id, after, limit + 1), limit)
    return ProjectList(projects=found, next=following)


@router.post("/projects", status_code=201, response_model=Project)
def add_project(body: NewGroup, request: RequestDep) -> Response:
    return _add(request, body, groups.add_project)


@router.get("/projects/{project_ref}")
def project(project_ref: str, caller: CallerDep, conn: Read, response: Response) -> Project:
    """By UUID or number. E5007."""
    found = groups.project(conn, caller.tenant_id, project_ref)
    tag(response, feed.look(conn, caller.tenant_id).epoch, found)
    return found


@router.patch("/projects/{project_ref}")
def change_project(
    project_ref: str,
    body: GroupChange,
    state: State,
    caller: CallerDep,
    response: Response,
    if_match: IfMatch = None,
) -> Project:
    """Another name, or archived. E5062 where If-Match names another version."""
    now = state.now()
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        old = groups.project(conn, tenant.id, project_ref)
        access.require_admin(caller)
        require_match(if_match, tenant.epoch, old)
        changes = body.model_dump(exclude_unset=True)
        new = groups.change_project(conn, tenant, old, changes, now, caller.user_id)
        feed.save(conn, tenant, now)
    tag(response, tenant.epoch, new)
    return new


@router.get("/teams")
def teams(caller: CallerDep, conn: Read, after: After = 0, limit: Limit = 200) -> TeamList:
    """By number, archived ones too."""
    found, following = page(groups.teams_after(conn, caller.tenant_id, after, limit + 1), limit)
    return TeamList(teams=found, next=following)


@router.post("/teams", status_code=201, response_model=Team)
def add_team(body: NewGroup, request: RequestDep) -> Response:
    return _add(request, body, groups.add_team)


@router.get("/teams/{team_ref}")
def team(team_ref: str, caller: CallerDep, conn: Read, response: Response) -> Team:
    """By UUID or number. E5061."""
    found = groups.team(conn, caller.tenant_id, team_ref)
    tag(response, feed.look(conn, caller.tenant_id).epoch, found)
    return found


@router.patch("/teams/{team_ref}")
def change_team(
    team_ref: str,
    body: GroupChange,
    state: State,
    caller: CallerDep,
    response: Response,
    if_match: IfMatch = None,
) -> Team:
    """Another name, or archived. E5062 where If-Match names another version."""
    now = state.now()
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        old = groups.team(conn, tenant.id, team_ref)
        access.require_admin(caller)
        require_match(if_match, tenant.epoch, old)
        changes = body.model_dump(exclude_unset=True)
        new = groups.change_team(conn, tenant, old, changes, now, caller.user_id)
        feed.save(conn, tenant, now)
    tag(response, tenant.epoch, new)
    return new
