"""The browser's door in a real Chromium: signing in, reading, writing, another size, a lost line, the end."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from PIL import Image

from mesh_server.doors.launching import Guest
from mesh_server.doors.sessions import Program
from tests.server.doors.web_house import PASSWORD, House, running_house
from tests.support.chromium import PATIENCE_S, PROGRAM, Page, running_chromium
from tests.support.conditions import until
from tests.support.server import running_server
from tests.support.terminal import Emulator
from tests.support.wire import register

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="chromium is not installed (apt-get install chromium)"
)

ROOT: Final = Path(__file__).resolve().parents[2]
HAS_KEYBOARD: Final = (
    "document.body.dataset.state === 'connected'"
    " && document.activeElement.classList.contains('xterm-helper-textarea')"
)
"""What is typed goes to the program."""

WIDE: Final = (300, 100)
"""Larger than any terminal in a page: what is written stands where it was written."""

PAINTED: Final = (0x75, 0x71, 0x5E)
"""A colour of the program's that the page itself has nowhere."""


def small_tui(guest: Guest, memory_mib: int) -> Program:
    """`tests.support.small_tui` for who has signed in."""
    width, height = guest.size
    return Program(
        argv=[sys.executable, "-m", "tests.support.small_tui"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        },
        cwd=str(guest.folder),
        memory_mib=memory_mib,
        width=width,
        height=height,
        told=json.dumps({"name": guest.session.user.username}),
    )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(tmp_path / "data", launch=small_tui) as house:
        yield house


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with running_chromium(tmp_path / "profile") as open_page:
        page = await open_page()
        await page.resize(1000, 700)
        yield page
        await page.close()


async def sees(page: Page, words: str) -> None:
    """Waits until the terminal was told to show this; what was before is forgotten."""
    await until(lambda: words.encode() in b"".join(page.frames), words, PATIENCE_S)
    page.frames.clear()


async def paints(page: Page, colour: tuple[int, int, int]) -> None:
    """Waits until something on the page has this colour."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        picture = Image.open(io.BytesIO(await page.picture())).convert("RGB")
        if colour in {found for _, found in picture.getcolors(1 << 24) or []}:
            return
        assert asyncio.get_running_loop().time() < deadline, f"nothing is painted in {colour}"


async def sign_in(page: Page, house: House, how: str) -> None:
    """From the form to the terminal, with the keyboard alone."""
    await page.go(f"{house.url}/?register" if how == "register" else house.url)
    await page.shows("document.activeElement.id === 'username'")
    await page.type("alice")
    await page.value("document.querySelector('#password').focus()")
    await page.type(f"{PASSWORD}\n")
    await page.shows(HAS_KEYBOARD)


async def test_a_whole_visit(house: House, page: Page) -> None:
    await sign_in(page, house, "register")
    await sees(page, "Hello alice")
    assert await page.value("document.cookie") == ""

    await page.type("good morning\n")
    await sees(page, "said good morning")
    await paints(page, PAINTED)

    await page.resize(600, 500)
    await until(lambda: b"size " in b"".join(page.frames), "the program in another size", PATIENCE_S)
    narrow = b"".join(page.frames).rpartition(b"size ")[2].split(b"x")[0]
    assert 50 < int(narrow) < 70

    await _loses_its_line(page, house)
    await page.ask("Page.reload")
    await page.shows("document.body.dataset.state === 'connected'")
    await sees(page, "said good morning")
    assert len(house.guests) == 1, "it is the same program all the while"

    await page.value("document.querySelector('#leave button').click()")
    await page.shows("document.querySelector('.notice')?.textContent === 'You have signed out.'")
    await house.gone(house.guests[0].session)
    assert page.complaints == []
    assert all(url.startswith(f"{house.url}/") for url in page.requested), "nothing is asked of anybody else"


async def _loses_its_line(page: Page, house: House) -> None:
    """The line breaks, comes back by itself, and shows all that was there."""
    page.frames.clear()
    (visit,) = house.door.visits
    assert visit.browser is not None
    visit.browser.cut()
    await sees(page, "said good morning")
    await page.shows(HAS_KEYBOARD)
    await page.type("again\n")
    await sees(page, "said again")


async def test_two_pages_and_the_end_of_the_program(house: House, page: Page) -> None:
    await sign_in(page, house, "register")
    await sees(page, "Hello alice")
    async with house.browser() as other:
        cookies = await page.ask("Network.getCookies", urls=[house.url])
        (cookie,) = cookies["cookies"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        other.http.cookie_jar.update_cookies({cookie["name"]: cookie["value"]})
        async with other.terminal() as terminal:
            await page.shows("document.querySelector('#told').textContent.includes('another page')")
            await terminal.shows(b"size 91x23.")
            page.frames.clear()
            await page.value("document.querySelector('#again').click()")
            await sees(page, "Hello alice")
            assert await terminal.ended() == (4000, "taken")
    await page.shows(HAS_KEYBOARD)
    await page.type("quit 0\n")
    await page.shows("document.querySelector('.notice')?.textContent.startsWith('You have left Mesh')")


async def test_the_client_itself_is_read_and_written_in(tmp_path: Path, page: Page) -> None:
    with running_server(tmp_path / "data", "--web") as server:
        async with aiohttp.ClientSession() as http:
            bob = await register(http, server.url, "bob")
            room_id = await bob.create_room("lobby")
            await page.go(f"{server.url}/?register")
            await page.shows("document.activeElement.id === 'username'")
            await page.type("alice")
            await page.value("document.querySelector('#password').focus()")
            await page.type(f"{PASSWORD}\n")
            screen = Emulator(*WIDE)
            await _shows(page, screen, "lobby")
            await page.shows(HAS_KEYBOARD)
            await page.type("/join lobby\n")
            await _shows(page, screen, "Message")
            async with bob.socket() as his:
                await his.say(room_id, "good morning, alice")
                await _shows(page, screen, "good morning, alice")
                await page.type("good morning, bob\n")
                await his.wait(
                    lambda event: (
                        event["type"] == "chat.message.created"
                        and event["message"]["content"] == "good morning, bob"
                    )
                )
                await _shows(page, screen, "good morning, bob")


async def _shows(page: Page, screen: Emulator, words: str) -> None:
    """Once the program has written this, the page having it painted."""

    def written() -> bool:
        screen.feed(b"".join(page.frames))
        page.frames.clear()
        return words in screen.text

    await until(written, words, PATIENCE_S)
