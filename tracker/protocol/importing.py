"""The report of an import: a row for each line of the file."""

from __future__ import annotations

from tracker.domain.spreadsheet import Verdict
from tracker.protocol.base import Answer


class ImportedLine(Answer):
    """`line` counts as editors do, the header being 1. `id` is the task's number once it is made;
    `code`, `field` and `message` say why a line is refused."""

    line: int
    verdict: Verdict
    title: str
    id: int | None = None
    code: str | None = None
    field: str | None = None
    message: str = ""


class ImportReport(Answer):
    """`dry_run`: nothing was made."""

    dry_run: bool
    new: int
    known: int
    refused: int
    lines: list[ImportedLine]
