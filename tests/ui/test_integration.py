"""Starting with the system and opening links: what is written into a person's own account."""

from __future__ import annotations

import configparser
import plistlib
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tracker.domain.errors import EnvironmentFault
from tracker.ui.system import integration
from tracker.ui.system.integration import DesktopFile, Entry, LinkClass, RunKey, at_start, of_links


@pytest.fixture(autouse=True)
def nothing_but_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """No desktop of the machine that tests is told anything."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(integration.shutil, "which", lambda _name: None)


def entry(path: Path) -> configparser.SectionProxy:
    """A .desktop file, as far as it is an ini file."""
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path, encoding="utf-8")
    return parser["Desktop Entry"]


def started_by(exec_line: str) -> list[str]:
    """As a desktop reads an Exec line: first the escapes of any text, then those in quotes, then
    field codes."""
    assert "\\" not in re.sub(r"\\[\\sntr]", "", exec_line), "no escape of a text"
    text = exec_line.replace("\\\\", "\\")
    words = re.findall(r'"(?:\\.|[^"\\])*"|\S+', text)
    plain = [re.sub(r'\\(["`$\\])', r"\1", w[1:-1]) if w[0] == '"' else w for w in words]
    for word in plain:
        assert word == "%u" or "%" not in word.replace("%%", ""), "a field code in the path"
    return [word.replace("%%", "%") for word in plain]


def on_and_off(found: Entry | None) -> None:
    assert found is not None
    found.set(False)  # nothing to take away
    assert not found.is_on()
    for on in (True, True, False):
        found.set(on)
        assert found.is_on() is on


# Linux


def test_linux_starts_it_from_the_autostart_folder(tmp_path: Path) -> None:
    found = at_start("linux", tmp_path)
    on_and_off(found)
    found.set(True)
    written = entry(tmp_path / ".config" / "autostart" / "tracker.desktop")
    assert written["Type"] == "Application"
    assert started_by(written["Exec"]) == [sys.executable, "-m", "tracker"]
    assert Path(written["Icon"]).exists()
    assert "MimeType" not in written


def test_linux_opens_links_with_it(tmp_path: Path) -> None:
    found = of_links("linux", tmp_path)
    on_and_off(found)
    assert found is not None
    found.set(True)
    written = entry(tmp_path / ".local" / "share" / "applications" / "tracker-links.desktop")
    assert started_by(written["Exec"])[-3:] == ["tracker", "open", "%u"]
    assert written["MimeType"] == "x-scheme-handler/tracker;"


def test_the_folders_of_the_environment_go_before_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    at_start("linux", tmp_path / "home").set(True)
    links = of_links("linux", tmp_path / "home")
    assert links is not None
    links.set(True)
    assert (tmp_path / "c" / "autostart" / "tracker.desktop").exists()
    assert (tmp_path / "d" / "applications" / "tracker-links.desktop").exists()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", ['a b"c', "100%u", "$HOME", "back\\slash", "`id`", "ümlaut"])
def test_whatever_is_in_the_path_is_one_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sys, "executable", f"/opt/{name}/python")
    at_start("linux", tmp_path).set(True)
    written = entry(tmp_path / ".config" / "autostart" / "tracker.desktop")
    assert started_by(written["Exec"]) == [f"/opt/{name}/python", "-m", "tracker"]


def test_a_folder_that_cannot_be_written_is_a_coded_fault(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file", encoding="utf-8")
    with pytest.raises(EnvironmentFault) as fault:
        at_start("linux", tmp_path).set(True)
    assert fault.value.code == "E3012"


def test_a_desktop_that_does_not_answer_is_a_coded_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def hangs(command: list[str], **_: object) -> None:
        asked.append(command)
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(integration.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(integration.subprocess, "run", hangs)
    with pytest.raises(EnvironmentFault) as fault:
        DesktopFile(tmp_path / "x.desktop", ["tracker"], links=True).set(True)
    assert fault.value.code == "E3012"
    assert asked == [["/usr/bin/update-desktop-database", str(tmp_path)]]


# macOS


def test_macos_starts_it_with_an_agent_and_offers_no_links(tmp_path: Path) -> None:
    found = at_start("darwin", tmp_path)
    on_and_off(found)
    found.set(True)
    path = tmp_path / "Library" / "LaunchAgents" / "tracker.plist"
    agent = plistlib.loads(path.read_bytes())
    assert agent["ProgramArguments"] == [sys.executable, "-m", "tracker"]
    assert agent["RunAtLoad"] is True
    assert of_links("darwin", tmp_path) is None


# Windows


class Registry:
    """HKEY_CURRENT_USER as winreg answers: keys with values, and no key is deleted that has others
    below it."""

    HKEY_CURRENT_USER, REG_SZ = "HKCU", 1

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, str]] = {r"Software\Microsoft\Windows\CurrentVersion": {}}

    @contextmanager
    def OpenKey(self, root: str, path: str) -> Any:
        assert root == self.HKEY_CURRENT_USER
        if path not in self.keys:
            raise FileNotFoundError(2, "no such key")
        yield path

    @contextmanager
    def CreateKey(self, _root: str, path: str) -> Any:
        parts = path.split("\\")
        for end in range(1, len(parts) + 1):
            self.keys.setdefault("\\".join(parts[:end]), {})
        yield path

    def QueryValueEx(self, key: str, name: str) -> tuple[str, int]:
        if name not in self.keys[key]:
            raise FileNotFoundError(2, "no such value")
        return self.keys[key][name], self.REG_SZ

    def SetValueEx(self, key: str, name: str, _0: int, kind: int, value: str) -> None:
        assert kind == self.REG_SZ
        self.keys[key][name] = value

    def DeleteValue(self, key: str, name: str) -> None:
        del self.keys[key][name]

    def DeleteKey(self, _root: str, path: str) -> None:
        if any(other.startswith(path + "\\") for other in self.keys):
            raise PermissionError(13, "it has keys below it")
        del self.keys[path]


def test_windows_starts_it_from_its_run_key_and_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", r"C:\Program Files\Python\pythonw.exe")
    registry = Registry()
    with registry.CreateKey("HKCU", RunKey._WHERE) as key:
        registry.SetValueEx(key, "Other", 0, 1, "other.exe")
    found = RunKey(registry, integration.program())
    on_and_off(found)
    found.set(True)
    assert registry.keys[RunKey._WHERE] == {
        "Other": "other.exe",
        "Tracker": r'"C:\Program Files\Python\pythonw.exe" -m tracker',
    }


def test_windows_opens_links_with_it_and_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", r"C:\Py\python.exe")
    registry = Registry()
    before = {path: dict(values) for path, values in registry.keys.items()}
    found = LinkClass(registry, integration.program())
    on_and_off(found)
    assert {p: v for p, v in registry.keys.items() if "tracker" in p} == {}
    found.set(True)
    command = registry.keys[r"Software\Classes\tracker\shell\open\command"][""]
    assert command == r'C:\Py\python.exe -m tracker open "%1"'
    assert registry.keys[r"Software\Classes\tracker"]["URL Protocol"] == ""
    assert before.items() <= registry.keys.items()


def test_a_registry_that_refuses_is_a_coded_fault() -> None:
    class Locked(Registry):
        def CreateKey(self, _root: str, path: str) -> Any:
            raise PermissionError(13, "a policy forbids it")

    for found in (RunKey(Locked(), ["tracker"]), LinkClass(Locked(), ["tracker"])):
        with pytest.raises(EnvironmentFault) as fault:
            found.set(True)
        assert fault.value.code == "E3012"
        assert "a policy forbids it" in fault.value.info
