"""The least a process with a window can be: Qt and an empty one, `benchmarks.floor.window`.

A line "import …" on its standard input has it load modules, "poll URL TOKEN SECONDS" has it ask
that server again and again whether there is something new, with httpx and nothing else. After
"watch", "report" says how long its thread did not answer, as JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import threading
import time

from PySide6.QtWidgets import QApplication, QWidget

from benchmarks import watching


def main() -> int:
    app = QApplication(["floor"])
    window = QWidget()
    window.resize(1080, 760)
    watching.say_when_painted(window, dict)
    heart = watching.Heart(window)
    watching.answer(lambda line: _do(heart, line))
    window.show()
    return app.exec()


def _do(heart: watching.Heart, line: str) -> str:
    word, *rest = line.split()
    if word == "watch":
        heart.restart()
    elif word == "report":
        return json.dumps({"gaps": heart.gaps})
    elif word == "import":
        for name in rest:
            # Some modules are there only once another one has put them there.
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    elif word == "poll":
        url, token, seconds = rest
        threading.Thread(target=_poll, args=(url, token, float(seconds)), daemon=True).start()
    return "done"


def _poll(url: str, token: str, seconds: float) -> None:
    import httpx

    headers = {"Authorization": f"Bearer {token}", "Tracker-Protocol": "1"}
    with httpx.Client(base_url=url, headers=headers) as client:
        cursor = ""
        while True:
            known = {"If-None-Match": f'"{cursor}"'} if cursor else {}
            answer = client.get("/api/v1/sync/pull?scope=desk", headers=known)
            if answer.status_code == httpx.codes.OK:
                page = answer.json()
                cursor = page["cursor"]
                if page["more"]:
                    continue
            time.sleep(seconds)


if __name__ == "__main__":
    sys.exit(main())
