"""Forms that are kept: as a draft, and under a name for another day."""

from __future__ import annotations

import errno
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.errors import EnvironmentFault, InputError
from tracker.domain.task import Part, Person, Priority, Project, Role
from tracker.services.templates import (
    Chosen,
    Form,
    Templates,
    as_json,
    fitted,
    form_of,
    to_keep,
)

TODAY = date(2026, 3, 2)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
FORMS = st.builds(
    Form,
    title=WORDS, description=WORDS, priority=st.sampled_from(Priority),
    project_id=st.none() | WORDS, due=WORDS, estimate=WORDS, parent_id=st.none() | WORDS,
    needs=st.lists(WORDS, max_size=3).map(tuple), task_type=WORDS, scheduled=WORDS, revenue=WORDS,
    people=st.lists(
        st.builds(Chosen, WORDS, st.sampled_from(Part), WORDS, st.booleans()), max_size=3
    ).map(tuple),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
)


@given(FORMS)
def test_a_form_comes_back_as_it_was(form: Form) -> None:
    assert form_of(json.loads(json.dumps(as_json(form)))) == form


@given(st.dictionaries(st.sampled_from([*Form.__slots__, "other"]), JSON) | JSON)
def test_whatever_is_in_a_file_makes_a_form(found: object) -> None:
    assert isinstance(form_of(found), Form)


@pytest.mark.parametrize(
    ("typed", "kept", "again"),
    [
        ("2026-03-05 16:00", "in 3 days 16:00", "2026-04-04 16:00"),
        ("2026-03-05", "in 3 days", "2026-04-04"),
        ("2026-03-02 09:30", "today 09:30", "2026-04-01 09:30"),
        ("2026-03-03", "tomorrow", "2026-04-02"),
        ("fri 16:00", "fri 16:00", "2026-04-03 16:00"),
        ("in 10 days 08:00", "in 10 days 08:00", "2026-04-11 08:00"),
        ("2026-03-01", "", ""),
        ("someday", "", ""),
        ("", "", ""),
    ],
)
def test_a_due_is_so_many_days_ahead(typed: str, kept: str, again: str) -> None:
    stored = to_keep(Form(due=typed, scheduled=typed), TODAY)
    assert (stored.due, stored.scheduled) == (kept, kept)
    if again:
        used, gone = fitted(stored, {}, {}, (), date(2026, 4, 1))
        assert (used.due, used.scheduled, gone) == (again, again, ())


def person(user_id: str, active: bool = True) -> Person:
    return Person(user_id, 1, user_id, user_id.capitalize(), Role.EMPLOYEE, active)


def test_what_is_gone_is_left_out_and_said() -> None:
    form = Form(
        title="Weekly", people=(Chosen("ana"), Chosen("left"), Chosen("never")),
        project_id="old", parent_id="p", needs=("a", "b", "c"),
    )  # fmt: skip
    people = {"ana": person("ana"), "left": person("left", active=False)}
    projects = {"old": Project("old", 1, "Hall B", True)}
    used, gone = fitted(form, people, projects, {"b"})
    assert used == Form(title="Weekly", people=(Chosen("ana"),), needs=("b",))
    assert gone == (
        "Left cannot sign in any more.",
        "Hall B is not there any more.",
        "The task above it is not there any more.",
        "Not there any more: 2 tasks it waited for.",
    )


def test_templates_are_saved_renamed_and_deleted(tmp_path: Path) -> None:
    templates, form = Templates(tmp_path), Form(title="Weekly")
    assert templates.all() == {}
    assert templates.save("  weekly   round ", form) == "weekly round"
    templates.save("Alarm", Form(title="Test"))
    assert list(Templates(tmp_path).all()) == ["Alarm", "weekly round"]
    templates.rename("weekly round", "Weekly round")
    assert Templates(tmp_path).all()["Weekly round"] == form
    assert templates.delete("Weekly round") == form
    assert templates.delete("Weekly round") is None
    assert list(templates.all()) == ["Alarm"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "nul \x00", "lone \ud800"])
def test_a_name_is_needed(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as refused:
        Templates(tmp_path).save(name, Form())
    assert refused.value.code == "E2077"


def test_no_template_is_replaced_unseen(tmp_path: Path) -> None:
    templates = Templates(tmp_path)
    templates.save("Weekly", Form(title="One"))
    templates.save("Other", Form())
    for do in (
        lambda: templates.save("WEEKLY", Form(title="Two")),
        lambda: templates.rename("Other", "weekly"),
    ):
        with pytest.raises(InputError) as refused:
            do()
        assert refused.value.code == "E2076"
    assert templates.all()["Weekly"].title == "One"
    templates.save("WEEKLY", Form(title="Two"), over=True)
    assert {name: form.title for name, form in templates.all().items()} == {
        "Other": "", "WEEKLY": "Two",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[]", b'{"format": 1}', b'{"format": 1, "templates": [{"name": 3}]}',
     b'{"format": 0, "templates": []}', b"[" * 100_000],
)  # fmt: skip
def test_a_damaged_file_is_set_aside_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "templates.json"
    for number in (1, 2):
        path.write_bytes(content)
        templates = Templates(tmp_path)
        assert templates.all() == {}
        assert templates.damaged == tmp_path / f"templates.damaged-{number}.json"
        assert templates.damaged.read_bytes() == content
    templates.save("New", Form())
    assert list(templates.all()) == ["New"]


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "templates.json"
    path.write_text('{"format": 2, "templates": []}')
    for do in (Templates(tmp_path).all, lambda: Templates(tmp_path).save("x", Form())):
        with pytest.raises(EnvironmentFault) as fault:
            do()
        assert fault.value.code == "E3004"
    assert path.read_text() == '{"format": 2, "templates": []}'


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = Templates(tmp_path)
    templates.save("Kept", Form(title="One"))

    def full(*_args: object, **_named: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_text", full)
        with pytest.raises(EnvironmentFault) as fault:
            templates.save("Other", Form())
    assert fault.value.code == "E3001"
    assert list(templates.all()) == ["Kept"]


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    templates = Templates(tmp_path)
    templates.save("Kept", Form(title="cut \ud83d off"))
    assert templates.all()["Kept"].title == "cut ? off"
