"""Where the desktop's session bus is, as the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote


def address_of(environ: Mapping[str, str]) -> str:
    """Empty without one. There need not be a bus any more."""
    if address := environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    folder = environ.get("XDG_RUNTIME_DIR")
    return f"unix:path={folder}/bus" if folder else ""


def socket_of(address: str) -> tuple[str, bool]:
    """The name of the first socket of an address, and whether it is abstract; empty where there is
    none, as with a bus over TCP. (jeepney.bus takes each escaped byte of a name for a character,
    and so finds no folder with an ü.)"""
    for one in address.split(";"):
        way, _, rest = one.partition(":")
        values = dict(part.partition("=")[::2] for part in rest.split(","))
        for key in ("path", "abstract"):
            if way == "unix" and key in values:
                return unquote(values[key]), key == "abstract"
    return "", False
