"""Signing in and out, and what is known of people's devices."""

from __future__ import annotations

from fastapi import APIRouter, Response

from server_stub.core import access, auth, sessions, throttle
from server_stub.core.auth import Caller
from server_stub.core.deps import Address, CallerDep, Read, State
from server_stub.core.described import declared
from server_stub.core.problems import ProblemError
from server_stub.core.sessions import Session
from server_stub.core.state import ServerState
from server_stub.people import service
from tracker.domain.people import check_new_password
from tracker.protocol.people import Device, DeviceList, Presence, PresenceList
from tracker.protocol.session import (
    Grant,
    Me,
    NewPassword,
    OpenSession,
    OpenSessions,
    Refresh,
    SignIn,
)

router = APIRouter(prefix="/api/v1")

MOST_DEVICES = 100
"""Of one person, in one answer."""


def _lifetimes(state: ServerState) -> tuple[int, int]:
    return state.settings.access_minutes * 60_000, state.settings.refresh_days * 86_400_000


def _me(state: ServerState, caller: Caller) -> Me:
    return Me(
        user_id=caller.user_id,
        name=caller.name,
        display_name=caller.display_name,
        role=caller.role,
        tenant=caller.tenant_name,
        zone=caller.zone,
        server_id=state.server_id,
    )


def _grant(state: ServerState, caller: Caller, session: Session) -> Grant:
    return Grant(
        access_token=session.access_token,
        refresh_token=session.refresh_token,
        expires_at=session.expires_at,
        me=_me(state, caller),
    )


@router.post("/session", tags=["session"], responses=declared(401))
def sign_in(body: SignIn, state: State, address: Address) -> Grant:
    """Opens a session. E1001 for a wrong name or password, without saying which; E1009 after too
    many of them."""
    with state.database.write() as conn:
        attempt = throttle.begin(conn, body.name, address, state.now())
    with state.database.read() as conn:
        account = auth.account_named(conn, body.name)
    if not auth.is_right(account, body.password) or account is None:
        raise ProblemError("E1001")
    with state.database.write() as conn:
        if not auth.is_still(conn, account):
            raise ProblemError("E1001")
        throttle.succeeded(conn, attempt)
        session = sessions.open_session(conn, account.id, state.now(), *_lifetimes(state))
        return _grant(state, auth.authenticate(conn, session.access_token, state.now()), session)


@router.post("/session/refresh", tags=["session"], responses=declared(401))
def refresh(body: Refresh, state: State) -> Grant:
    """New tokens for a refresh token, also for the one before until its successor was used."""
    lifetimes = _lifetimes(state)
    with state.database.write() as conn:
        session = sessions.refresh(conn, body.refresh_token, state.now(), *lifetimes)
        if session is not None:
            caller = auth.authenticate(conn, session.access_token, state.now())
    if session is None:  # after the commit, which may have ended a stolen session
        raise ProblemError("E1002")
    return _grant(state, caller, session)


@router.get("/session", tags=["session"])
def who_am_i(state: State, caller: CallerDep) -> Me:
    return _me(state, caller)


@router.delete("/session", tags=["session"], status_code=204, response_class=Response)
def sign_out(state: State, caller: CallerDep) -> None:
    with state.database.write() as conn:
        sessions.end(conn, caller, caller.token_id, state.now())


@router.post("/session/password", tags=["session"], status_code=204, response_class=Response)
def change_password(body: NewPassword, state: State, caller: CallerDep, address: Address) -> None:
    """Ends the caller's other sessions and tokens. E2040 for a password that is too easy, E1010
    for a wrong old one, which counts as a failed sign-in; E1009 after too many of them."""
    check_new_password(caller.name, body.new_password, "new_password")
    with state.database.write() as conn:
        attempt = throttle.begin(conn, caller.name, address, state.now())
    with state.database.read() as conn:
        account = auth.account_of(conn, caller.user_id)
    if not auth.is_right(account, body.old_password):
        raise ProblemError("E1010", field="old_password")
    made = auth.hash_password(body.new_password)
    with state.database.write() as conn:
        if not auth.is_still(conn, account):
            raise ProblemError("E1010", field="old_password")
        throttle.succeeded(conn, attempt)
        service.set_password(
            conn, caller.tenant_id, caller.user_id, made, state.now(), but=caller.token_id
        )


@router.get("/sessions", tags=["session"])
def own_sessions(state: State, caller: CallerDep, conn: Read) -> OpenSessions:
    """Where the caller is signed in, the newest first."""
    found = sessions.open_of(conn, caller, state.now())
    return OpenSessions(
        sessions=[
            OpenSession(
                id=row.id,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                expires_at=row.refresh_expires_at,
                current=row.id == caller.token_id,
            )
            for row in found
        ]
    )


@router.delete("/sessions/{session_id}", tags=["session"], status_code=204, response_class=Response)
def end_session(session_id: str, state: State, caller: CallerDep) -> None:
    """Ends one of the caller's own sessions or tokens. E1011 for any other."""
    with state.database.write() as conn:
        if not sessions.end(conn, caller, session_id, state.now()):
            raise ProblemError("E1011")


@router.get("/people/presence", tags=["people"])
def presence(state: State, caller: CallerDep, conn: Read) -> PresenceList:
    """For admins: when each person's device was last heard of, and how much waits there."""
    access.require_admin(caller)
    people = []
    for user_id, at, unsent in service.last_heard(conn, caller.tenant_id):
        heard = state.presence.of(user_id)
        people.append(
            Presence(
                user_id=user_id,
                # Another process may have heard later, and has written it.
                last_heard_at=max(heard.at, at or 0) if heard else at,
                unsent=unsent if heard is None or heard.unsent is None else heard.unsent,
                occupancy=state.presence.occupancy(user_id, state.now()),
            )
        )
    return PresenceList(people=people)


@router.get("/people/{person_ref}/devices", tags=["people"])
def devices(person_ref: str, state: State, caller: CallerDep, conn: Read) -> DeviceList:
    """For admins and for the person: when each device where they are signed in was last heard of,
    and how much waited there. The hundred that were heard of last. E5063 for a colleague's."""
    user_id = service.person(conn, caller.tenant_id, person_ref).id
    access.require_own_or_admin(caller, user_id)
    found = []
    for session_id, at, unsent in sessions.devices_of(conn, user_id, state.now(), MOST_DEVICES):
        heard = state.presence.device(session_id)
        if heard is not None:  # since it was written
            at = max(heard.at, at or 0)
            unsent = unsent if heard.unsent is None else heard.unsent
        if at is not None:
            found.append(Device(last_heard_at=at, unsent=unsent))
    found.sort(key=lambda device: device.last_heard_at, reverse=True)
    return DeviceList(user_id=user_id, devices=found)
