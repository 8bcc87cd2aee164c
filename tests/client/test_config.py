"""Folders, profiles and settings."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tracker.config import (
    Profile,
    Settings,
    check_server_url,
    choose_profile,
    current_profile,
    data_dir,
    differing,
    known_profiles,
    private_folder,
    profile_folder,
    read_settings,
    save_profile,
    write_settings,
)
from tracker.domain.errors import EnvironmentFault, InputError, TrackerError
from tracker.domain.task import Role

URL = "https://tracker.example.com"


def profile(root: Path, name: str = "ana", **over: object) -> Profile:
    made = Profile(
        folder=profile_folder(root, URL, name, "desk"),
        scope="desk",
        server_url=URL,
        server_id="s1",
        user_id="u1",
        name=name,
        display_name="Ana Möreno",
        role=Role.EMPLOYEE,
        tenant="Northwind",
    )
    return replace(made, **over)  # type: ignore[arg-type]


# The data folder


def test_the_flag_goes_before_the_variable_and_that_before_the_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRACKER_DATA_DIR", str(tmp_path / "variable"))
    assert data_dir(str(tmp_path / "flag")) == tmp_path / "flag"
    assert data_dir(None) == tmp_path / "variable"
    monkeypatch.delenv("TRACKER_DATA_DIR")
    assert data_dir(None).name == "Tracker"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert data_dir("~/tracker") == tmp_path / "tracker"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps user data private by its own means")
def test_a_profile_s_folder_is_its_owner_s_alone(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_a_coded_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(EnvironmentFault) as fault:
            private_folder(path)
        assert fault.value.code == "E3006"


# Profiles


def test_a_profile_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    assert current_profile(tmp_path, "desk") is None
    ana = profile(tmp_path)
    save_profile(tmp_path, ana)
    assert current_profile(tmp_path, "desk") == ana
    assert current_profile(tmp_path, "monitor") is None
    assert list(tmp_path.rglob("*.new")) == []


def test_the_last_one_signed_in_is_the_current_one(tmp_path: Path) -> None:
    ana, jonas = profile(tmp_path), profile(tmp_path, "jonas")
    save_profile(tmp_path, ana)
    save_profile(tmp_path, jonas)
    assert current_profile(tmp_path, "desk") == jonas
    save_profile(tmp_path, ana)
    assert current_profile(tmp_path, "desk") == ana


def test_everyone_on_every_server_and_window_has_a_folder_of_their_own(tmp_path: Path) -> None:
    folders = {
        profile_folder(tmp_path, url, name, scope)  # type: ignore[arg-type]
        for url in (URL, "http://127.0.0.1:8765")
        for name in ("ana", "ana.", "änä", "../../ana", "a" * 200, "用户")
        for scope in ("desk", "monitor")
    }
    assert len(folders) == 24
    assert {folder.parent for folder in folders} == {tmp_path / "profiles"}
    assert all(folder.name.isascii() and len(folder.name) < 60 for folder in folders)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"folder": "gone"}', '{"other": 1}'])
def test_a_pointer_that_cannot_be_followed_is_a_coded_fault(tmp_path: Path, content: str) -> None:
    (tmp_path / "current-desk.json").write_text(content)
    _is_none_or_coded(tmp_path)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"role": "KING"}'])
def test_a_profile_that_cannot_be_read_is_a_coded_fault(tmp_path: Path, damage: str) -> None:
    ana = profile(tmp_path)
    save_profile(tmp_path, ana)
    (ana.folder / "profile.json").write_text(damage)
    _is_none_or_coded(tmp_path)


def test_a_profile_of_a_newer_tracker_is_read_or_a_coded_fault(tmp_path: Path) -> None:
    ana = profile(tmp_path)
    save_profile(tmp_path, ana)
    known = json.loads((ana.folder / "profile.json").read_text(encoding="utf-8"))
    (ana.folder / "profile.json").write_text(json.dumps({**known, "new": 1}), encoding="utf-8")
    _is_none_or_coded(tmp_path, ana)


def _is_none_or_coded(root: Path, or_else: Profile | None = None) -> None:
    """Signing in again mends it; a traceback mends nothing."""
    try:
        found = current_profile(root, "desk")
    except TrackerError:
        return
    assert found in (None, or_else)


# Addresses


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://tracker.example.com", URL),
        ("  https://tracker.example.com/ ", URL),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("https://example.com/tracker/", "https://example.com/tracker"),
        ("http://[::1]:8765", "http://[::1]:8765"),
    ],
)
def test_an_address_is_taken_without_its_trailing_slash(typed: str, url: str) -> None:
    assert check_server_url(typed) == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "tracker.example.com",
        "127.0.0.1:8765",
        "ftp://tracker.example.com",
        "http://",
        "https:///path",
        "http://a b.example.com",
        "http://user:secret@tracker.example.com",
        "http://tracker.example.com?x=1",
        "http://tracker.example.com/a#b",
        "javascript:alert(1)",
    ],
)
def test_an_address_without_scheme_or_host_is_refused(typed: str) -> None:
    with pytest.raises(InputError) as fault:
        check_server_url(typed)
    assert (fault.value.code, fault.value.field) == ("E2007", "server")


# Settings


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", Settings()),
        ("poll_seconds = 10", Settings(10.0)),
        ("poll_seconds = 0.1", Settings(3.0)),
        ("poll_seconds = 3600", Settings(60.0)),
        ("poll_seconds = nan", Settings(3.0)),
        ('theme = "dark"\nunknown = 1', Settings(5.0, "dark")),
    ],
)
def test_settings_are_read_and_kept_in_bounds(
    tmp_path: Path, text: str, settings: Settings
) -> None:
    assert read_settings(tmp_path) == Settings()
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    assert read_settings(tmp_path) == settings


@pytest.mark.parametrize(
    "content",
    [
        b"poll_seconds = ",
        b'poll_seconds = "soon"',
        b"poll_seconds = [5]",
        b"poll_seconds = 2026-03-02",
        b'theme = "pink"',
        b'theme = "\xff"',
        b"\x00",
    ],
)
def test_settings_that_cannot_be_read_are_a_coded_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises(InputError):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("idle_minutes = nan", Settings(idle_minutes=1)),
        ("idle_minutes = inf", Settings(idle_minutes=60)),
        ("idle_minutes = -3", Settings(idle_minutes=1)),
        ("idle_minutes = 2.9", Settings(idle_minutes=2)),
        (f"poll_seconds = 1{'0' * 400}", Settings(60.0)),
        ("poll_seconds = -inf", Settings(3.0)),
        ("report_activity = false", Settings(report_activity=False)),
    ],
)
def test_numbers_that_no_window_offers_are_bounded_too(
    tmp_path: Path, text: str, settings: Settings
) -> None:
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    assert read_settings(tmp_path) == settings


@pytest.mark.parametrize(
    "text", ["report_activity = 0", "idle_minutes = true", 'close_to_tray = "no"', "theme = false"]
)
def test_a_setting_of_another_kind_is_a_coded_fault(tmp_path: Path, text: str) -> None:
    """Above all what is reported: 0 must not be taken for a yes."""
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as fault:
        read_settings(tmp_path)
    assert fault.value.code == "E2065"


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(30.0, "contrast", True, False, 15, False, False, False, False),
        Settings(theme="dark", idle_minutes=1),
    ],
)
def test_what_is_written_is_read_again(tmp_path: Path, settings: Settings) -> None:
    before = Settings(theme="light")
    write_settings(tmp_path / "new", differing(Settings(), before))
    write_settings(tmp_path / "new", differing(before, settings))
    assert read_settings(tmp_path / "new") == settings


def test_writing_one_setting_leaves_the_others_alone(tmp_path: Path) -> None:
    """They may be another window's, a later Tracker's, or somebody's words."""
    path = tmp_path / "settings.toml"
    others = '# by hand\nreport_activity = false\nnew_setting = "x"\n\n[later]\ntheme = "its own"\n'
    path.write_text(f'theme = "dark"\n{others}', encoding="utf-8")
    write_settings(tmp_path, {"theme": "light"})
    assert path.read_text(encoding="utf-8") == f'theme = "light"\n{others}'
    assert read_settings(tmp_path) == Settings(theme="light", report_activity=False)


def test_what_a_person_set_goes_before_what_holds_for_the_machine(tmp_path: Path) -> None:
    ana, bo = tmp_path / "ana", tmp_path / "bo"
    write_settings(tmp_path, {"theme": "dark", "report_activity": False})
    write_settings(ana, {"report_activity": True})
    assert read_settings(tmp_path, ana) == Settings(theme="dark", report_activity=True)
    assert read_settings(tmp_path, bo) == Settings(theme="dark", report_activity=False)


def test_settings_that_cannot_be_written_are_a_coded_fault(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(EnvironmentFault) as fault:
        write_settings(tmp_path, {"poll_seconds": 10.0})
    assert fault.value.code == "E3006"


# Several profiles


def test_everybody_who_signed_in_here_is_known_by_name_also_after_signing_out(
    tmp_path: Path,
) -> None:
    rita = profile(tmp_path, "rita", display_name="Rita")
    for one in (rita, profile(tmp_path), profile(tmp_path, "bo", display_name="Bo")):
        save_profile(tmp_path, one)
    (tmp_path / "current-desk.json").unlink()
    assert [one.name for one in known_profiles(tmp_path, "desk")] == ["ana", "bo", "rita"]
    assert known_profiles(tmp_path, "monitor") == []
    assert known_profiles(tmp_path / "none", "desk") == []


def test_the_chosen_profile_opens_next(tmp_path: Path) -> None:
    ana, rita = profile(tmp_path), profile(tmp_path, "rita")
    save_profile(tmp_path, ana)
    save_profile(tmp_path, rita)
    assert current_profile(tmp_path, "desk") == rita
    choose_profile(tmp_path, ana)
    assert current_profile(tmp_path, "desk") == ana


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"scope": "desk"}', "\x00"])
def test_a_profile_that_cannot_be_read_is_left_out(tmp_path: Path, content: str) -> None:
    save_profile(tmp_path, profile(tmp_path))
    broken = profile(tmp_path, "rita").folder
    broken.mkdir(parents=True)
    (broken / "profile.json").write_text(content, encoding="utf-8")
    assert [one.name for one in known_profiles(tmp_path, "desk")] == ["ana"]
