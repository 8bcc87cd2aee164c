"""Lists by number: what to ask for after, and how many at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

from fastapi import Query

MOST = 500


class Numbered(Protocol):
    @property
    def number(self) -> int: ...


_T = TypeVar("_T", bound=Numbered)

After = Annotated[int, Query(ge=0, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=MOST)]


def page(found: Sequence[_T], limit: int) -> tuple[list[_T], int | None]:
    """Up to `limit` of the rows, of which one more was read, and the number that the next page
    comes after; None where this is the last."""
    rows = list(found[:limit])
    return rows, rows[-1].number if len(found) > limit else None
