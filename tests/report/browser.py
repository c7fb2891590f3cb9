"""Chromium for tests and measurements, driven over its DevTools pipe.

NUL-separated JSON on file descriptors 3 and 4: no driver to install, no port to open.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--remote-debugging-pipe",
)

KEYS = {  # code and text of keys that are no letter
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "PageUp": (33, ""),
    "PageDown": (34, ""),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}


class Browser:
    """One tab."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM
        (to_r, self._to), (self._from, from_w) = os.pipe(), os.pipe()
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(
            command,
            preexec_fn=lambda: _as_3_and_4(to_r, from_w),
            close_fds=False,  # Python's own descriptors are closed on exec; 3 and 4 stay
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_r)
        os.close(from_w)
        self._buffer, self._number, self.session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError("Chromium did not answer")
            piece = os.read(self._from, 1 << 20)
            if not piece:
                raise EOFError("Chromium ended")
            self._buffer += piece
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def open(self, page: Path, width: int, dark: bool = False) -> None:
        self._navigate("about:blank")  # what the page before still has to say is not of this one
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            # The focus scrolls at once: a click aimed while the page still glides would miss.
            "prefers-reduced-motion": "reduce",
        }
        asked = [{"name": name, "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=asked)
        self._navigate(page.as_uri())

    def _navigate(self, url: str) -> None:
        began, deadline = len(self.events), time.monotonic() + PATIENCE
        self.call("Page.navigate", url=url)
        while not any(e["method"] == "Page.loadEventFired" for e in self.events[began:]):
            self.events.append(self._receive(deadline))

    def value(self, expression: str) -> Any:
        """What an expression is, or what it promises."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = PATIENCE) -> Any:
        """The first value of an expression that is true."""
        deadline = time.monotonic() + seconds
        while not (found := self.value(expression)):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.01)
        return found

    def settle(self) -> None:
        """Wait until what was asked for is painted."""
        self.value(
            "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r())))"
        )

    def point(self, selector: str, across: float = 0.5, down: float = 0.5) -> tuple[float, float]:
        """A place in the first such element that is on the screen, as shares of its sides."""
        box = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'nearest', behavior: 'instant'});"
            "let b = e.getBoundingClientRect();"
            "if (b.top < 60) { scrollBy({top: b.top - 60, behavior: 'instant'});"
            " b = e.getBoundingClientRect(); }"
            "return [b.left, b.top, b.width, b.height] })()"
        )
        return box[0] + across * box[2], box[1] + down * box[3]

    def mouse(self, kind: str, at: tuple[float, float], shift: bool = False, down: int = 0) -> None:
        self.call(
            "Input.dispatchMouseEvent",
            type=f"mouse{kind}",
            x=at[0],
            y=at[1],
            modifiers=8 * shift,
            button="none" if kind == "Moved" and not down else "left",
            buttons=down,
            clickCount=int(kind != "Moved"),
        )

    def hover(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        self.mouse("Moved", self.point(selector, across, down))
        self.settle()

    def click(
        self, selector: str, across: float = 0.5, down: float = 0.5, *, shift: bool = False
    ) -> None:
        at = self.point(selector, across, down)
        self.mouse("Moved", at)
        self.mouse("Pressed", at, shift, 1)
        self.mouse("Released", at, shift)
        self.settle()

    def drag(self, selector: str, start: float, end: float, steps: int = 6) -> None:
        """Press at one share of an element's width, let go at another."""
        self.mouse("Pressed", self.point(selector, start), down=1)
        for step in range(1, steps + 1):
            share = start + (end - start) * step / steps
            self.mouse("Moved", self.point(selector, share), down=1)
        self.mouse("Released", self.point(selector, end))
        self.settle()

    def key(self, name: str, *, shift: bool = False, times: int = 1) -> None:
        code, text = KEYS[name]
        for _ in range(times):
            for kind in ("keyDown", "keyUp"):
                self.call(
                    "Input.dispatchKeyEvent",
                    type=kind,
                    key=name,
                    code=name,
                    windowsVirtualKeyCode=code,
                    modifiers=8 * shift,
                    text=text if kind == "keyDown" else "",
                )
        self.settle()

    def write(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def pick(self, selector: str, text: str) -> None:
        """Choose an entry of a drop-down list with the arrow keys."""
        entries = f"document.querySelector({json.dumps(selector)})"
        self.value(f"{entries}.focus()")
        here, there = self.value(
            f"[{entries}.selectedIndex,"
            f" [...{entries}.options].findIndex(o => o.text === {json.dumps(text)})]"
        )
        assert there >= 0, text
        self.key("ArrowDown" if there > here else "ArrowUp", times=abs(there - here))

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def screenshot(self, path: Path) -> None:
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    def seen(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event["method"] == method]

    def close(self) -> None:
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            self.session = ""
            self.call("Browser.close")
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._to)
        os.close(self._from)


def _as_3_and_4(read: int, write: int) -> None:
    """Where Chromium looks for its pipe; by way of high numbers, as these may be 3 and 4."""
    read, write = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in (read, write))
    os.dup2(read, 3)
    os.dup2(write, 4)
