"""A real Chromium without a window, driven by its DevTools protocol over a WebSocket.

https://chromedevtools.github.io/devtools-protocol/ is what its commands and events are called by.
"""

import asyncio
import base64
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.support.conditions import until

PROGRAM: Final = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""None where there is none; Debian's package is `chromium`."""

PATIENCE_S: Final = 60.0
"""A browser starts within it, and a whole program in its page, on a machine that starts many."""

_OPTIONS: Final = (
    "--headless=new", "--remote-debugging-port=0", "--no-first-run", "--no-default-browser-check",
    "--mute-audio", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-gpu", "--disable-dev-shm-usage", "--password-store=basic",
    "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


class Page:
    """One tab. `frames` are what its WebSockets have received, in their order."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._line = line
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())
        self._sending: asyncio.Task[None] | None = None
        self.frames: list[bytes] = []
        self.requested: list[str] = []
        self.complaints: list[str] = []

    async def _read(self) -> None:
        async for message in self._line:
            said = message.json()
            if (waiting := self._waiting.pop(said.get("id", 0), None)) is not None:
                waiting.set_result(said)
            else:
                self._hear(said.get("method", ""), said.get("params", {}))

    def _hear(self, event: str, told: dict[str, Any]) -> None:
        match event:
            case "Network.webSocketFrameReceived" if told["response"]["opcode"] == 2:
                self.frames.append(base64.b64decode(told["response"]["payloadData"]))
            case "Network.requestWillBeSent":
                self.requested.append(told["request"]["url"])
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.complaints.append(told["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))
            case "Page.javascriptDialogOpening":
                self._send("Page.handleJavaScriptDialog", accept=True)

    async def ask(self, command: str, **parameters: Any) -> dict[str, Any]:
        """What it answers. Raises: AssertionError, where it refuses or says nothing."""
        number = self._send(command, **parameters)
        async with asyncio.timeout(PATIENCE_S):
            said = await self._waiting[number]
        assert "error" not in said, f"{command}: {said['error']}"
        answer: dict[str, Any] = said["result"]
        return answer

    def _send(self, command: str, **parameters: Any) -> int:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        sent = {"id": number, "method": command, "params": parameters}
        self._sending = asyncio.create_task(self._line.send_json(sent))
        return number

    async def value(self, script: str) -> Any:
        """What a line of JavaScript comes to."""
        said = await self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def go(self, url: str) -> None:
        await self.ask("Page.navigate", url=url)

    async def shows(self, script: str) -> None:
        """Returns once the line of JavaScript is true; a page that is being loaded is waited for."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while asyncio.get_running_loop().time() < deadline:
            with suppress(AssertionError):
                if await self.value(f"Boolean({script})"):
                    return
            await asyncio.sleep(0.02)
        raise AssertionError(f"waited in vain for {script}; {self.complaints}")

    async def type(self, text: str) -> None:
        """As from a keyboard, letter by letter; a line's end is Enter."""
        for letter in text:
            key = (
                {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
                if letter == "\n"
                else {"key": letter}
            )
            typed = "\r" if letter == "\n" else letter
            await self.ask("Input.dispatchKeyEvent", type="keyDown", text=typed, **key)
            await self.ask("Input.dispatchKeyEvent", type="keyUp", **key)

    async def resize(self, width: int, height: int, *, scale: float = 1, mobile: bool = False) -> None:
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=mobile,
        )

    async def picture(self) -> bytes:
        """A PNG of what it shows."""
        said = await self.ask("Page.captureScreenshot", format="png")
        return base64.b64decode(said["data"])

    async def close(self) -> None:
        await self._line.close()
        await self._reading


@asynccontextmanager
async def running_chromium(folder: Path) -> AsyncIterator[Callable[[], Any]]:
    """Gives a function that opens a page in a new, empty profile."""
    assert PROGRAM is not None
    sandbox = [] if os.getuid() else ["--no-sandbox"]
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, *_OPTIONS, *sandbox, f"--user-data-dir={folder}", "about:blank"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        told = folder / "DevToolsActivePort"
        await until(lambda: told.exists() and told.read_text().count("\n"), "Chromium to listen", PATIENCE_S)
        at = f"http://127.0.0.1:{told.read_text().split()[0]}"
        async with aiohttp.ClientSession() as http:
            yield lambda: _open(http, at)
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _open(http: aiohttp.ClientSession, at: str) -> Page:
    async with http.put(f"{at}/json/new?about:blank") as answer:
        where = (await answer.json())["webSocketDebuggerUrl"]
    page = Page(await http.ws_connect(where, max_msg_size=0))
    for domain in ("Page", "Network", "Log", "Runtime"):
        await page.ask(f"{domain}.enable")
    return page
