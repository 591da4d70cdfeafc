"""Headless Chromium through its own pipe: no driver, no port, no package."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import Any

from orchestration.settings import UserError

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--hide-scrollbars"),
    *("--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)
PATIENCE = 30
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


def program() -> str | None:
    """Return the browser of this machine."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Browser:
    """One browser with one page and a profile of its own."""

    def __init__(self) -> None:
        """Start it."""
        found = program()
        if found is None:
            raise UserError("no Chromium on this machine: install chromium")
        self.profile = tempfile.mkdtemp(prefix="frontdesk-browser-")
        self.events: list[dict[str, Any]] = []
        self._heard = b""
        self._number = 0
        self._start(found)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        """Use it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it and forget its profile."""
        with suppress(OSError, TimeoutError, RuntimeError):
            self._call("Browser.close")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self._to, self._from):
            os.close(pipe)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _start(self, found: str) -> None:
        """Run the program; it reads commands from 3 and answers on 4."""
        pipes = [*os.pipe(), *os.pipe()]
        # well above 3 and 4, so that neither is overwritten while it is needed
        high = [fcntl.fcntl(pipe, fcntl.F_DUPFD_CLOEXEC, 20) for pipe in pipes]
        for pipe in pipes:
            os.close(pipe)
        its_in, self._to, self._from, its_out = high

        def hand_over() -> None:
            os.dup2(its_in, 3)
            os.dup2(its_out, 4)

        self.process = subprocess.Popen(
            [found, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            preexec_fn=hand_over,
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_in)
        os.close(its_out)

    def _read(self) -> dict[str, Any]:
        """Return the next thing that the browser says."""
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._heard:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                raise TimeoutError("the browser says nothing")
            said = os.read(self._from, 1 << 20)
            if not said:
                raise RuntimeError("the browser has gone")
            self._heard += said
        message, _, self._heard = self._heard.partition(b"\0")
        return json.loads(message)

    def _call(
        self, method: str, session: str | None = None, **given: object
    ) -> dict[str, Any]:
        """Return the answer to one command; what else is said is kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": given}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def call(self, method: str, **given: object) -> dict[str, Any]:
        """Send one command to the page."""
        return self._call(method, self.session, **given)

    def size(self, width: int, height: int) -> None:
        """Make the window so large; small ones are phones."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    def open(self, address: str) -> None:
        """Go to an address; what was said before is forgotten."""
        self.events.clear()
        self.call("Page.navigate", url=address)

    def value(self, expression: str) -> Any:  # noqa: ANN401
        """Return what an expression is on the page."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"])[:500])
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 20) -> Any:  # noqa: ANN401
        """Return what an expression is as soon as it is true."""
        end = time.monotonic() + seconds
        while not (found := self.value(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"never true: {expression}")
            time.sleep(0.05)
        return found

    def press(self, key: str) -> None:
        """Press one key."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if len(key) == 1 and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **text)

    def picture(self) -> bytes:
        """Return what the window shows, as PNG."""
        return base64.b64decode(
            self.call("Page.captureScreenshot", format="png")["data"]
        )

    def complaints(self) -> list[str]:
        """Return errors and what else the page wrote into its console."""
        self.value("1")
        return [
            json.dumps(event["params"])[:400]
            for event in self.events
            if event.get("method") in COMPLAINTS
        ]

    def requests(self) -> list[str]:
        """Return the addresses that the page asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]
