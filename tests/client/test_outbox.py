"""The outbox: what was done here is on disk before it is called saved, until it is receipted."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.client import action, comment, ids, new_id, receipt, run_python
from tests.support.server import START
from tracker.cache import salvage
from tracker.cache.entries import dump, load
from tracker.cache.outbox import Outbox
from tracker.domain.change import Action, Kind
from tracker.domain.errors import EnvironmentFault, Refusal
from tracker.domain.page import Changes
from tracker.domain.receipt import Outcome
from tracker.domain.stretch import Stretch
from tracker.domain.task import Occupancy
from tracker.domain.timer import Timer

T = "00000000-0000-7000-8000-00000000000a"
U = "00000000-0000-7000-8000-00000000000b"


def at(when: int) -> Callable[[int], int]:
    """When a retried action may go again."""
    return lambda _retries: when


def seqs(outbox: Outbox) -> list[int]:
    return [item.device_seq for item in outbox.waiting()]


def take(outbox: Outbox, now: int = START, most: int = 500, size: int = 1_000_000) -> list[str]:
    return ids(outbox.take_batch(now, most, size))


# Durability


def test_every_commit_waits_for_the_disk(outbox: Outbox) -> None:
    (synchronous,) = outbox._conn.execute("PRAGMA synchronous").fetchone()
    (journal,) = outbox._conn.execute("PRAGMA journal_mode").fetchone()
    assert (synchronous, journal) == (2, "wal")  # 2 is FULL


def test_an_action_survives_storing_with_every_field(outbox: Outbox) -> None:
    whole = Action(
        op_id=new_id(),
        kind=Kind.SET_PROGRESS,
        task_id=T,
        args={"percent": 45, "note": 'Dichtung → neu 🚰 "x" \\ \n'},
        made_at=START,
        base_version=7,
        base_epoch="e1",
        clock_offset=-250,
        depends_on=(new_id(), new_id()),
        seen={"title": "Pump", "status": "PENDING", "progress": 0},
    )
    outbox.add([whole])
    (stored,) = outbox.waiting()
    assert stored.action == whole
    assert load(dump(whole)) == whole


def test_an_action_is_there_after_the_process_was_killed(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from tests.support.client import action
from tracker.cache.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
while True:
    made = action(task_id=sys.argv[2])
    outbox.add([made])
    print(made.op_id, flush=True)
"""
    process = run_python(code, tmp_path, T)
    assert process.stdout is not None
    saved = [process.stdout.readline().strip() for _ in range(20)]
    process.kill()
    # `communicate` would pass over what `readline` has taken from the pipe already.
    saved += process.stdout.read().split()
    _, errors = process.communicate(timeout=10)
    assert errors == ""
    outbox = Outbox(tmp_path)
    found = ids(outbox.waiting())
    outbox.close()
    # One more may have been committed without the word about it getting out.
    assert found[: len(saved)] == saved
    assert len(found) <= len(saved) + 1


def test_on_a_full_disk_nothing_is_saved_and_nothing_is_lost(outbox: Outbox) -> None:
    assert outbox.add([action(task_id=T)]).tasks == {T}
    (pages,) = outbox._conn.execute("PRAGMA page_count").fetchone()
    outbox._conn.execute(f"PRAGMA max_page_count={pages}")
    outbox.save_draft(T, "note", "half typed", START)
    kept = ids(outbox.waiting())
    batch = [comment(T, "x" * 9_000) for _ in range(5)]
    with pytest.raises(EnvironmentFault) as full:
        outbox.add(batch, sends_draft=(T, "note"))
    assert full.value.code == "E3001"
    assert ids(outbox.waiting()) == kept
    assert outbox.draft(T, "note") == "half typed"
    outbox._conn.execute("PRAGMA max_page_count=100000")
    outbox.add(batch)
    assert ids(outbox.waiting()) == [*kept, *(made.op_id for made in batch)]
    assert seqs(outbox) == [1, 2, 3, 4, 5, 6]


def test_a_file_that_is_no_database_is_set_aside_whole(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"not a database at all" * 100)
    outbox = Outbox(tmp_path)
    assert (outbox.rescued, outbox.waiting()) == (0, [])
    outbox.add([action(task_id=T)])
    outbox.close()
    kept = tmp_path / "damaged-outbox-1" / "outbox.db"
    assert kept.read_bytes() == b"not a database at all" * 100
    again = Outbox(tmp_path)
    assert (again.rescued, len(again.waiting())) == (None, 1)
    again.close()


def _fill(folder: Path, count: int) -> tuple[str, list[str]]:
    """An outbox of many pages; returns its device and the ids of its actions."""
    outbox = Outbox(folder)
    made = [comment(T, f"number {n} " + "x" * 500) for n in range(count)]
    outbox.add(made)
    sent = outbox.take_batch(START, 10, 1_000_000)
    outbox.record([receipt(item.action) for item in sent], START, lambda _: START)
    outbox.save_draft(T, "note", "half typed", START)
    device = sent[0].device_id
    outbox._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    outbox.close()
    return device, [one.op_id for one in made]


def _scratch(path: Path, *pages: int) -> None:
    data = bytearray(path.read_bytes())
    for page in pages:
        data[page * 4096 : page * 4096 + 4096] = b"\xa5" * 4096
    path.write_bytes(data)


def test_what_can_be_read_of_a_damaged_file_is_saved(tmp_path: Path) -> None:
    device, made = _fill(tmp_path, 400)
    path = tmp_path / "outbox.db"
    _scratch(path, 36, 37, 38)
    damaged = path.read_bytes()
    first = Outbox(tmp_path)
    with pytest.raises(EnvironmentFault) as found:
        first.waiting()
    assert found.value.code == "E3002"
    first.close()
    outbox = Outbox(tmp_path)
    assert outbox.rescued is not None
    assert 300 < outbox.rescued < 400
    waiting = outbox.waiting()
    saved = [item.action.op_id for item in waiting]
    assert saved == [op_id for op_id in made if op_id in set(saved)], "in their order"
    assert {item.device_id for item in waiting} != {device}
    assert len({item.device_seq for item in waiting}) == len(waiting)
    assert outbox.draft(T, "note") == "half typed"
    assert len(outbox.delivered()) > 0
    assert (tmp_path / "damaged-outbox-1" / "outbox.db").read_bytes() == damaged
    outbox.close()


def test_a_rescue_that_was_interrupted_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = _fill(tmp_path, 20)
    (tmp_path / "outbox.damaged").touch()

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("tracker.cache.precious._put_back", killed)
        with pytest.raises(KeyboardInterrupt):
            Outbox(tmp_path)
    after = Outbox(tmp_path)
    assert after.rescued == len(made)
    assert len(after.waiting()) == len(made) - 10
    after.close()


def test_a_clock_that_ran_ahead_holds_nothing_up(outbox: Outbox) -> None:
    (made,) = (action(task_id=T),)
    outbox.add([made])
    year = 365 * 86_400_000
    outbox.take_batch(START + year, 10, 10_000)
    outbox.record([receipt(made, Outcome.RETRY)], START + year, lambda _: START + year + 5_000)
    assert ids(outbox.take_batch(START, 10, 10_000)) == [made.op_id]


def test_a_file_that_another_window_has_open_is_not_set_aside(tmp_path: Path) -> None:
    _fill(tmp_path, 5)
    window = Outbox(tmp_path)
    (tmp_path / "outbox.damaged").touch()
    salvage._WAIT_SECONDS, kept = 0.1, salvage._WAIT_SECONDS
    try:
        with pytest.raises(EnvironmentFault) as busy:
            Outbox(tmp_path)
    finally:
        salvage._WAIT_SECONDS = kept
    assert busy.value.code == "E3005"
    assert len(window.waiting()) == 0 or (tmp_path / "outbox.db").exists()
    window.close()
    after = Outbox(tmp_path)
    assert after.rescued == 5
    after.close()


def test_a_file_of_a_newer_tracker_is_refused_and_left_alone(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.add([action(task_id=T)])
    outbox._conn.execute("PRAGMA user_version=99")
    outbox.close()
    with pytest.raises(EnvironmentFault) as newer:
        Outbox(tmp_path)
    assert newer.value.code == "E3004"
    conn = sqlite3.connect(tmp_path / "outbox.db")
    assert conn.execute("SELECT count(*) FROM actions").fetchone() == (1,)
    conn.close()


def test_a_folder_that_is_not_there_is_a_coded_fault(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault) as missing:
        Outbox(tmp_path / "nowhere")
    assert missing.value.code == "E3006"


# Numbering


def test_device_seq_counts_up_over_restarts_and_withdrawals(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    first, second = action(task_id=T), action(task_id=T)
    outbox.add([first, second])
    device = outbox.waiting()[0].device_id
    outbox.withdraw(second.op_id, START)
    outbox.close()
    outbox = Outbox(tmp_path)
    outbox.add([action(task_id=T), action(task_id=U)])
    assert seqs(outbox) == [1, 3, 4]
    assert {item.device_id for item in outbox.waiting()} == {device}
    outbox.close()


def test_the_same_op_id_is_never_stored_twice(outbox: Outbox) -> None:
    made = action(task_id=T)
    outbox.add([made])
    with pytest.raises(sqlite3.IntegrityError):
        outbox.add([action(task_id=U), made])
    assert ids(outbox.waiting()) == [made.op_id]
    outbox.add([action(task_id=T)])
    assert seqs(outbox) == [1, 2]


def test_two_processes_that_append_at_once_get_every_number_once(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from tests.support.client import comment
from tracker.cache.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
for n in range(40):
    made = comment(sys.argv[2], f"{sys.argv[3]} {n}", op_id=f"{sys.argv[3]}-{n:03}")
    outbox.add([made])
outbox.close()
"""
    writers = [run_python(code, tmp_path, T, name) for name in ("one", "two", "three")]
    for process in writers:
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")
    outbox = Outbox(tmp_path)
    waiting = outbox.waiting()
    outbox.close()
    assert [item.device_seq for item in waiting] == list(range(1, 121))
    assert len({item.device_id for item in waiting}) == 1
    for name in ("one", "two", "three"):
        own = [op_id for op_id in ids(waiting) if op_id.startswith(name)]
        assert own == [f"{name}-{n:03}" for n in range(40)]


def test_another_process_s_commit_is_noticed(outbox: Outbox, tmp_path: Path) -> None:
    before = outbox.last_seq()
    outbox.add([action(task_id=T)])
    assert outbox.last_seq() == before
    other = Outbox(tmp_path)
    other.add([action(task_id=T)])
    other.close()
    assert outbox.last_seq() != before


# Sending


def test_taking_a_batch_marks_it_and_its_bytes_never_change_again(outbox: Outbox) -> None:
    outbox.add([action(task_id=T), comment(U, "Grüße 🚰")])
    first = outbox.take_batch(START, 500, 1_000_000)
    assert [item.first_attempt_at for item in outbox.waiting()] == [START, START]
    again = outbox.take_batch(START + 5_000, 500, 1_000_000)
    assert [item.message() for item in again] == [item.message() for item in first]
    assert [item.first_attempt_at for item in outbox.waiting()] == [START, START]


def test_a_batch_keeps_the_order_and_the_limits(outbox: Outbox) -> None:
    made = [comment(T if n % 2 else U, "x" * 1_000) for n in range(20)]
    outbox.add(made)
    wanted = [one.op_id for one in made]
    assert take(outbox, most=7) == wanted[:7]
    some = take(outbox, size=5_000)
    assert wanted[: len(some)] == some
    assert len(some) in (3, 4)
    sent = outbox.take_batch(START, 500, 5_000)
    assert sum(len(item.message().encode()) for item in sent) <= 5_000
    assert take(outbox) == wanted


def test_an_action_over_the_size_of_a_batch_goes_alone(outbox: Outbox) -> None:
    big, small = comment(T, "x" * 5_000), comment(T, "y")
    outbox.add([big, small])
    assert take(outbox, size=1_000) == [big.op_id]


def test_only_what_was_taken_is_marked(outbox: Outbox) -> None:
    outbox.add([action(task_id=T), action(task_id=U)])
    take(outbox, most=1)
    assert [item.unsent for item in outbox.waiting()] == [False, True]


def test_an_action_waits_for_what_it_depends_on(outbox: Outbox) -> None:
    create = action(Kind.CREATE_TASK, T, {"title": "New"})
    then = action(task_id=T, depends_on=(create.op_id,))
    later = comment(T, "after that")
    other = comment(U, "nothing to do with it")
    outbox.add([create, then, later, other])
    assert take(outbox) == [create.op_id, other.op_id]
    outbox.record([receipt(create)], START, at(START))
    assert take(outbox) == [then.op_id, later.op_id, other.op_id]


def test_a_retried_action_steps_aside_and_holds_only_its_own_task(outbox: Outbox) -> None:
    first, second, other = action(task_id=T), comment(T, "later"), action(task_id=U)
    outbox.add([first, second, other])
    take(outbox)
    changes = outbox.record([receipt(first, Outcome.RETRY)], START, at(START + 5_000))
    assert changes.tasks == {T}
    assert take(outbox, START + 4_999) == [other.op_id]
    assert take(outbox, START + 5_000) == [first.op_id, second.op_id, other.op_id]
    assert outbox.receipt_of(first.op_id) is None


def test_the_backoff_of_a_retried_action_is_asked_with_its_count(outbox: Outbox) -> None:
    made, asked = action(task_id=T), []

    def retry_at(retries: int) -> int:
        asked.append(retries)
        return START

    outbox.add([made])
    for _ in range(3):
        outbox.record([receipt(made, Outcome.RETRY)], START, retry_at)
    assert asked == [0, 1, 2]
    assert outbox.waiting()[0].retries == 3


def test_a_retried_action_holds_what_depends_on_it_on_another_task(outbox: Outbox) -> None:
    parent = action(task_id=T)
    child = action(task_id=U, depends_on=(parent.op_id,))
    outbox.add([parent, child])
    outbox.record([receipt(parent, Outcome.RETRY)], START, at(START + 5_000))
    assert take(outbox) == []


# Receipts


def test_a_receipt_takes_the_action_out_and_is_kept(outbox: Outbox) -> None:
    made, other = action(task_id=T), action(task_id=U)
    outbox.add([made, other])
    given = receipt(made, task_version=3, seq=12, merged=("progress",), info="ü")
    assert outbox.record([given], START + 1, at(0)).tasks == {T}
    assert ids(outbox.waiting()) == [other.op_id]
    assert outbox.receipt_of(made.op_id) == given
    assert outbox.delivered() == [(made, given)]


@pytest.mark.parametrize("second", list(Outcome))
def test_a_receipt_is_final_and_a_second_one_is_passed_over(
    outbox: Outbox, second: Outcome
) -> None:
    made = action(task_id=T)
    outbox.add([made])
    first = receipt(made, Outcome.REJECTED, code="E5003")
    outbox.record([first], START, at(0))
    outbox.record([receipt(made, second, code="E5005")], START + 1, at(0))
    assert outbox.receipt_of(made.op_id) == first
    assert [entry.receipt for entry in outbox.tray()] == [first]
    assert outbox.waiting() == []


def test_a_receipt_for_an_unknown_action_is_passed_over(outbox: Outbox) -> None:
    assert not outbox.record([receipt(action())], START, at(0))
    assert (outbox.tally().waiting, outbox.tally().tray) == (0, 0)


def test_every_action_is_waiting_delivered_or_in_the_tray(outbox: Outbox) -> None:
    made = [action(task_id=T) for _ in range(5)]
    outbox.add(made)
    outcomes = [Outcome.APPLIED, Outcome.MERGED, Outcome.REJECTED, Outcome.BLOCKED, Outcome.RETRY]
    outbox.record(
        [receipt(a, o, code="E5003") for a, o in zip(made, outcomes, strict=True)], START, at(0)
    )
    assert ids(outbox.waiting()) == [made[4].op_id]
    assert {a.op_id for a, _ in outbox.delivered()} == {made[0].op_id, made[1].op_id}
    assert [entry.action.op_id for entry in outbox.tray()] == [made[2].op_id, made[3].op_id]
    assert (outbox.tally().waiting, outbox.tally().tray) == (1, 2)


def test_a_settled_tray_entry_leaves_the_tray_and_stays_in_the_file(outbox: Outbox) -> None:
    made = action(task_id=T, seen={"title": "Pump"})
    outbox.add([made])
    given = receipt(made, Outcome.REJECTED, code="E5005", current={"status": "CANCELLED"})
    outbox.record([given], START + 7, at(0))
    (entry,) = outbox.tray()
    assert (entry.action, entry.receipt, entry.received_at) == (made, given, START + 7)
    assert outbox.resolve(made.op_id, "discarded", START + 9).tasks == {T}
    assert outbox.tray() == []
    assert outbox.tally().tray == 0
    assert outbox.receipt_of(made.op_id) == given
    outbox.resolve(made.op_id, "retried", START + 99)
    row = outbox._conn.execute("SELECT resolved_at, resolution FROM receipts").fetchone()
    assert row == (START + 9, "discarded")


# Taking back


def test_withdrawing_takes_unsent_dependents_along(outbox: Outbox) -> None:
    create = action(Kind.CREATE_TASK, T, {"title": "New"})
    child = action(task_id=T, depends_on=(create.op_id,))
    grandchild = action(Kind.RESUME, U, depends_on=(child.op_id,))
    other = action(task_id=T)
    outbox.add([create, child, grandchild, other])
    assert outbox.withdraw(create.op_id, START) == Changes(frozenset({T, U}))
    assert ids(outbox.waiting()) == [other.op_id]


def test_what_was_sent_cannot_be_withdrawn(outbox: Outbox) -> None:
    made = action(task_id=T)
    outbox.add([made])
    take(outbox)
    for op_id in (made.op_id, new_id()):
        refused = outbox.withdraw(op_id, START)
        assert isinstance(refused, Refusal)
        assert refused.code == "E5016"
    assert ids(outbox.waiting()) == [made.op_id]


def test_what_was_written_is_a_draft_again_after_withdrawing(outbox: Outbox) -> None:
    note = action(task_id=T, args={"percent": 40, "note": "valve sticks"})
    told = action(Kind.COMMENT, T, {"comment_id": new_id(), "text": "ask Sara"})
    outbox.add([note, told])
    outbox.save_draft(T, "note", "half-typed", START)
    outbox.withdraw(note.op_id, START)
    outbox.withdraw(told.op_id, START)
    assert outbox.draft(T, "note") == "ask Sara\nvalve sticks\nhalf-typed"


# Editing


def test_an_unsent_action_is_edited_in_its_place(outbox: Outbox) -> None:
    first, between = action(task_id=T, args={"percent": 40, "note": "valve"}), comment(T, "x")
    after = action(Kind.RESUME, T, depends_on=(first.op_id,))
    outbox.add([first, between, after])
    before = outbox.waiting()
    assert outbox.edit(first.op_id, {"percent": 60}) == Changes(frozenset({T}))
    edited = replace(first, args={"percent": 60, "note": "valve"})
    assert [item.action for item in outbox.waiting()] == [edited, between, after]
    assert [item.device_seq for item in outbox.waiting()] == [i.device_seq for i in before]
    sent = outbox.take_batch(START, 1, 10_000)[0].message()
    assert json.loads(sent)["args"]["percent"] == 60


def test_what_was_sent_cannot_be_edited(outbox: Outbox) -> None:
    made = action(task_id=T)
    outbox.add([made])
    (sent,) = outbox.take_batch(START, 500, 1_000_000)
    for op_id in (made.op_id, new_id()):
        assert outbox.edit(op_id, {"percent": 60}) == Refusal("E5016")
    (waiting,) = outbox.waiting()
    assert waiting.body == sent.body


# A copied profile


def test_a_new_device_keeps_ids_bytes_and_order(outbox: Outbox) -> None:
    made = [action(task_id=T), comment(U, "x"), action(task_id=T)]
    outbox.add(made)
    delivered, *rest = made
    before = outbox.take_batch(START, 2, 1_000_000)
    outbox.record([receipt(delivered)], START, at(0))
    outbox.record([receipt(made[1], Outcome.RETRY)], START, at(START + 60_000))
    outbox.take_new_device()
    after = outbox.waiting()
    assert ids(after) == [one.op_id for one in rest]
    assert {item.device_id for item in after}.isdisjoint({item.device_id for item in before})
    assert after[0].body == before[1].body
    assert take(outbox) == [one.op_id for one in rest]
    added = action(task_id=T)
    outbox.add([added])
    found = outbox.waiting()
    assert ids(found)[-1] == added.op_id
    assert len({(item.device_id, item.device_seq) for item in found}) == 3
    assert len({item.device_id for item in found}) == 1


def test_device_seq_never_falls_also_on_a_new_device(outbox: Outbox) -> None:
    """An acknowledged action that is not pulled yet is replayed before what waits behind it, and
    the order of the replay is that of device_seq."""
    made = [action(task_id=T, args={"percent": n}) for n in (10, 20, 30)]
    outbox.add(made)
    outbox.record([receipt(one, seq=5, task_version=9) for one in made[:2]], START, at(0))
    outbox.take_new_device()
    assert [a.op_id for a, _ in outbox.overlay("e1", 1)] == [one.op_id for one in made]


# Drafts


def test_a_draft_outlives_the_process_and_goes_with_what_sends_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.save_draft(T, "note", "half", START)
    outbox.save_draft(T, "note", "half typed", START)
    outbox.save_draft(U, "note", "another", START)
    outbox.close()
    outbox = Outbox(tmp_path)
    assert outbox.draft(T, "note") == "half typed"
    outbox.add([comment(T, "half typed")], sends_draft=(T, "note"))
    assert (outbox.draft(T, "note"), outbox.draft(U, "note")) == ("", "another")
    outbox.save_draft(U, "note", "", START)
    assert outbox.draft(U, "note") == ""
    outbox.close()


def test_a_draft_stays_when_the_action_that_sends_it_fails(outbox: Outbox) -> None:
    made = action(task_id=T)
    outbox.add([made])
    outbox.save_draft(T, "note", "half typed", START)
    with pytest.raises(sqlite3.IntegrityError):
        outbox.add([replace(made)], sends_draft=(T, "note"))
    assert outbox.draft(T, "note") == "half typed"


def test_words_that_come_back_while_a_note_is_typed_stay_in_front_of_it(outbox: Outbox) -> None:
    made = comment(T, "given up")
    outbox.add([made])
    outbox.save_draft(T, "note", "half", START)
    outbox.withdraw(made.op_id, START)
    assert outbox.save_draft(T, "note", "half typed", START, known="half") == "given up\nhalf typed"
    assert outbox.save_draft(T, "note", "", START, known="given up\nhalf typed") == ""
    assert outbox.draft(T, "note") == ""


# Speed


def test_a_long_queue_is_taken_in_batches_without_getting_slow(outbox: Outbox) -> None:
    made = [comment(T, f"note {n}") for n in range(3_000)]
    outbox.add(made)
    started = time.process_time()
    sent: list[str] = []
    while batch := outbox.take_batch(START, 500, 900_000):
        sent += ids(batch)
        outbox.record([receipt(item.action) for item in batch], START, at(0))
    assert sent == [one.op_id for one in made]
    assert time.process_time() - started < 3


# What goes on at this moment

TIMER = Timer(T, START, 90_000, START + 90_000)
STRETCH = Stretch(Occupancy.OFFLINE, START, START + 60_000, "Lunch → 🍲")


def interval() -> Action:
    args = {"state": "ACTIVE", "started_at": START, "ended_at": START + 60_000}
    return action(Kind.OCCUPANCY, args=args)


def test_timer_and_stretch_outlive_the_process_and_there_is_one_of_each(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    assert (outbox.timer(), outbox.stretch()) == (None, None)
    outbox.keep_timer(replace(TIMER, task_id=U))
    outbox.keep_timer(TIMER)
    outbox.report([], STRETCH)
    outbox.close()
    outbox = Outbox(tmp_path)
    assert (outbox.timer(), outbox.stretch()) == (TIMER, STRETCH)
    outbox.keep_timer(None)
    outbox.report([], None)
    assert (outbox.timer(), outbox.stretch()) == (None, None)
    outbox.close()


def test_minutes_are_logged_and_the_timer_ends_or_neither(outbox: Outbox) -> None:
    outbox.keep_timer(TIMER)
    made = action(Kind.LOG_TIME, T, {"entry_id": new_id(), "minutes": 2})
    outbox.add([made])
    assert outbox.timer() == TIMER
    again = action(Kind.LOG_TIME, T, {"entry_id": new_id(), "minutes": 2})
    with pytest.raises(sqlite3.IntegrityError):
        outbox.add([again, made], stops_timer=True)  # the second one is there already
    assert outbox.timer() == TIMER
    assert ids(outbox.waiting()) == [made.op_id]
    outbox.add([again], stops_timer=True)
    assert outbox.timer() is None


def test_an_interval_is_queued_and_the_next_begins_or_neither(outbox: Outbox) -> None:
    outbox.report([], STRETCH)
    made = interval()
    outbox.add([made])
    with pytest.raises(sqlite3.IntegrityError):
        outbox.report([interval(), made], None)
    assert outbox.stretch() == STRETCH
    assert ids(outbox.waiting()) == [made.op_id]


def test_reports_are_counted_apart_and_found_by_when_they_were_made(outbox: Outbox) -> None:
    old, new = replace(interval(), made_at=START - 10), interval()
    outbox.report([old, new], None)
    outbox.add([action(task_id=T)])
    tally = outbox.tally()
    assert (tally.waiting, tally.reports) == (3, 2)
    assert [made.op_id for made, _ in outbox.reports(START - 10)] == [new.op_id]
    assert [made.op_id for made, _ in outbox.reports(0)] == [old.op_id, new.op_id]
    take(outbox)
    outbox.record([receipt(old), receipt(new)], START, at(START))
    assert [given is not None for _, given in outbox.reports(0)] == [True, True]
    assert outbox.tally().reports == 0


def test_timer_and_stretch_are_saved_from_a_damaged_file(tmp_path: Path) -> None:
    _fill(tmp_path, 400)
    outbox = Outbox(tmp_path)
    outbox.keep_timer(TIMER)
    outbox.report([], STRETCH)
    outbox.close()
    _scratch(tmp_path / "outbox.db", 36, 37, 38)
    first = Outbox(tmp_path)
    with pytest.raises(EnvironmentFault):
        first.waiting()
    first.close()
    outbox = Outbox(tmp_path)
    assert outbox.rescued is not None
    assert (outbox.timer(), outbox.stretch()) == (TIMER, STRETCH)
    outbox.close()
