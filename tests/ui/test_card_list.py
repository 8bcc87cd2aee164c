"""Only the cards in view exist, however many tasks there are."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tracker.ui.widgets.card_list import CardList, CardWidget


class Plain(CardWidget):
    def bind(self, card_id: str, *, selected: bool) -> None:
        self.card_id = card_id
        self.is_selected = selected

    def open_height(self, width: int) -> int:
        return 200


IDS = [f"t{n:05}" for n in range(10_000)]


@pytest.fixture
def cards(qtbot: QtBot) -> CardList:
    made = CardList(lambda parent: Plain(parent), 70)
    qtbot.addWidget(made)
    made.resize(600, 700)
    made.show()
    made.set_ids(IDS)
    return made


def shown(cards: CardList) -> list[str]:
    return sorted(card.card_id or "" for card in cards.cards())


def test_ten_thousand_tasks_need_few_widgets(cards: CardList) -> None:
    bar = cards.verticalScrollBar()
    for value in (0, 50_000, bar.maximum(), 300):
        bar.setValue(value)
    assert len(cards.viewport().findChildren(QWidget)) < 40
    assert len(shown(cards)) < 15


def test_each_visible_card_shows_its_own_task(cards: CardList) -> None:
    cards.verticalScrollBar().setValue(78 * 500)
    by_place = sorted(cards.cards(), key=lambda card: card.y())
    assert [card.card_id for card in by_place] == IDS[500 : 500 + len(by_place)]


def test_new_rows_above_do_not_move_what_is_looked_at(cards: CardList) -> None:
    cards.verticalScrollBar().setValue(78 * 500)
    before = {card.card_id: card.y() for card in cards.cards()}
    cards.set_ids(["new1", "new2", *IDS])
    after = {card.card_id: card.y() for card in cards.cards()}
    assert after == before


def test_selection_survives_another_order_and_the_card_is_open(cards: CardList) -> None:
    cards.select(IDS[3])
    cards.set_ids([*IDS[5:], *IDS[:5]])
    assert cards.selected_id == IDS[3]
    card = cards.card(IDS[3])
    assert card is not None
    assert card.height() == 200


def test_keys_walk_through_the_list(cards: CardList, qtbot: QtBot) -> None:
    for key, expected in (
        (Qt.Key.Key_Down, IDS[0]),
        (Qt.Key.Key_Down, IDS[1]),
        (Qt.Key.Key_Up, IDS[0]),
        (Qt.Key.Key_End, IDS[-1]),
        (Qt.Key.Key_Home, IDS[0]),
        (Qt.Key.Key_Escape, ""),
    ):
        qtbot.keyClick(cards, key)
        assert cards.selected_id == expected
        if expected:
            assert expected in shown(cards)


def test_a_selected_task_that_goes_away_is_said(cards: CardList, qtbot: QtBot) -> None:
    cards.select(IDS[0])
    with qtbot.waitSignal(cards.selected) as said:
        cards.set_ids(IDS[1:])
    assert said.args == [""]


def test_changing_the_set_again_and_again_makes_no_more_widgets(cards: CardList) -> None:
    """As a person typing into the search field and clearing it."""
    for n in range(30):
        cards.set_ids(IDS[n : n + 1])
        cards.refresh()
        cards.set_ids(IDS)
        cards.refresh()
    assert len(cards.viewport().findChildren(CardWidget)) < 40


def test_resizing_again_and_again_makes_no_more_widgets(cards: CardList) -> None:
    for n in range(30):
        cards.resize(600, 200)
        cards.refresh()
        cards.resize(600, 700 + n)
        cards.refresh()
    assert len(cards.viewport().findChildren(CardWidget)) < 40


def test_pages_move_the_selection_by_a_screen(cards: CardList, qtbot: QtBot) -> None:
    qtbot.keyClick(cards, Qt.Key.Key_Home)
    qtbot.keyClick(cards, Qt.Key.Key_PageDown)
    row = IDS.index(cards.selected_id)
    assert 5 < row < 12
    qtbot.keyClick(cards, Qt.Key.Key_PageUp)
    assert cards.selected_id == IDS[0]


def test_keys_stop_at_both_ends(cards: CardList, qtbot: QtBot) -> None:
    qtbot.keyClick(cards, Qt.Key.Key_Home)
    qtbot.keyClick(cards, Qt.Key.Key_Up)
    assert cards.selected_id == IDS[0]
    qtbot.keyClick(cards, Qt.Key.Key_End)
    qtbot.keyClick(cards, Qt.Key.Key_Down)
    assert cards.selected_id == IDS[-1]


@pytest.mark.qt_log_ignore("Mouse event .* not accepted")
def test_a_click_selects_and_a_second_one_activates(cards: CardList, qtbot: QtBot) -> None:
    card = cards.card(IDS[2])
    assert card is not None
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert cards.selected_id == IDS[2]
    with qtbot.waitSignal(cards.activated) as said:
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert said.args == [IDS[2]]


def test_return_activates_what_is_selected(cards: CardList, qtbot: QtBot) -> None:
    cards.select(IDS[1])
    with qtbot.waitSignal(cards.activated) as said:
        qtbot.keyClick(cards, Qt.Key.Key_Return)
    assert said.args == [IDS[1]]


def test_an_empty_list_takes_keys_quietly(cards: CardList, qtbot: QtBot) -> None:
    cards.set_ids([])
    for key in (Qt.Key.Key_Down, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_PageUp):
        qtbot.keyClick(cards, key)
    assert cards.selected_id == ""
    assert cards.cards() == []


def test_a_grid_walks_by_columns(qtbot: QtBot) -> None:
    grid = CardList(lambda parent: Plain(parent), 150, min_width=248, opens=False)
    qtbot.addWidget(grid)
    grid.resize(1100, 700)
    grid.show()
    grid.set_ids(IDS)
    columns = grid._columns()
    assert columns == 4
    qtbot.keyClick(grid, Qt.Key.Key_Home)
    for key, row in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + columns),
        (Qt.Key.Key_Left, columns),
        (Qt.Key.Key_Up, 0),
    ):
        qtbot.keyClick(grid, key)
        assert grid.selected_id == IDS[row]
    assert len(grid.viewport().findChildren(QWidget)) < 40


def test_the_selected_card_keeps_its_widget_beyond_the_edge(cards: CardList) -> None:
    """Somebody may be typing in it."""
    cards.select(IDS[0])
    card = cards.card(IDS[0])
    assert card is not None
    cards.verticalScrollBar().setValue(78 * 500)
    assert card.card_id == IDS[0]
