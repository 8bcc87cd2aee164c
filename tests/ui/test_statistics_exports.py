"""The statistics as files: all of them, whole or not at all, and nothing in them is run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPageSize, QPainter
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from tests.client.test_figures_out import DONE, REPORTED, figures, person
from tests.support.client import task
from tests.support.windows import ANA, PATIENCE, PEOPLE, press, settle, task_id
from tests.ui.test_statistics import drawn, open_page
from tracker.domain.task import Status
from tracker.services.figures_out import ONLY_ONLINE, Report, lay_out
from tracker.services.periods import Preset
from tracker.services.workspace import device_clock
from tracker.ui.monitor.statistics import paper
from tracker.ui.monitor.statistics.exporting import SCALE
from tracker.ui.monitor.statistics.page import StatisticsPage
from tracker.ui.monitor.window import ASSIGN, MonitorWindow
from tracker.ui.theme import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of popup menus
Monitor = Callable[..., MonitorWindow]
A4 = QPageSize.PageSizeId.A4


@pytest.fixture
def page(monitor: Monitor, qtbot: QtBot) -> StatisticsPage:
    """Of a cache without a server, with a person whose name is a formula."""
    now = device_clock()
    done = task(task_id(2), status=Status.COMPLETED, progress=100, created_at=now - 90_000_000,
                completed_at=now, last_progress_by=ANA, revenue_cents=5_00)  # fmt: skip
    people = [replace(PEOPLE[0], display_name="=1+1"), PEOPLE[1]]
    window = monitor(task(task_id(1), created_at=now), done, people=people)
    found = open_page(window, qtbot)
    qtbot.waitUntil(lambda: not found.inquiry.is_asking, timeout=PATIENCE)
    drawn(found, qtbot)
    return found


def export(page: StatisticsPage, kind: str, path: Path, qtbot: QtBot) -> None:
    """As a person does it: the menu, the kind, the file."""
    press(qtbot, page.export)
    (menu,) = [one for one in page.export.findChildren(QMenu) if one.isVisible()]
    action = next(one for one in menu.actions() if one.text() == f"{kind}…")
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    (dialog,) = [one for one in page.host.findChildren(QFileDialog) if one.isVisible()]
    assert dialog.windowTitle() == f"Export the statistics as {kind}"
    dialog.setDirectory(str(path.parent))
    dialog.selectFile(path.name)
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    settle()


def saved(page: StatisticsPage, path: Path, qtbot: QtBot) -> bytes:
    said = page.host.toast.headline
    qtbot.waitUntil(lambda: said.text() == f"Saved: {path.name}", timeout=PATIENCE)
    assert [one.name for one in path.parent.iterdir() if one.suffix == ".new"] == []
    return path.read_bytes()


def test_csv_is_what_the_page_shows_and_runs_no_formula(
    page: StatisticsPage, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "statistics.csv"
    export(page, "CSV", path, qtbot)
    text = saved(page, path, qtbot).decode("utf-8-sig")
    lines = [*csv.reader(io.StringIO(text, newline=""))]
    assert lines[0] == ["Statistics of Northwind"]
    assert page.period_words() == lines[1][0]
    assert lines[2][0].startswith("From this computer's cache")
    assert "(E" in lines[2][0]
    assert page.shown is not None
    for group in page.shown.groups:
        for tile in group.tiles:
            value = "" if tile.value is None else repr(tile.value)
            unit = f" ({tile.unit})" if tile.unit else ""
            assert [f"{tile.name}{unit}", value] in lines
    names = [line[0] for line in lines if len(line) > 10]
    assert "'=1+1" in names
    assert "=1+1" not in names


def test_the_picture_has_all_of_the_page_at_twice_its_size(
    page: StatisticsPage, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "statistics.png"
    export(page, "PNG", path, qtbot)
    saved(page, path, qtbot)
    image = QImage(str(path))
    assert image.width() > page.ground.width() * SCALE
    assert image.height() > page.ground.height() * SCALE
    assert page.ground.height() > page.area.height(), "some of it is scrolled away"
    for part in (*page.groups, *page.charts, *page.tables):
        at = part.mapTo(page.ground, QPoint()) * SCALE
        box = image.copy(at.x() + 32, at.y() + 148, part.width() * SCALE, part.height() * SCALE)
        assert len(colours(box)) > 2, part


def test_an_export_that_is_chosen_behind_another_page_is_written(
    page: StatisticsPage, qtbot: QtBot, tmp_path: Path
) -> None:
    page.host.open_page(ASSIGN)
    page.filters.preset._pick(Preset.YEAR)
    qtbot.waitUntil(lambda: any(chart.is_stale for chart in page.charts), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not page._turn.isActive(), timeout=PATIENCE)
    path = tmp_path / "statistics.png"
    page.exporting.write("PNG", path)
    saved(page, path, qtbot)


def colours(image: QImage) -> set[int]:
    return {
        image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)
    }


@pytest.fixture
def dark() -> Iterator[None]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, "dark")
    yield
    theme.apply(app, "light")


def test_the_report_is_drawn_for_white_paper_also_from_a_dark_window(
    dark: None, page: StatisticsPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drew: list[QImage] = []
    real = paper.pdf

    def pdf(report: Report, charts: list[QImage], size: QPageSize.PageSizeId) -> bytes:
        drew.extend(charts)
        return real(report, charts, size)

    monkeypatch.setattr(paper, "pdf", pdf)
    path = tmp_path / "statistics.pdf"
    export(page, "PDF", path, qtbot)
    raw = saved(page, path, qtbot)
    assert raw.startswith(b"%PDF-")
    assert raw.count(b"/Type /Page\n") >= 2
    assert len(drew) == len(page.charts)
    for image in drew:
        assert QColor(image.pixel(image.width() // 2, 20)).name() == "#ffffff"
        assert len(colours(image)) > 2
    assert len(page.findChildren(type(page.charts[0]))) == len(page.charts), "nothing is left"


def test_half_a_file_is_never_left_and_a_retry_writes_it(
    page: StatisticsPage, qtbot: QtBot, tmp_path: Path
) -> None:
    for kind in ("CSV", "PNG", "PDF"):
        folder = tmp_path / kind
        path = folder / f"statistics.{kind.lower()}"
        page.exporting.write(kind, path)
        said = page.host.toast.headline
        qtbot.waitUntil(lambda: "(E3012)" in said.text(), timeout=PATIENCE)  # noqa: B023
        assert said.text().startswith("Unable to export the statistics")
        folder.mkdir()
        page.host.toast.button.click()
        saved(page, path, qtbot)


def test_closing_while_it_is_drawn_leaves_nothing(
    page: StatisticsPage, qtbot: QtBot, tmp_path: Path
) -> None:
    page.exporting.write("PDF", tmp_path / "statistics.pdf")
    page.host.close()
    assert list(tmp_path.glob("*.pdf")) == []  # conftest looks for timers


# -- pages -------------------------------------------------------------------------------------


def draw(report: Report, charts: list[QImage]) -> tuple[int, list[QImage]]:
    """Each page as a picture, at 40 dots an inch."""
    blank = QImage(468, 331, QImage.Format.Format_RGB32)
    blank.setDotsPerMeterX(round(40 / 0.0254))
    blank.setDotsPerMeterY(round(40 / 0.0254))
    blank.fill(0xFFFFFFFF)
    done: list[QImage] = []
    image = QImage(blank)
    painter = QPainter(image)

    def turn() -> bool:
        painter.end()
        done.append(image.copy())
        image.fill(0xFFFFFFFF)
        return painter.begin(image)

    count = paper.Pages(painter, 40 / 72, 468, 331).draw(report, charts, turn)
    painter.end()
    return count, [*done, image]


def test_every_page_has_something_and_a_long_table_goes_on() -> None:
    people = [person(str(n), f"Person of a name that is rather long {n}", DONE) for n in range(90)]
    shown = lay_out(figures(*people), REPORTED, {})
    chart = QImage(52, 30, QImage.Format.Format_RGB32)
    chart.fill(0xFF2563D9)
    count, images = draw(Report("Statistics", ("a", "b"), shown), [chart] * 6)
    assert count == len(images) > 5
    for image in images:
        assert len(colours(image)) > 2


def test_each_row_is_on_one_page_below_its_headline() -> None:
    people = [person(str(n), f"Person {n}", DONE) for n in range(90)]
    shown = lay_out(figures(*people), REPORTED, {})
    painter = QPainter(image := QImage(468, 331, QImage.Format.Format_RGB32))
    pages = paper.Pages(painter, 40 / 72, 468, 331)
    blocks = pages.blocks(Report("Statistics", ("a",), shown), [])
    spread = pages.paginate(blocks)
    painter.end()
    assert image.height() == 331
    rows = [block for block in blocks if block.head is not None]
    flat = [block for one in spread for block in one]
    assert [block for block in flat if block in rows] == rows
    for one in spread:
        assert sum(block.height for block in one) <= 331 - 24 * 40 / 72 + 1e-6
        of_table = [number for number, block in enumerate(one) if block.head is not None]
        if of_table and of_table[0] == 0:
            pytest.fail("a row stands without its headline")
        assert not one[-1].with_next, "a headline stands alone"


def test_a_report_without_charts_or_rows_is_a_file_too() -> None:
    shown = lay_out(figures(), ONLY_ONLINE, {})
    raw = paper.pdf(Report("Statistics", (), shown), [], A4)
    assert raw.startswith(b"%PDF-")
