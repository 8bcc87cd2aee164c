"""A form whose values go to the server: it stays filled, and open, until the server took them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QLabel, QWidget
from shiboken6 import isValid

from tracker.domain.errors import InputError, ServerRefusal
from tracker.services import organising, wording
from tracker.services.organising import Deed, T
from tracker.ui.dialogs.form import Dialog
from tracker.ui.monitor import deeds
from tracker.ui.theme import tokens
from tracker.ui.widgets.controls import Button, Field, label
from tracker.ui.widgets.spoken import announce

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow


class AskingDialog(Dialog):
    """Fields are read while typing, each with what is wrong with it below. `tried` ends the
    sentence "Unable to …"."""

    def __init__(self, window: MonitorWindow, title: str, tried: str, does: str) -> None:
        super().__init__(title, window, 460)
        self.host, self._tried, self._title = window, tried, title
        self.fields: dict[str, Field] = {}
        self._problems: dict[str, QLabel] = {}
        self._readers: dict[str, Callable[[str], Any]] = {}
        self._deed: Deed[Any] | None = None
        self._asking = self._is_closed = False
        self.problem = label("")
        self.cancel = self.add_button("Cancel")
        self.cancel.clicked.connect(self.reject)
        self.button = self.add_button(does, primary=True)
        self.button.clicked.connect(self.press)
        self.end_with(window)

    def add_field(
        self, key: str, words: str, read: Callable[[str], Any], example: str = ""
    ) -> Field:
        self.column.addWidget(label(words, tokens.SMALL + 1, muted=True))
        made = Field(words, self, placeholder=example)
        made.edit.returnPressed.connect(self.press)
        made.changed.connect(lambda _text: self._typed(key))
        self.column.addWidget(made)
        below = label("", tokens.SMALL + 1)
        below.setForegroundRole(below.palette().ColorRole.BrightText)
        below.setMinimumHeight(18)
        self.column.addWidget(below)
        self.fields[key], self._readers[key], self._problems[key] = made, read, below
        return made

    def add_problem(self) -> None:
        """Where it is said what came of asking: below the fields."""
        self.problem.hide()
        self.column.addWidget(self.problem)

    # -- reading ---------------------------------------------------------------------------

    def _typed(self, key: str) -> None:
        self.read({key})

    def read(self, keys: set[str] | None = None) -> dict[str, Any]:
        """The good values of these fields, of all without; says what is wrong with the others."""
        good = {}
        for key in self.fields if keys is None else keys:
            try:
                good[key] = self._readers[key](self.fields[key].edit.text())
                self._say_of(key, "")
            except InputError as error:
                self._say_of(key, f"{error.info or error.entry.message} ({error.code})")
        return good

    def problem_of(self, key: str) -> str:
        return self._problems[key].text()

    def _say_of(self, key: str, words: str) -> None:
        self._problems[key].setText(words)
        self.fields[key].set_bad(bool(words))
        self.fields[key].edit.setAccessibleDescription(words)

    # -- asking ----------------------------------------------------------------------------

    def deed(self, good: Mapping[str, Any]) -> Deed[Any]:
        """What is to be done with the values of all fields."""
        raise NotImplementedError

    def done_with(self, thing: Any) -> None:
        """It is; the window shows it already."""
        raise NotImplementedError

    def done_late(self, thing: Any) -> None:
        """It is, and the dialog was closed before."""
        self.host.toast.say(f"{self._title.rstrip('?')}: done.", wording.straight(_name_of(thing)))

    def press(self) -> None:
        """Pressed again with the same values it is the same deed, which is done once; also when the
        answer to the first was lost."""
        if self._asking:
            return
        good = self.read()
        bad = [key for key in self.fields if key not in good]
        if bad:
            self.fields[bad[0]].setFocus()
            return
        self._ask(self._the_same(self.deed(good)))

    def _the_same(self, deed: Deed[T]) -> Deed[T]:
        before = self._deed
        if before is not None and before.values == deed.values:
            return before
        if before is not None and before.base is not None and deed.base is not None:
            return deed.on(before.base)  # what it became meanwhile, which was told
        return deed

    def _ask(self, deed: Deed[Any]) -> None:
        self._deed = deed
        self._wait(True)
        self._say("Asking the server…")

        def then(thing: Any) -> None:
            if self._is_there():
                self._wait(False)
                self._say("")
                self.done_with(thing)
            else:
                self.done_late(thing)

        def failed(fault: Exception) -> None:
            if self._is_there():
                self._failed(deed, fault)
            else:
                self._tell_late(deed, fault)

        deeds.do(self.host, deed, then, failed)

    def _is_there(self) -> bool:
        return not self._is_closed and isValid(self)

    def done(self, result: int) -> None:
        self._is_closed = True
        super().done(result)

    def _tell_late(self, deed: Deed[Any], fault: Exception) -> None:
        """Nobody sees the dialog any more: a toast says it, whose Retry is the same deed."""
        deeds.tell(self.host, self._tried, deed, fault, self.done_late)

    def _failed(self, deed: Deed[Any], fault: Exception) -> None:
        self._wait(False)
        current = organising.now_is(deed, fault) if isinstance(fault, ServerRefusal) else None
        if current is not None:
            self._deed = deed.on(current)
            again = f"Press {self.button.text()} again to change it all the same."
            words = f"{wording.unable(self._tried, 'E5062')}. "
            words += f"{deeds.differs(self.host, deed, current)} {again}"
            deeds.learn(self.host, current)
        else:
            self._deed = organising.again(deed, fault)
            words = deeds.sentence(self._tried, fault)
        key = getattr(fault, "field", None)
        if current is None and key in self.fields:
            assert isinstance(fault, ServerRefusal)
            self._say_of(key, f"{fault.info or fault.entry.message} ({fault.code})")
            self.fields[key].setFocus()
            words = f"{wording.unable(self._tried, fault.code)}. See above."
        else:
            self.button.setFocus()
        self._say(words, bad=True)
        announce(self.problem, words, at_once=True)

    def _say(self, words: str, *, bad: bool = False) -> None:
        role = self.problem.palette().ColorRole
        self.problem.setForegroundRole(role.BrightText if bad else role.PlaceholderText)
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def _wait(self, waits: bool) -> None:
        self._asking = waits
        parts: list[QWidget] = [*self.fields.values(), *self.findChildren(Button)]
        for part in parts:
            if part is not self.cancel:
                part.setEnabled(not waits)


def _name_of(thing: Any) -> str:
    return str(getattr(thing, "display_name", "") or thing.name)


class NameDialog(AskingDialog):
    """A name of a project or a team, for a new one or for one that is there."""

    def __init__(
        self,
        window: MonitorWindow,
        title: str,
        tried: str,
        does: str,
        deed: Callable[[str], Deed[Any]],
        then: Callable[[Any], None],
        name: str = "",
    ) -> None:
        super().__init__(window, title, tried, does)
        self._make, self._then = deed, then
        self.name = self.add_field("name", "Name", organising.read_group_name)
        self.add_problem()
        if name:
            self.name.edit.setText(name)
            self.name.edit.selectAll()
        self.name.setFocus()

    def deed(self, good: Mapping[str, Any]) -> Deed[Any]:
        return self._make(good["name"])

    def done_with(self, thing: Any) -> None:
        self.accept()
        self._then(thing)
