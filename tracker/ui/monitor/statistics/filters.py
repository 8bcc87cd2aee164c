"""What the statistics are asked for: days, project, person, team."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import date

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tracker.domain.errors import InputError
from tracker.services.periods import Days, Preset, days_of, read_days
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2
from tracker.ui.widgets.controls import SEARCH_DELAY_MS, Button, Choice, Field, label
from tracker.ui.widgets.flow import Flow
from tracker.ui.widgets.long_choice import LongChoice
from tracker.ui.widgets.spoken import announce

_WIDEST = 200


class Filters(QWidget):
    """`changed` says that other figures are wanted: not while what is typed cannot be read."""

    changed = Signal()

    def __init__(self, today: Callable[[], date], parent: QWidget) -> None:
        super().__init__(parent)
        self._today = today
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(SEARCH_DELAY_MS)
        self._typing.timeout.connect(self._typed)
        self._read: Days = (None, None)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_1)
        self.bar = Flow(self, gap=SPACE_2)
        bar = self.bar
        self.preset = Choice("Period", [(one.value, one) for one in Preset], bar, named=False)
        self.preset.set_value(Preset.DAYS_30)
        self.preset.chosen.connect(lambda _one: self._preset_chosen())
        self.first = Field("From", bar, placeholder="From 2026-01-01")
        self.last = Field("To", bar, placeholder="To today")
        self.project = LongChoice("Project", [("All projects", None)], bar, named=False)
        self.person = LongChoice("Person", [("All people", None)], bar, named=False)
        self.team = LongChoice("Team", [("All teams", None)], bar, named=False)
        self.clear = Button("Clear filters", bar)
        self.clear.clicked.connect(self._clear)
        bar.add(self.preset)
        for field in (self.first, self.last):
            field.setFixedWidth(142)
            field.changed.connect(lambda _text: self._typing.start())
            field.edit.returnPressed.connect(self._typed)
            field.hide()
            bar.add(field)
        for picker in (self.project, self.person, self.team):
            picker.setMaximumWidth(_WIDEST)
            picker.chosen.connect(lambda _id: self._narrowed())
            bar.add(picker)
        bar.add(self.clear)
        bar.add(QWidget(bar), grows=True)
        column.addWidget(bar)
        self.problem = label("", tokens.SMALL + 1)
        self.problem.setForegroundRole(self.problem.palette().ColorRole.BrightText)
        self.problem.hide()
        column.addWidget(self.problem)
        self._show()

    # -- what is asked -----------------------------------------------------------------------

    def days(self) -> Days:
        """As they are today; of typed ones the last that could be read."""
        chosen = self.preset.value
        assert isinstance(chosen, Preset)
        return self._read if chosen is Preset.CUSTOM else days_of(chosen, self._today())

    def _narrowed(self) -> None:
        self._show()
        self.changed.emit()

    @property
    def narrowed(self) -> bool:
        return any(picker.value for picker in (self.project, self.person, self.team))

    def words(self) -> str:
        """`Hall B retrofit · Ana Moreno`; empty where nothing narrows."""
        chosen = (one for one in (self.project, self.person, self.team) if one.value is not None)
        return " · ".join(one.text() for one in chosen)

    def offer(
        self, picker: LongChoice, everything: str, names: Mapping[str, str], hidden: Container[str]
    ) -> None:
        """What can be chosen, by its id; `hidden` things only if they are chosen already. What is
        gone narrows nothing any more."""
        chosen = picker.value
        picker.set_value(None)
        offered = [(name, key) for key, name in names.items() if key not in hidden]
        picker.set_options([(everything, None), *offered])
        if isinstance(chosen, str) and chosen in names:
            picker.offer_too(chosen, names[chosen])
            picker.set_value(chosen)
        self._show()

    # -- what was kept -----------------------------------------------------------------------

    def kept(self) -> dict[str, str]:
        chosen = self.preset.value
        assert isinstance(chosen, Preset)
        return {
            "period": chosen.name,
            "from": self.first.edit.text(),
            "to": self.last.edit.text(),
            "project": str(self.project.value or ""),
            "person": str(self.person.value or ""),
            "team": str(self.team.value or ""),
        }

    def restore(self, kept: dict[str, str]) -> None:
        if kept.get("period") in Preset.__members__:
            self.preset.set_value(Preset[kept["period"]])
        for field, name in ((self.first, "from"), (self.last, "to")):
            field.edit.setText(kept.get(name, ""))
        self._typing.stop()
        if self.preset.value is Preset.CUSTOM:
            self._check()
        for picker, name in (
            (self.project, "project"), (self.person, "person"), (self.team, "team"),
        ):  # fmt: skip
            if kept.get(name):  # its name comes with `offer`
                picker.offer_too(kept[name], "")
                picker.set_value(kept[name])
        self._show()

    def stop(self) -> None:
        self._typing.stop()

    # -- changing it -------------------------------------------------------------------------

    def _preset_chosen(self) -> None:
        self._show()
        if self.preset.value is not Preset.CUSTOM:
            self._say_problem("", None)
            self.changed.emit()
            return
        if not (self.first.edit.text() or self.last.edit.text()):
            self.first.edit.setText(days_of(Preset.DAYS_30, self._today())[0] or "")
        self.first.setFocus()
        self._typing.stop()
        if self._check():
            self.changed.emit()

    def _typed(self) -> None:
        self._typing.stop()
        before = self._read
        if self._check() and before != self._read:
            self.changed.emit()

    def _check(self) -> bool:
        try:
            self._read = read_days(self.first.edit.text(), self.last.edit.text(), self._today())
        except InputError as error:
            entry = error.entry
            words = f"{error.info or entry.message} Use 2026-12-31 or today. ({error.code})"
            self._say_problem(words, error.field)
            return False
        self._say_problem("", None)
        return True

    def _say_problem(self, words: str, field: str | None) -> None:
        for box, name in ((self.first, "from"), (self.last, "to")):
            box.set_bad(name == field)
            box.edit.setAccessibleDescription(words if name == field else "")
        if words and words != self.problem.text():
            announce(self, words)
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def _clear(self) -> None:
        self.project.setFocus()  # before the button hides
        for picker in (self.project, self.person, self.team):
            picker.set_value(None)
        self._narrowed()

    def _show(self) -> None:
        custom = self.preset.value is Preset.CUSTOM
        for field in (self.first, self.last):
            field.setVisible(custom)
        self.clear.setVisible(self.narrowed)
