"""Two profiles at two servers at the same time: two lives of one person, and neither gets into the other."""

from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

from mesh_tui.settings_file import SettingsFile
from tests.support.conditions import until
from tests.support.server import ServerProcess
from tests.tui.seat import Seat, seated

SIZE: Final = (100, 24)


async def _come_in(seat: Seat, number: int, said: str, draft: str) -> None:
    """As the same person, to a room of the same name, in which another thing is said and half written."""
    await seat.register(f"alice{number}")
    await seat.create_room(f"side {number}")
    await seat.say(said)
    await seat.sees(f"▎ {said}")
    await seat.type(draft)
    await seat.sees(draft)


def _files(home: Path, profile: str) -> str:
    """What is on the disk of one profile, whatever it is for."""
    folders = [path for path in home.rglob(profile) if path.is_dir()]
    assert folders
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert found
    return "".join(path.read_bytes().decode("latin-1") for path in found)


def _keeps(home: Path, profile: str, text: str) -> bool:
    return text in _files(home, profile)


async def test_nothing_of_one_gets_into_the_other(
    own_server: ServerProcess, shared_server: str, number: int, home: Path
) -> None:
    places = {"work": own_server.url, "leisure": shared_server}
    said = {"work": "the report is done", "leisure": "the cake is baked"}
    drafts = {"work": "half a plan", "leisure": "half a recipe"}
    async with AsyncExitStack() as stack:
        seats = {
            profile: await stack.enter_async_context(seated(server=url, profile=profile, size=SIZE))
            for profile, url in places.items()
        }
        for profile, seat in seats.items():
            await _come_in(seat, number, said[profile], drafts[profile])
        ids = {seat.app.agent.user.id for seat in seats.values() if seat.app.agent.user}
        assert len(ids) == 2, "two accounts"
        own = SettingsFile.of_profile("work").own
        assert own is not None
        own.write_text("[look]\npeople = false\n")
        await seats["work"].no_longer_sees("● alice")
        await seats["leisure"].sees("● alice")
        for profile, other in (("work", "leisure"), ("leisure", "work")):
            assert said[other] not in seats[profile].text
            assert drafts[other] not in seats[profile].text
            await until(partial(_keeps, home, profile, drafts[profile]), "the draft to be kept")
            assert not _keeps(home, profile, said[other])
            assert not _keeps(home, profile, drafts[other])

    # Both again, without saying where: each goes where it was, and has what it had.
    async with AsyncExitStack() as stack:
        seats = {
            profile: await stack.enter_async_context(seated(server=None, profile=profile, size=SIZE))
            for profile in places
        }
        for profile, seat in seats.items():
            await seat.sees("Your rooms", "connected")
            await seat.press("enter")
            await seat.sees(said[profile], drafts[profile])
            assert seat.app.agent.server == places[profile]
        assert "● alice" not in seats["work"].text
        assert "● alice" in seats["leisure"].text

        # One signs out, which is nothing to the other.
        await seats["work"].press("escape")
        await seats["work"].sees("Your rooms")
        await seats["work"].press("ctrl+o", "y")
        await seats["work"].sees("Create account")
        await seats["leisure"].press("ctrl+u")
        await seats["leisure"].say("still here")
        await seats["leisure"].sees("▎ still here", "connected")
    assert not _keeps(home, "work", said["work"]), "what was signed out of left nothing behind"


async def test_a_profile_has_an_account_at_each_server(
    own_server: ServerProcess, shared_server: str, number: int
) -> None:
    async with seated(server=own_server.url, profile="work", size=SIZE) as seat:
        await _come_in(seat, number, "the report is done", "half a plan")
    async with seated(server=shared_server, profile="work", size=SIZE) as seat:
        await seat.sees("Create account")
        assert "the report" not in seat.text
        await _come_in(seat, number, "the cake is baked", "half a recipe")
    for url, said, draft in (
        (own_server.url, "the report is done", "half a plan"),
        (shared_server, "the cake is baked", "half a recipe"),
    ):
        async with seated(server=url, profile="work", size=SIZE) as seat:
            await seat.sees("Your rooms", "connected")
            await seat.press("enter")
            await seat.sees(said, draft)
            assert seat.text.count("half a") == 1
