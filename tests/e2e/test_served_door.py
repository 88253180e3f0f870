"""`mesh-server --web` as people run it: the real client behind the real door, until the server stops."""

import asyncio
from pathlib import Path

import aiohttp

from tests.support.server import running_server
from tests.support.terminal import PATIENCE_S, Emulator

FORM = {"username": "alice", "password": "password123"}


async def test_a_server_shows_its_client_in_a_page_and_takes_it_along_when_it_stops(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", "--web") as server:
        jar = aiohttp.CookieJar(unsafe=True)
        own = {"Origin": server.url}
        async with aiohttp.ClientSession(server.url, cookie_jar=jar, headers=own) as http:
            async with http.post("/web/register", data=FORM) as page:
                assert 'id="terminal"' in await page.text()
            async with http.ws_connect("/web/terminal?width=90&height=24") as line:
                page_of = _Page(line)
                await page_of.shows("connected")
                assert "alice" in page_of.screen.text
                await line.send_json(["stdin", "n"])
                await page_of.shows("Name")
                stopping = asyncio.create_task(asyncio.to_thread(server.stop))
                assert await _close_code(line) == 1012
            assert await stopping == 0
        assert list((tmp_path / "data/doors/web").iterdir()) == []
        assert not (tmp_path / "data/doors/inside.sock").exists()
        assert "error" not in server.log_text().replace('"level": "info"', "")


class _Page:
    """The page's end of the terminal."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._line, self._arrived = line, 0
        self.screen = Emulator(90, 24)

    async def shows(self, words: str) -> None:
        """Returns once this is on the screen. Raises: AssertionError, with the screen."""
        while words not in self.screen.text:
            try:
                message = await self._line.receive(PATIENCE_S)
            except TimeoutError:
                raise AssertionError(f"waited in vain for {words}:\n{self.screen.text}") from None
            assert message.type is aiohttp.WSMsgType.BINARY, f"{message} after\n{self.screen.text}"
            self.screen.feed(message.data)
            self._arrived += len(message.data)
            await self._line.send_json(["ack", self._arrived])


async def _close_code(line: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(PATIENCE_S):
        async for _ in line:
            pass
    return line.close_code
