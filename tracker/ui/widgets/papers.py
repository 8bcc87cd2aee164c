"""What leaves the window: the list as a file or on paper, logs, and what support may ask for.

One object for a window, which adds its commands; a window shows what came of them. What only some
of them need is imported when they are done: 12 ms that the first paint need not wait for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, QStandardPaths, Qt, QTimer, QUrl, qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog

from tracker.domain.errors import EnvironmentFault, TrackerError, entry_of
from tracker.domain.task import Role
from tracker.services import export, wording
from tracker.services.files import write_whole
from tracker.services.listing import exhaust
from tracker.services.workspace import device_clock
from tracker.sync.engine import Report
from tracker.ui.bridge import Errand
from tracker.ui.reading_ahead import ReadingAhead, classes
from tracker.ui.widgets.border import border
from tracker.ui.widgets.chrome import TOAST_MS

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

    from tracker.ui.widgets.shell import Shell

BUNDLE = "Diagnostic bundle…"

log = logging.getLogger(__name__)


class Papers(QObject):
    def __init__(self, window: Shell) -> None:
        super().__init__(window)
        self._window = window
        self._is_open = True
        self._report: Report | None = None
        self._waiting: dict[ReadingAhead, Callable[[], None]] = {}
        window.closed.connect(self._close)

    def _close(self) -> None:
        """What was asked for is still written: the end of the program waits for the pool."""
        self._is_open = False
        for reading, write in self._waiting.items():
            reading.stop()
            exhaust(classes())
            write()
        self._waiting.clear()

    def add_commands(self) -> None:
        add = self._window.commands.add
        add("Export the list as CSV…", self.export_csv)
        add("Export the list as PDF…", self.export_pdf)
        add("Print the list…", self.print_list, "Ctrl+P")
        add("Save a diagnostic bundle…", self.open_bundle)
        add("Open the log folder", self.open_logs, may=lambda: self._log_folder() is not None)
        add("About Tracker", self.open_about)

    def note(self, report: Report) -> None:
        """How a run ended: kept for the bundle, and logged where it is other than before."""
        before, self._report = self._report, report
        code = report.fault.code if report.fault else ""
        if before is None or before.state is not report.state:
            log.info("synchronising: %s %s", report.state.value, code)

    # -- the list --------------------------------------------------------------------------

    def export_csv(self) -> None:
        def chosen(path: Path) -> None:
            lines = export.lines(self._window.board, self._window.cards.ids)
            self.write("export the list", lambda: export.as_csv(lines), path)

        self.ask_file("Export the list as CSV", "CSV, for spreadsheets (*.csv)", "csv", chosen)

    def export_pdf(self) -> None:
        def chosen(path: Path) -> None:
            from tracker.ui import printing

            sheet, paper = self._sheet(), printing.paper_of(QLocale.system())
            self.draw("export the list", lambda: printing.pdf(sheet, paper), path)

        self.ask_file("Export the list as PDF", "PDF (*.pdf)", "pdf", chosen)

    def print_list(self) -> None:
        """The system's own dialog; where there is no printer it offers a PDF."""
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        from tracker.ui import printing

        sheet = self._sheet()
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printing.prepare(printer, sheet, printing.paper_of(QLocale.system()))
        if printer.outputFormat() is QPrinter.OutputFormat.PdfFormat:  # there is no printer
            printer.setOutputFileName(str(_documents() / _named("tasks", "pdf")))
        dialog = QPrintDialog(printer, self._window)
        dialog.setWindowTitle("Print the list")
        dialog.finished.connect(dialog.deleteLater)
        dialog.accepted.connect(lambda *_: self._print(printer, sheet))
        QDialog.open(dialog)  # its own takes a slot by name

    def _print(self, printer: QPrinter, sheet: export.Sheet) -> None:
        from tracker.ui import printing

        @border("print the list")
        def run(window: Shell) -> None:
            # A printer is of this thread: a second for a thousand tasks.
            QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
            try:
                printing.print_on(printer, sheet)
            finally:
                QGuiApplication.restoreOverrideCursor()
            many = len(sheet.rows)
            window.toast.say("Printed.", f"{many} task{'' if many == 1 else 's'}")

        run(self._window)

    def _sheet(self) -> export.Sheet:
        """What the window shows now."""
        window = self._window
        profile = window.work.profile
        title = "My tasks" if profile.role is Role.EMPLOYEE else f"Tasks of {profile.tenant}"
        return export.sheet(
            window.board, window.cards.ids, title, profile.display_name, window.list_words(),
            device_clock(),
        )  # fmt: skip

    # -- files -----------------------------------------------------------------------------

    def ask_file(
        self, title: str, kinds: str, suffix: str, then: Callable[[Path], None], name: str = "tasks"
    ) -> None:
        """Where to write; asks itself before it lets a file be overwritten."""
        dialog = QFileDialog(self._window, title, str(_documents()), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(_named(name, suffix))
        dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def draw(self, tried: str, make: Callable[[], bytes], path: Path) -> None:
        """As `write`, for what Qt draws: its classes are made first, in this thread."""

        def ready(_outcome: Exception | None) -> None:
            del self._waiting[reading]
            self.write(tried, make, path)

        reading = ReadingAhead(self, list, classes(), ready)
        self._waiting[reading] = lambda: self.write(tried, make, path)

    def write(self, tried: str, make: Callable[[], bytes], path: Path) -> None:
        """Makes the file in the pool, as it may be long, and says what came of it."""

        def ended(outcome: object) -> None:
            if not self._is_open:
                return
            if isinstance(outcome, TrackerError):
                self._window.tell_fault(tried, outcome, lambda: self.write(tried, make, path))
            elif isinstance(outcome, Exception):
                self._window.tell_bug(tried, outcome)
            else:
                self._window.toast.say(f"Saved: {path.name}", str(path.parent))

        Errand(self, lambda: write_whole(path, make()), ended)

    def save_csv(self, tried: str, title: str, name: str, make: Callable[[], bytes]) -> None:
        """Asks where to write a table, and makes it there. `tried` ends "Unable to …"."""
        kinds = "CSV, for spreadsheets (*.csv)"
        self.ask_file(title, kinds, "csv", lambda path: self.write(tried, make, path), name)

    # -- support ---------------------------------------------------------------------------

    def tell_bug(self, kind: str) -> None:
        """Something of ours was raised where nobody caught it; the log has its stack."""
        self._tell("E3013", kind)

    def tell_crash(self) -> None:
        """After what is said now: that changes could be saved matters more."""
        if self._window.toast.isVisibleTo(self._window):
            QTimer.singleShot(TOAST_MS, self, self.tell_crash)
        else:
            self._tell("E3014", "")

    def _tell(self, code: str, info: str) -> None:
        if not self._is_open:
            return
        entry = entry_of(code)
        about = f"({info}) " if info else ""
        self._window.toast.say(
            f"{entry.message.rstrip('.')} ({code})",
            f"{about}{entry.remedy}",
            bad=True,
            action=(BUNDLE, self.open_bundle),
        )

    def open_bundle(self) -> None:
        """What will be in it first, then where to write it."""
        from tracker.ui.dialogs.bundle import BundleDialog

        BundleDialog(self._ask_bundle, self._window).open()

    def _ask_bundle(self) -> None:
        from tracker.services import diagnostics

        def chosen(path: Path) -> None:
            around = self._window.around
            source = diagnostics.Source(
                around.root, self._window.work.profile, around.settings, around.log_folder,
                qVersion(), self._report,
            )  # fmt: skip
            now = device_clock()
            self.write("save the bundle", lambda: diagnostics.bundle(source, now), path)

        self.ask_file("Save a diagnostic bundle", "Zip (*.zip)", "zip", chosen, "tracker-bundle")

    def open_about(self) -> None:
        from tracker.services import diagnostics
        from tracker.ui.dialogs.about import AboutDialog

        around = self._window.around
        known = diagnostics.versions(qVersion())
        may_open = self.open_logs if self._log_folder() is not None else None
        AboutDialog(known, around.root, may_open, self._window).open()

    def open_logs(self) -> None:
        """In the system's file manager. E3017 where it cannot be."""

        @border("open the log folder")
        def run(_window: Shell) -> None:
            folder = self._log_folder()
            if folder is None or not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
                raise EnvironmentFault("E3017")

        run(self._window)

    def _log_folder(self) -> Path | None:
        """Where the logs are, if they are on this machine: a folder on another could be anybody's,
        and asking for it tells them who is here."""
        folder = self._window.around.log_folder
        if folder is None or QUrl.fromLocalFile(str(folder)).host() or not folder.is_dir():
            return None
        return folder


def _documents() -> Path:
    place = QStandardPaths.StandardLocation.DocumentsLocation
    return Path(QStandardPaths.writableLocation(place))


def _named(name: str, suffix: str) -> str:
    return f"{name}-{wording.day(device_clock())}.{suffix}"
