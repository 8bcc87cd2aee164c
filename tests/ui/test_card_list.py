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
