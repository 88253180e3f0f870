"""On a machine that is not the person's own, what acts on the machine is off, and says so."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from mesh_agent.client.errors import SwitchedOff
from mesh_tui import powers as table
from mesh_tui.actions import ACTIONS
from mesh_tui.powers import HARMLESS, OFF_ACTIONS, OFF_COMMANDS, OFF_PLACES, OFF_SETTINGS, OWN, Powers
from mesh_tui.settings import all_settings
from mesh_tui.slash_commands import COMMANDS
from protocol.handover import Handover
from protocol.rest import Session
from tests.tui.seat import PASSWORD, Seat, seated

ELSEWHERE = Powers.of(Handover(server="http://chat.example.org", folder="/nowhere"))


def test_each_command_is_either_harmless_or_off_with_a_sentence() -> None:
    names = {command.name for command in COMMANDS}
    assert HARMLESS | set(OFF_COMMANDS) == names
    assert not HARMLESS & set(OFF_COMMANDS)


def test_a_command_that_nobody_has_thought_about_is_off() -> None:
    with pytest.raises(SwitchedOff):
        ELSEWHERE.check_command("brand-new")
    OWN.check_command("brand-new")


def test_at_home_nothing_is_off() -> None:
    for name in OFF_COMMANDS:
        OWN.check_command(name)
        with pytest.raises(SwitchedOff, match="server's machine"):
            ELSEWHERE.check_command(name)
    for name in OFF_ACTIONS:
        OWN.check_action(name)
        with pytest.raises(SwitchedOff, match="server's machine"):
            ELSEWHERE.check_action(name)


def test_what_the_tables_name_is_there() -> None:
    assert {setting.section for setting in all_settings().values()} >= set(OFF_SETTINGS)
    places = {action.place for action in ACTIONS}
    assert places >= set(OFF_PLACES)
    assert {action.name for action in ACTIONS} >= set(OFF_ACTIONS)
    assert set(table.SENTENCES) >= {*OFF_COMMANDS.values(), *OFF_ACTIONS.values(), *OFF_PLACES.values()}


@pytest.fixture
async def guest(shared_server: str, tmp_path: Path, number: int) -> AsyncIterator[Seat]:
    """Somebody who has come in by a door."""
    body = {"username": f"guest{number}", "password": PASSWORD}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{shared_server}/api/auth/register", json=body) as made,
    ):
        session = msgspec.json.decode(await made.read(), type=Session)
    handover = Handover(server=shared_server, folder=str(tmp_path), session=session)
    async with seated(server=shared_server, profile="default", size=(120, 30), handover=handover) as seat:
        yield seat


async def test_who_comes_in_by_a_door_is_signed_in_and_chats_and_touches_nothing_of_the_machine(
    guest: Seat, number: int
) -> None:
    await guest.sees("Your rooms", f"guest{number}", "connected")
    await guest.create_room(f"Harbour {number}")
    await guest.say("good morning")
    await guest.sees("good morning")

    await guest.say("/send /etc/passwd")
    await guest.sees("Files are neither sent nor fetched here")
    for command, sentence in (
        ("/call", "There are no calls here"),
        ("/terminals", "neither shared nor watched"),
    ):
        await guest.press("ctrl+u")
        await guest.say(command)
        await guest.sees(sentence)
    await guest.press("ctrl+u")
    await guest.press("alt+c")
    await guest.sees("There are no calls here")
    await guest.press("f7")
    await guest.sees("Files are neither")
    await guest.resize(120, 80)
    guest.call(guest.app.action_settings)
    await guest.sees("Off here")

    agent = guest.app.agent
    for reach in (lambda: agent.sharing, lambda: agent.terminals, lambda: agent.calls):
        with pytest.raises(SwitchedOff):
            reach()
    with pytest.raises(SwitchedOff):
        await agent.new_recording("true")
    with pytest.raises(SwitchedOff):
        await guest.app.use_server("http://127.0.0.1:1")
