"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tracker.domain.task import Role
from tracker.protocol.base import Answer, Request


class SignIn(Request):
    name: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=1000)]


class Refresh(Request):
    refresh_token: Annotated[str, Field(max_length=200)]


class NewPassword(Request):
    old_password: Annotated[str, Field(max_length=1000)]
    new_password: Annotated[str, Field(max_length=1000)]


class OpenSession(Answer):
    """Times in ms. `last_used_at` is when it was opened or refreshed last, which a device in use
    does each hour. A token that does not expire has neither that nor `expires_at`."""

    id: str
    created_at: int
    last_used_at: int | None
    expires_at: int | None
    current: bool


class OpenSessions(Answer):
    sessions: list[OpenSession]


class Me(Answer):
    """Who a token belongs to."""

    user_id: str
    name: str
    display_name: str
    role: Role
    tenant: str
    zone: str
    server_id: str


class Grant(Answer):
    """A session. `expires_at` in ms; both tokens are opaque."""

    access_token: str
    refresh_token: str
    expires_at: int
    me: Me
