"""Projects and teams. Everybody in the tenant may know them; admins make and change them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from server_stub.core import access, feed
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.paging import After, Limit, page
from server_stub.core.preconditions import IfMatch, require_match, tag
from server_stub.people import groups
from tracker.domain.task import Project, Team
from tracker.protocol.people import GroupChange, NewGroup, ProjectList, TeamList

router = APIRouter(prefix="/api/v1", tags=["people"])


@router.get("/projects")
def projects(caller: CallerDep, conn: Read, after: After = 0, limit: Limit = 200) -> ProjectList:
    """By number, archived ones too."""
    found, following = page(groups.projects_after(conn, caller.tenant_id, after, limit + 1), limit)
    return ProjectList(projects=found, next=following)


@router.post("/projects", status_code=201)
def add_project(body: NewGroup, state: State, caller: CallerDep, response: Response) -> Project:
    access.require_admin(caller)
    now = state.now()
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        made = groups.add_project(conn, tenant, body.name, now, caller.user_id)
        feed.save(conn, tenant, now)
    tag(response, made)
    return made


@router.get("/projects/{project_ref}")
def project(project_ref: str, caller: CallerDep, conn: Read, response: Response) -> Project:
    """By UUID or number. E5007."""
    found = groups.project(conn, caller.tenant_id, project_ref)
    tag(response, found)
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
        require_match(if_match, old)
        changes = body.model_dump(exclude_unset=True)
        new = groups.change_project(conn, tenant, old, changes, now, caller.user_id)
        feed.save(conn, tenant, now)
    tag(response, new)
    return new


@router.get("/teams")
def teams(caller: CallerDep, conn: Read, after: After = 0, limit: Limit = 200) -> TeamList:
    """By number, archived ones too."""
    found, following = page(groups.teams_after(conn, caller.tenant_id, after, limit + 1), limit)
    return TeamList(teams=found, next=following)


@router.post("/teams", status_code=201)
def add_team(body: NewGroup, state: State, caller: CallerDep, response: Response) -> Team:
    access.require_admin(caller)
    now = state.now()
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        made = groups.add_team(conn, tenant, body.name, now, caller.user_id)
        feed.save(conn, tenant, now)
    tag(response, made)
    return made


@router.get("/teams/{team_ref}")
def team(team_ref: str, caller: CallerDep, conn: Read, response: Response) -> Team:
    """By UUID or number. E5061."""
    found = groups.team(conn, caller.tenant_id, team_ref)
    tag(response, found)
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
        require_match(if_match, old)
        changes = body.model_dump(exclude_unset=True)
        new = groups.change_team(conn, tenant, old, changes, now, caller.user_id)
        feed.save(conn, tenant, now)
    tag(response, new)
    return new
