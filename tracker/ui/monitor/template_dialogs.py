"""Templates of the assign form: saving one, and the list to use, rename and delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from tracker.domain.errors import EnvironmentFault, InputError, TrackerError
from tracker.services.templates import Form, Templates
from tracker.ui.dialogs.choosing import OptionList
from tracker.ui.dialogs.form import Dialog
from tracker.ui.widgets.commands import found
from tracker.ui.widgets.controls import Field, label
from tracker.ui.widgets.spoken import announce

if TYPE_CHECKING:
    from tracker.ui.widgets.shell import Shell


class _Naming(Dialog):
    """Asks for a name; says what is wrong with it."""

    def __init__(self, title: str, words: str, name: str, host: Shell, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.field = Field("Name of the template", self, placeholder="Weekly inspection")
        self.field.edit.setText(name)
        self.field.edit.returnPressed.connect(self._save)
        self.field.changed.connect(lambda _text: self._say(None))
        self.column.addWidget(self.field)
        self.problem = label("")
        self.problem.setForegroundRole(self.problem.palette().ColorRole.BrightText)
        self.column.addWidget(self.problem)
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(self.reject)
        self.end_with(host)
        self.save = self.add_button(words, primary=True)
        self.save.clicked.connect(self._save)
        self.field.setFocus()
        self.field.edit.selectAll()

    def _do(self) -> None:
        raise NotImplementedError

    def _save(self) -> None:
        try:
            self._do()
        except TrackerError as fault:
            self._say(fault)
            return
        self.accept()

    def _say(self, fault: TrackerError | None) -> None:
        words = ""
        if fault is not None:
            words = f"{fault.entry.message} {fault.entry.remedy} ({fault.code})"
            announce(self.problem, words, at_once=True)
        self.problem.setText(words)
        self.field.set_bad(isinstance(fault, InputError))
        self.field.edit.setAccessibleDescription(words)


class SaveTemplate(_Naming):
    """Under a name that is taken it saves when it is pressed once more, which the button says."""

    def __init__(
        self, templates: Templates, form: Form, then: Callable[[str], None], host: Shell
    ) -> None:
        super().__init__("Save as template", "Save", form.title[:80], host, host)
        self._templates, self._form, self._then = templates, form, then
        self._over = ""

    def _do(self) -> None:
        name = self.field.edit.text()
        saved = self._templates.save(name, self._form, over=self._over == name)
        self._then(saved)

    def _say(self, fault: TrackerError | None) -> None:
        super()._say(fault)
        taken = fault is not None and fault.code == "E2076"
        self._over = self.field.edit.text() if taken else ""
        self.save.setText("Replace it" if taken else "Save")
        self.save.setAccessibleName(self.save.text())
        self.save.updateGeometry()


class _Rename(_Naming):
    def __init__(
        self,
        templates: Templates,
        name: str,
        then: Callable[[str], None],
        host: Shell,
        parent: QWidget,
    ) -> None:
        super().__init__("Rename the template", "Rename", name, host, parent)
        self._templates, self._name, self._then = templates, name, then

    def _do(self) -> None:
        self._then(self._templates.rename(self._name, self.field.edit.text()))


class TemplatesDialog(Dialog):
    """Type some words, press Return: the form is filled."""

    def __init__(
        self,
        host: Shell,
        templates: Templates,
        use: Callable[[str, Form], None],
        parent: QWidget,
    ) -> None:
        super().__init__("Templates", parent, 480)
        self._host, self._templates, self._use = host, templates, use
        self._names: list[str] = []
        self._known: dict[str, Form] = {}
        self._gone: tuple[str, Form] | None = None
        self.field = Field("Search the templates", self, placeholder="Some words of its name")
        self.field.changed.connect(lambda _text: self._narrow())
        self.field.edit.returnPressed.connect(self._take)
        self.list = OptionList("Templates", self)
        self.list.follow(self.field)
        self.list.itemActivated.connect(lambda *_: self._take())
        self.list.setMinimumHeight(220)
        self.empty = label(
            "No templates yet. Fill the form and press “Save as template…”.", muted=True
        )
        self.column.addWidget(self.field)
        self.column.addWidget(self.list, 1)
        self.column.addWidget(self.empty)
        self.delete = self.add_button("Delete")
        self.delete.clicked.connect(lambda _c=False: self._delete())
        self.undo = self.add_button("Undo")
        self.undo.setAccessibleName("Bring the deleted template back")
        self.undo.clicked.connect(self._put_back)
        self.rename = self.add_button("Rename…")
        self.rename.clicked.connect(self._rename)
        close = self.add_button("Close")
        close.clicked.connect(self.reject)
        self.use = self.add_button("Use", primary=True)
        self.use.clicked.connect(self._take)
        self.end_with(host)
        self._read()
        self.field.setFocus()

    def _read(self) -> None:
        try:
            self._known = self._templates.all()
        except EnvironmentFault as fault:
            self._known = {}
            self._host.tell_fault("read your templates", fault, self._read)
        self._narrow()

    def _narrow(self) -> None:
        names = list(self._known)
        self._names = [names[place] for place in found(self.field.edit.text(), names)]
        self.list.show_options([(name, "") for name in self._names])
        self.empty.setVisible(not self._known)
        self.undo.setVisible(self._gone is not None)
        for button in (self.delete, self.rename, self.use):
            button.setEnabled(bool(self._names))

    @property
    def _chosen(self) -> str | None:
        row = self.list.currentIndex().row()
        return self._names[row] if 0 <= row < len(self._names) else None

    def _take(self) -> None:
        name = self._chosen
        if name is not None and self.isVisible():
            self.accept()
            self._use(name, self._known[name])

    def _rename(self) -> None:
        name = self._chosen
        if name is not None:
            naming = _Rename(self._templates, name, lambda _new: self._read(), self._host, self)
            naming.open()

    def _delete(self) -> None:
        name = self._chosen
        if name is None:
            return
        try:
            gone = self._templates.delete(name)
        except EnvironmentFault as fault:
            self._host.tell_fault("delete the template", fault, self._delete)
            return
        self._gone = (name, gone) if gone is not None else None
        self.field.setFocus()
        self._read()

    def _put_back(self) -> None:
        if self._gone is None:
            return
        try:
            self._templates.save(*self._gone, over=True)
        except EnvironmentFault as fault:
            self._host.tell_fault("bring the template back", fault, self._put_back)
            return
        self._gone = None
        self.field.setFocus()
        self._read()
