"""Opaque texts that only this server can make: cursors and marks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

_compact = json.JSONEncoder(separators=(",", ":")).encode


class Signer:
    def __init__(self, secret: bytes) -> None:
        # Begun once: setting it up takes longer than a short text does.
        self._begun = hmac.new(secret, digestmod=hashlib.sha256)

    def sign(self, payload: Any) -> str:
        """`unsign` gives the payload back."""
        body = base64.urlsafe_b64encode(_compact(payload).encode())
        return f"{body.decode()}.{self._mac(body)}"

    def unsign(self, text: str) -> Any:
        """The payload, or None for a text that was not signed here."""
        body, _, mac = text.partition(".")
        if not hmac.compare_digest(self._mac(body.encode()).encode(), mac.encode()):
            return None
        return json.loads(base64.urlsafe_b64decode(body))

    def _mac(self, body: bytes) -> str:
        mac = self._begun.copy()
        mac.update(body)
        return mac.hexdigest()[:32]
