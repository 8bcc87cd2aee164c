"""Projects and teams. Everybody in the tenant may know them; admins make and change them."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response
from sqlalchemy.engine import Connection

from server_stub.core import access, feed
from server_stub.core.deps import CallerDep, Read
from server_stub.core.feed import Tenant
from server_stub.core.paging import After, Limit, page
from server_stub.core.preconditions import etag, tag
from server_stub.people import groups
from server_stub.people.changing import PatchDep
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
def change_project(project_ref: str, body: GroupChange, patch: PatchDep) -> Project:
    """Another name, or archived. E5062 where If-Match names another version."""
    require = access.require_admin
    return patch.of(project_ref, body, groups.project, require, groups.change_project)


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
def change_team(team_ref: str, body: GroupChange, patch: PatchDep) -> Team:
    """Another name, or archived. E5062 where If-Match names another version."""
    require = access.require_admin
    return patch.of(team_ref, body, groups.team, require, groups.change_team)
