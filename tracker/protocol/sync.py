"""Push and pull. The rows are the domain's own dataclasses, validated strictly."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from tracker.domain.notification import Notification
from tracker.domain.page import WHOLE_LIMIT, Mark, Sums
from tracker.domain.reading import LAST_INSTANT
from tracker.domain.receipt import Receipt
from tracker.domain.task import (
    Assignment,
    Comment,
    Dependency,
    HistoryEntry,
    Person,
    Project,
    Task,
    Team,
    TimeEntry,
)
from tracker.protocol.base import Answer, Request

BATCH_LIMIT = 500
BATCH_BYTES = 1_000_000
PAGE_ROWS = 2_000
UNSENT_LIMIT = 1_000_000_000

Scope = Literal["desk", "monitor"]
Uuid = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
Wholes = Annotated[list[Uuid], Field(max_length=WHOLE_LIMIT)]
"""Tasks of which a device has a stub and needs all."""
Millis = Annotated[int, Field(ge=0, le=LAST_INSTANT)]
Version = Annotated[int, Field(ge=0, le=2**53)]


class ActionMessage(Request):
    """One action as it travels. Bodies are validated one by one, so a bad one is a rejected
    action and never a failed batch."""

    op_id: Uuid
    device_id: Uuid
    device_seq: Annotated[int, Field(ge=1, le=2**53)]
    schema_: Annotated[int, Field(alias="schema", ge=0, le=2**31)]
    kind: Annotated[str, Field(max_length=40)]
    task_id: Uuid
    args: dict[str, Any]
    base_version: Version | None = None
    base_epoch: Annotated[str, Field(max_length=64)] | None = None
    seen: dict[str, Any] = {}
    made_at: Millis
    clock_offset: Annotated[int, Field(ge=-(2**53), le=2**53)] | None = None
    depends_on: Annotated[list[Uuid], Field(max_length=50)] = []
    replayed: bool = False
    """Delivered before the server was restored from a backup, and offered again."""


class PushRequest(Request):
    """Actions in `device_seq` order. `unsent` is what waits behind them, for the admin to see.
    `void` names actions the person gave up: they are rejected for ever, unless decided already."""

    actions: Annotated[list[Any], Field(max_length=BATCH_LIMIT)]
    void: Annotated[list[Uuid], Field(max_length=BATCH_LIMIT)] = []
    unsent: Annotated[int, Field(ge=0, le=UNSENT_LIMIT)] = 0


class PushAnswer(Answer):
    """One receipt for each action, then one for each void. `mark` stands at position `head`."""

    receipts: list[Receipt]
    epoch: str
    head: int
    mark: str


class Gone(Answer):
    """A tombstone: the thing is not there for this reader any more."""

    kind: str
    id: str


class PullPage(Answer):
    """Rows newer than the cursor that was sent. Apply rows and `cursor` in one transaction.

    `snapshot` pages belong to a first pull and go beside the live rows until `more` is false; the
    last one carries in `sums` what each kind has to add up to. `seq` is how far the cursor leads;
    receipts compare with it within `epoch`. `mark` stands at position `head`. A task that was asked
    for with `whole` comes with all that hangs on it after a tombstone of kind `children`, or as a
    tombstone.
    """

    epoch: str
    seq: int
    cursor: str
    more: bool
    snapshot: bool
    zone: str
    head: int
    mark: str
    sums: dict[str, Sums] | None = None
    tasks: list[Task] = []
    assignments: list[Assignment] = []
    comments: list[Comment] = []
    time_entries: list[TimeEntry] = []
    dependencies: list[Dependency] = []
    history: list[HistoryEntry] = []
    people: list[Person] = []
    projects: list[Project] = []
    teams: list[Team] = []
    notifications: list[Notification] = []
    gone: list[Gone] = []

    @property
    def origin(self) -> Mark:
        return Mark(self.epoch, self.head, self.mark)
