"""Makes sure that Qt finds its shared libraries on Linux, or says exactly what to install.

With apt and root (or sudo without a password) it installs what is missing; otherwise it prints the
command and exits with 2. On other systems Qt's own packages hold everything.

`--also xvfb=Xvfb` asks for a Debian package by a command, a shared library or a font's file that it
brings, for CI and for the screenshots.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""Shared library → Debian package. The xcb ones are Qt's platform plugin for X11."""
FONT_PACKAGE = "fonts-inter"
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")


def is_loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font(file: str = "*.[to]tf") -> bool:
    return any(
        next(Path(folder).rglob(file), None) is not None
        for folder in FONT_FOLDERS
        if Path(folder).is_dir()
    )


def missing(also: list[str]) -> list[str]:
    """Debian packages for what is not there."""
    packages = [package for library, package in LIBRARIES.items() if not is_loadable(library)]
    if not has_font():
        packages.append(FONT_PACKAGE)
    for wish in also:
        package, _, brought = wish.partition("=")
        brought = brought or package
        if shutil.which(brought) is None and not is_loadable(brought) and not has_font(brought):
            packages.append(package)
    return packages


def apt_prefix() -> list[str] | None:
    """How apt-get can be run without asking anybody; None if it cannot."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if (
        sudo
        and subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode == 0
    ):
        return [sudo, "-n"]
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--also", nargs="*", action="extend", default=[],
                        metavar="PACKAGE=COMMAND")  # fmt: skip
    args = parser.parse_args()
    if not sys.platform.startswith("linux"):
        return 0
    packages = missing(args.also)
    if not packages:
        return 0
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    prefix = apt_prefix()
    if prefix is None:
        print("Qt needs these packages; install them and run the command again:")
        print(f"  sudo apt-get install {' '.join(packages)}")
        print("On other distributions the libraries are called:")
        print(f"  {' '.join(lib for lib in LIBRARIES if not is_loadable(lib))}")
        return 2
    print(f"Installing what Qt needs: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], install):
        done = subprocess.run([*prefix, *command], check=False, env=environment,
                              stdout=subprocess.DEVNULL)  # fmt: skip
        if done.returncode:
            print(f"This failed: {' '.join(command)}")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
