"""The list on paper: whole, in order, as it was written, and on as many pages as it takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QThreadPool
from PySide6.QtGui import QImage, QPageSize, QTextDocument
from PySide6.QtPrintSupport import QPrintDialog, QPrinter, QPrinterInfo
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.windows import PATIENCE, PROJECT, settle, task_id
from tracker.domain.errors import EnvironmentFault
from tracker.domain.task import Priority, Status
from tracker.services.export import Row, Sheet
from tracker.ui import printing
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.theme import theme

Desk = Callable[..., EmployeeWindow]
A4 = QPageSize.PageSizeId.A4


def row(number: int, title: str = "Replace pump seal", **more: object) -> Row:
    known: dict[str, object] = {
        "about": "Hall B", "status": Status.PENDING, "progress": 40, "priority": Priority.HIGH,
        "due": "Thu 26 Nov 2026", "people": "Ana Moreno", "late": False, **more,
    }  # fmt: skip
    return Row(number, title, **known)  # type: ignore[arg-type]


def sheet_of(*rows: Row) -> Sheet:
    return Sheet("My tasks", "Ana Moreno", "21 Nov 2026, 12:04", "Overdue · by due", rows)


class Pages:
    """A device that keeps each page as a picture."""

    def __init__(self, dpi: int = 60) -> None:
        self.image = QImage(round(8.27 * dpi), round(11.69 * dpi), QImage.Format.Format_RGB32)
        self.image.setDotsPerMeterX(round(dpi / 0.0254))
        self.image.setDotsPerMeterY(round(dpi / 0.0254))
        self.image.fill(0xFFFFFFFF)
        self.turned = 0
        self.most = 10_000

    def turn(self) -> bool:
        self.turned += 1
        return self.turned < self.most


def shown(document: QTextDocument) -> str:
    return document.toPlainText()


def test_what_people_wrote_is_never_markup() -> None:
    title = '<b>bold</b> & <img src="file:///etc/passwd"> </td><h1>'
    sheet = sheet_of(row(1, title, about="<i>", people="<u>Ana</u>", due="<s>"))
    document = QTextDocument()
    document.setHtml(printing.html(sheet, range(1)))
    for words in (title, "<i>", "<u>Ana</u>", "<s>"):
        assert words in shown(document)
    tags = "<>".join(["Overdue", ""])
    document.setHtml(
        printing.html(Sheet(f"{title}t", f"{title}p", "now", f"{title}{tags}", ()), range(0))
    )
    assert f"{title}t" in shown(document)
    assert f"{title}p · now · {title}{tags} · 0 tasks" in shown(document)


def test_each_row_is_on_one_page_and_the_first_says_whose_list_it_is() -> None:
    sheet = sheet_of(*(row(n, "A title of several words " * (n % 9 + 1)) for n in range(200)))
    pages = Pages()
    body = printing.body_of(pages.image)
    ranges = printing.paginate(sheet, pages.image, body)
    assert [number for page in ranges for number in page] == list(range(200))
    assert len(ranges) > 3
    for page in ranges:
        document = printing.lay_out(sheet, page, pages.image, body.width())
        assert document.size().height() <= body.height()
        assert ("My tasks" in shown(document)) is (page.start == 0)
        assert shown(document).count("Priority") == 1  # the head of the table
    for page in ranges[:-1]:  # one more would not have fitted
        more = range(page.start, page.stop + 1)
        document = printing.lay_out(sheet, more, pages.image, body.width())
        assert document.size().height() > body.height()


def test_a_row_higher_than_a_page_has_one_for_itself() -> None:
    sheet = sheet_of(row(1), row(2, people="A long name, " * 300), row(3))
    pages = Pages()
    found = printing.paginate(sheet, pages.image, printing.body_of(pages.image))
    assert found == [range(1), range(1, 2), range(2, 3)]


def drawn() -> QImage:
    pages = Pages()
    assert printing.draw(sheet_of(row(1, "Replace")), pages.image, pages.turn) == 1
    return pages.image


def test_a_dark_window_prints_black_on_white_too(qapp: QApplication) -> None:
    image = drawn()
    theme.apply(qapp, "dark")
    try:
        assert drawn() == image
    finally:
        theme.apply(qapp, "light")
    ink = [
        image.pixelColor(x, y).lightness()
        for x in range(image.width())
        for y in range(image.height())
    ]
    assert min(ink) < 90  # black words
    assert ink.count(255) > len(ink) * 0.8  # on white


def test_some_pages_of_all() -> None:
    sheet = sheet_of(*(row(n) for n in range(120)))
    pages = Pages()
    count = printing.draw(sheet, pages.image, pages.turn)
    assert (count, pages.turned) == (count, count - 1)
    some = Pages()
    assert printing.draw(sheet, some.image, some.turn, 2, 3) == count
    assert some.turned == 1


@pytest.mark.qt_log_ignore("QPainter::begin: Paint device returned engine == 0")
def test_a_printer_that_takes_no_more_pages_is_a_fault() -> None:
    pages = Pages()
    pages.most = 1
    with pytest.raises(EnvironmentFault) as caught:
        printing.draw(sheet_of(*(row(n) for n in range(120))), pages.image, pages.turn)
    assert caught.value.code == "E3016"
    with pytest.raises(EnvironmentFault) as caught:
        printing.draw(sheet_of(), QImage(), pages.turn)
    assert caught.value.code == "E3016"


def test_an_empty_list_is_a_page_too() -> None:
    assert printing.pdf(sheet_of(), A4).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("name", "paper"),
    [
        ("de_DE", A4),
        ("en_GB", A4),
        ("en_US", QPageSize.PageSizeId.Letter),
        ("es_MX", QPageSize.PageSizeId.Letter),
    ],
)
def test_paper_is_what_printers_have_there(name: str, paper: QPageSize.PageSizeId) -> None:
    assert printing.paper_of(QLocale(name)) is paper


# -- the commands ------------------------------------------------------------------------------


@pytest.fixture
def window(desk: Desk) -> EmployeeWindow:
    return desk(
        task(task_id(1), number=1, title="=Seal", project_id=PROJECT),
        task(task_id(2), number=2, title="Weld <b>", priority=Priority.URGENT),
        task(task_id(3), number=3, title="Done one", status=Status.COMPLETED, progress=100),
    )


def do(window: EmployeeWindow | MonitorWindow, name: str) -> None:
    (action,) = [action for action in window.commands.listed() if action.text() == name]
    action.trigger()


def save_as(window: EmployeeWindow | MonitorWindow, path: Path) -> None:
    """As a person who types a name into the dialog."""
    (dialog,) = [one for one in window.findChildren(QFileDialog) if one.isVisible()]
    dialog.setDirectory(str(path.parent))
    dialog.selectFile(path.name)
    dialog.accept()
    settle()


def test_the_list_as_csv_is_what_is_shown(
    window: EmployeeWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.narrow(text="e")
    do(window, "Export the list as CSV…")
    save_as(window, tmp_path / "list")
    path = tmp_path / "list.csv"
    qtbot.waitUntil(lambda: window.toast.headline.text() == "Saved: list.csv", timeout=PATIENCE)
    text = path.read_bytes().decode("utf-8-sig")
    found = [line[1] for line in csv.reader(io.StringIO(text, newline=""))]
    assert found == ["Title", "Weld <b>", "'=Seal", "Done one"]
    assert len(window.cards.ids) == 3


def test_the_list_as_pdf(window: EmployeeWindow, qtbot: QtBot, tmp_path: Path) -> None:
    do(window, "Export the list as PDF…")
    save_as(window, tmp_path / "list.pdf")
    qtbot.waitUntil(lambda: window.toast.headline.text() == "Saved: list.pdf", timeout=PATIENCE)
    assert (tmp_path / "list.pdf").read_bytes().startswith(b"%PDF-")


def test_a_window_that_closes_at_once_still_writes_it(
    window: EmployeeWindow, tmp_path: Path
) -> None:
    path = tmp_path / "list.pdf"
    window.papers.draw("export the list", lambda: b"%PDF-", path)
    window.close()
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    assert path.read_bytes() == b"%PDF-"


def test_the_monitor_exports_its_grid_too(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot, tmp_path: Path
) -> None:
    window = monitor(task(task_id(1)))
    do(window, "Export the list as PDF…")
    save_as(window, tmp_path / "grid.pdf")
    qtbot.waitUntil(lambda: (tmp_path / "grid.pdf").exists(), timeout=PATIENCE)
    assert window.papers._sheet().title == "Tasks of Northwind"


def test_a_file_that_cannot_be_written_is_told_with_retry(
    window: EmployeeWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    taken = tmp_path / "gone"
    taken.mkdir()
    do(window, "Export the list as CSV…")
    (dialog,) = [one for one in window.findChildren(QFileDialog) if one.isVisible()]
    dialog.setDirectory(str(taken))
    dialog.selectFile("list.csv")
    taken.rmdir()
    dialog.fileSelected.emit(str(taken / "list.csv"))
    dialog.reject()
    qtbot.waitUntil(lambda: "(E3012)" in window.toast.headline.text(), timeout=PATIENCE)
    taken.mkdir()
    window.toast.button.click()
    qtbot.waitUntil(lambda: (taken / "list.csv").exists(), timeout=PATIENCE)


@pytest.fixture
def print_dialog(window: EmployeeWindow) -> Iterator[QPrintDialog]:
    do(window, "Print the list…")
    (dialog,) = window.findChildren(QPrintDialog)
    yield dialog
    settle()


def test_printing_asks_the_systems_dialog_and_draws_what_it_says(
    window: EmployeeWindow, print_dialog: QPrintDialog, tmp_path: Path
) -> None:
    printer = print_dialog.printer()
    assert printer.docName() == "My tasks"
    if not QPrinterInfo.availablePrinterNames():
        assert printer.outputFileName().endswith(".pdf")  # the dialog offers a file
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    print_dialog.done(QPrintDialog.DialogCode.Accepted)
    assert window.toast.headline.text() == "Printed."
    assert (tmp_path / "printed.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.qt_log_ignore("QPainter::begin..: Returned false", "propagateSizeHints")
def test_a_printer_that_fails_is_told(
    window: EmployeeWindow, print_dialog: QPrintDialog, tmp_path: Path
) -> None:
    printer = print_dialog.printer()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "no folder" / "printed.pdf"))
    print_dialog.done(QPrintDialog.DialogCode.Accepted)
    assert window.toast.headline.text() == "Unable to print the list (E3016)"


def test_the_sheet_says_what_narrows_the_list(window: EmployeeWindow) -> None:
    window.narrow(priority=Priority.URGENT)
    sheet = window.papers._sheet()
    assert (sheet.title, sheet.person) == ("My tasks", "Ana Moreno")
    assert sheet.narrowed == "All tasks · Urgent · by due"
    assert [one.title for one in sheet.rows] == ["Weld <b>"]
