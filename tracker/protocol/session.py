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
