"""A real Chromium, asked over its debugging protocol: what a page looks like at a width, and what its print holds."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import websocket

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

CONTRAST = """
(() => {
  const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const colour = text => { const c = document.createElement('canvas').getContext('2d'); c.fillStyle = text;
    c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data]; };
  const behind = e => { for (; e; e = e.parentElement) { const b = colour(getComputedStyle(e).backgroundColor);
    if (b[3] > 200) return b; } return [255, 255, 255]; };
  const low = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), ink = colour(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    const name = e.tagName + '.' + e.getAttribute('class') + ': ' + e.textContent.slice(0, 30);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(name);
  }
  return low;
})()
"""
"""The texts whose contrast is below 4.5 (WCAG 2.2, 1.4.3)."""


class Browser:
    """One page in a browser of its own."""

    def __init__(self, address: str) -> None:
        self.socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self.numbers = itertools.count(1)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What Chromium answers to a call; events are passed over."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, path: Path, width: int = 1280, dark: bool = False) -> float:
        """Shows a file; the seconds until it is there."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        started = time.monotonic()
        self.call("Page.navigate", url=path.as_uri())
        while self.ask("document.readyState") != "complete":
            time.sleep(0.02)
        self.ask("document.body.getBoundingClientRect().height")
        return time.monotonic() - started

    def ask(self, expression: str) -> Any:
        """The value of an expression on the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def printed(self) -> list[str]:
        """The text of each page of its print."""
        pdf = self.call("Page.printToPDF", preferCSSPageSize=True)
        return [page.extract_text() for page in pypdf.PdfReader(BytesIO(base64.b64decode(pdf["data"]))).pages]

    def picture(self) -> bytes:
        """The part of the page that is seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A headless Chromium with a profile of its own."""
    words = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    words += ["--no-first-run", f"--user-data-dir={folder / 'profile'}", "--remote-debugging-port=0", "about:blank"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        one = Browser(_address(folder / "profile" / "DevToolsActivePort"))
        with contextlib.closing(one.socket):
            yield one
    finally:
        process.terminate()
        process.wait(20)


def _address(path: Path) -> str:
    """Where the first page of a Chromium that starts is spoken to."""
    from urllib.request import urlopen

    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError, IndexError):
            port = path.read_text(encoding="utf-8").split()[0]
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
                pages = [page for page in json.load(answer) if page["type"] == "page"]
            return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise AssertionError("Chromium did not start")
