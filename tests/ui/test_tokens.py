"""Every pair of a text and the ground it is painted on, and every control, by its contrast."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.windows import card_of, task_id
from tests.ui.test_theme import contrast, tinted
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.tasks_page import Counter
from tracker.ui.theme import theme, tokens
from tracker.ui.theme.tokens import DARK, LIGHT, Tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.chrome import SyncChip
from tracker.ui.widgets.controls import Button, Choice

BOTH = pytest.mark.parametrize("t", [LIGHT, DARK], ids=["light", "dark"])

TEXT: dict[str, tuple[str, ...]] = {
    # ground: what is written on it
    "background": ("text", "muted", "danger", "accent"),  # pages, labels, errors, links
    "surface": (
        "text", "muted", "danger", "low", "medium", "high", "urgent",  # cards, buttons, toast
        "pending", "in_progress", "held", "done", "accent",  # the monitor's words and counters
    ),
    "rail": ("text", "muted"),  # rows and their counts, who is signed in
    "accent_weak": ("text", "accent"),  # a row that is chosen, a button under the pointer, initials
    "accent": ("on_accent",),  # the primary button, a chosen menu entry, the tick of a check box
    "warning_ground": ("warning", "text"),  # the banner
}  # fmt: skip

CONTROLS: tuple[tuple[str, str, str], ...] = (
    ("control_line", "surface", "a field's line"),
    ("control_line", "background", "a check box and a field on the page"),
    ("accent", "surface", "the filled part of the bar, a focus ring on a card"),
    ("accent", "background", "a focus ring on the page, a chosen box"),
    ("accent", "rail", "a focus ring on the rail"),
    ("accent", "accent_weak", "a focus ring on a chosen row"),
    ("accent", "track", "filled against unfilled"),
    ("done", "track", "filled against unfilled, finished"),
    ("held", "track", "filled against unfilled, on hold"),
    ("in_progress", "track", "filled against unfilled, in the monitor"),
    ("danger", "surface", "a field that is wrong"),
    ("danger", "background", "a field that is wrong"),
    ("warning", "surface", "the offline icon of the chip"),
    ("done", "surface", "the edge of a finished task, the dot of a live person"),
    ("pending", "surface", "the edge of a pending task"),
    ("held", "surface", "the dot of a person not heard of"),
    ("low", "surface", "an edge"),
    ("medium", "surface", "an edge"),
    ("high", "surface", "an edge"),
    ("urgent", "surface", "an edge"),
    ("on_accent", "accent", "the focus ring of the primary button"),
    ("control_line", "rail", "the thumb of a scroll bar, the outline of the chip"),
    ("control_line", "warning_ground", "the outline of the banner's buttons"),
)


@BOTH
@pytest.mark.parametrize(
    ("word", "ground"), [(word, ground) for ground, words in TEXT.items() for word in words]
)
def test_text_is_readable(t: Tokens, word: str, ground: str) -> None:
    assert contrast(getattr(t, word), getattr(t, ground)) >= 4.5


@BOTH
@pytest.mark.parametrize("name", ["low", "medium", "high", "urgent"])
def test_a_badge_is_readable_on_its_own_tint(t: Tokens, name: str) -> None:
    colour = getattr(t, name)
    assert contrast(colour, tinted(colour, t.surface)) >= 4.5


@BOTH
@pytest.mark.parametrize(("control", "ground", "what"), CONTROLS)
def test_a_control_is_seen(t: Tokens, control: str, ground: str, what: str) -> None:
    assert contrast(getattr(t, control), getattr(t, ground)) >= 3, what


@BOTH
def test_what_is_written_by_the_style_itself_is_readable(t: Tokens) -> None:
    """Menus, tool tips, placeholders and selected text come from the palette."""
    role = QPalette.ColorRole
    made = tokens.palette(t)
    for word, ground in (
        (role.Text, role.Base), (role.PlaceholderText, role.Base),
        (role.HighlightedText, role.Highlight), (role.ToolTipText, role.ToolTipBase),
        (role.ButtonText, role.Button), (role.WindowText, role.Window), (role.Link, role.Window),
        (role.Link, role.Base), (role.BrightText, role.Window),
    ):  # fmt: skip
        assert contrast(made.color(word).name(), made.color(ground).name()) >= 4.5, (word, ground)


@BOTH
def test_the_statuses_and_priorities_differ(t: Tokens) -> None:
    for names in (("low", "medium", "high", "urgent"), ("pending", "in_progress", "done")):
        assert len({getattr(t, name) for name in names}) == len(names)


def test_sizes_and_spacing_are_those_of_the_design() -> None:
    assert (tokens.SPACE_1, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_4, tokens.SPACE_5) == (
        4, 8, 12, 16, 24,
    )  # fmt: skip
    assert (tokens.SMALL, tokens.BODY, tokens.HEADING, tokens.TITLE) == (11, 13, 15, 20)
    assert tokens.RADIUS == 8


# Painted


@pytest.fixture
def switch(qapp: QApplication) -> Callable[[str], None]:
    return lambda name: theme.apply(qapp, name)


@pytest.fixture(autouse=True)
def light_again(qapp: QApplication) -> object:
    yield
    theme.apply(qapp, "light")


def colours(widget: QWidget) -> set[str]:
    image = widget.grab().toImage()
    step = 1 if image.width() < 200 else 2
    return {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), step)
        for y in range(0, image.height(), step)
    }


def test_a_live_switch_repaints_an_open_window(
    desk: Callable[..., EmployeeWindow], switch: Callable[[str], None]
) -> None:
    one = task(task_id(1), title="Belt", description="Long words")
    window = desk(one)
    card = card_of(window, one.id)
    window.banner.show()
    for name, t, other in (("dark", DARK, LIGHT), ("light", LIGHT, DARK), ("dark", DARK, LIGHT)):
        switch(name)
        QApplication.processEvents()
        painted = colours(window)
        for token in ("background", "surface", "rail", "warning_ground"):
            assert getattr(t, token) in painted, token
            assert getattr(other, token) not in painted, token
        assert t.surface in colours(card)


@BOTH
def test_the_primary_button_is_painted_with_its_pair(
    t: Tokens, switch: Callable[[str], None], qtbot: QtBot
) -> None:
    switch("dark" if t is DARK else "light")
    button = Button("Mark complete", primary=True)
    qtbot.addWidget(button)
    button.resize(button.sizeHint())
    assert t.accent in colours(button)


@BOTH
def test_the_outline_of_what_can_be_pressed_is_seen(
    t: Tokens, switch: Callable[[str], None], qtbot: QtBot
) -> None:
    switch("dark" if t is DARK else "light")
    ground = QWidget()
    qtbot.addWidget(ground)
    for pressed in (
        Button("Hold", ground), Choice("Sort", [("due", 1)], ground), SyncChip(ground),
        Counter("Overdue", "danger", ground),
    ):  # fmt: skip
        pressed.resize(120, 34)
        outline = pressed.grab().toImage().pixelColor(0, pressed.height() // 2).name()
        assert contrast(outline, t.surface) >= 3, pressed
        assert contrast(outline, t.background) >= 3, pressed


def test_an_icon_is_sharp_on_a_dense_screen(qapp: QApplication) -> None:
    from tracker.ui.theme import icons

    dense = icons.pixmap("check", "#000000", 16, 2.0)
    assert (dense.width(), dense.devicePixelRatio()) == (32, 2.0)


def test_long_text_is_cut_with_an_ellipsis_inside_its_place(qapp: QApplication) -> None:
    image = QImage(120, 24, QImage.Format.Format_ARGB32)
    image.fill(QColor("#ffffff"))
    painter = QPainter(image)
    used = paint.text(painter, QRectF(0, 0, 100, 24).toRect(), "word " * 40, "#000000", 13)
    painter.end()
    assert 0 < used <= 100
    assert all(image.pixelColor(x, y).name() == "#ffffff" for x in range(101, 120)
               for y in range(24))  # fmt: skip


def test_no_word_of_a_button_is_cut(desk: Callable[..., EmployeeWindow]) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    for button in window.findChildren(Button):
        if button.isVisible():
            assert button.width() >= button.sizeHint().width(), button.text()
