"""Planting a bug: other code in a function of the product, while a block runs.

A bug is written as an edit of the function's own text, so it is read as the change that a person
could have made. Whoever imported the function has the bug too. An edit whose text is no longer
there is an error: a bug that was not planted would prove nothing.
"""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any


@dataclass(frozen=True)
class Edit:
    """`changes` are old → new. An old text is on one line and there once; further lines of the new
    one are indented like it."""

    function: Callable[..., Any]
    changes: Mapping[str, str]

    @contextmanager
    def planted(self) -> Iterator[None]:
        function: Any = inspect.unwrap(self.function)
        sound = function.__code__
        function.__code__ = self._compiled(function)
        try:
            yield
        finally:
            function.__code__ = sound

    def _compiled(self, function: Any) -> CodeType:
        text = textwrap.dedent(inspect.getsource(function))
        for old, new in self.changes.items():
            if text.count(old) != 1:
                raise LookupError(f"{function.__qualname__} has {old!r} {text.count(old)} times")
            line = next(line for line in text.splitlines() if old in line)
            indent = line[: len(line) - len(line.lstrip())]
            text = text.replace(old, new.replace("\n", f"\n{indent}"))
        flags = __future__.annotations.compiler_flag
        module = compile(text, f"<planted in {function.__qualname__}>", "exec", flags=flags)
        return next(
            found
            for found in module.co_consts
            if isinstance(found, CodeType) and found.co_name == function.__name__
        )


class Bug:
    """`story` is what the code does wrong, and to whom."""

    def __init__(self, story: str, *edits: Edit) -> None:
        self.story = story
        self.edits = edits

    @contextmanager
    def planted(self) -> Iterator[None]:
        with ExitStack() as stack:
            for edit in self.edits:
                stack.enter_context(edit.planted())
            yield
