"""Signing in and registering: what goes wrong stands where it belongs, and nothing freezes."""

import asyncio

from mesh_agent.agent import Agent
from mesh_tui.screens.home import Home
from mesh_tui.screens.login import Login
from mesh_tui.widgets.form import Field
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import PASSWORD, Seat


async def _fill(seat: Seat, name: str, password: str) -> None:
    await seat.sees("Username")
    await seat.type(name)
    await seat.press("enter")
    # Where the machine is busy, the pilot returns before that: the password would be a part of the name.
    await until(lambda: _has_focus(seat, "password"), "the password to have the focus")
    await seat.type(password)
    await seat.press("enter")


def _has_focus(seat: Seat, field: str) -> bool:
    focused = seat.app.screen.focused
    return focused is not None and isinstance(focused.parent, Field) and focused.parent.id == field


def _below(seat: Seat, label: str) -> str:
    """What stands under the field of this name, up to the next field."""
    rows = seat.screen
    bottom = next(number for number in range(seat.row_of(label), len(rows)) if "╰" in rows[number])
    rest = rows[bottom + 1 :]
    return " ".join(
        " ".join(rest[: next((n for n, row in enumerate(rest) if "╭" in row), len(rest))]).split()
    )


async def test_a_wrong_password_stands_below_the_password(shared_server: str, sit_down: SitDown) -> None:
    seat = await sit_down("wrong", shared_server)
    await _fill(seat, "nobody", PASSWORD)
    await seat.sees("✗")
    assert "The name or the password is wrong." in _below(seat, "Password")
    await seat.press("x")
    await seat.no_longer_sees("✗")


async def test_a_name_that_is_taken_stands_below_the_name(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int
) -> None:
    await sign_up(f"taken{number}", shared_server)
    seat = await sit_down("taker", shared_server)
    await seat.sees("Create account")
    await seat.press("ctrl+t")
    await _fill(seat, f"Taken{number}", PASSWORD)
    await seat.sees("✗")
    assert "taken" in _below(seat, "Username")


async def test_a_short_password_is_refused_beside_it(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    seat = await sit_down("short", shared_server)
    await seat.sees("Create account")
    await seat.press("ctrl+t")
    await _fill(seat, f"short{number}", "1234")
    await seat.sees("✗")
    assert "8" in _below(seat, "Password (8 characters or more)")


async def test_empty_fields_are_named_without_asking_a_server(sit_down: SitDown) -> None:
    seat = await sit_down("empty", "http://127.0.0.1:9")
    await seat.sees("Username")
    await seat.press("enter", "enter")
    await seat.sees("Type a name.", "Type a password.")


async def test_a_server_that_is_down_is_said_beside_its_address_and_can_be_tried_again(
    own_server: ServerProcess, sit_down: SitDown
) -> None:
    address = own_server.url.removeprefix("http://")
    own_server.kill()
    seat = await sit_down("down", own_server.url)
    await seat.sees("Create account")
    await seat.press("ctrl+t")
    await _fill(seat, "alice", PASSWORD)
    await seat.sees("Try again", "Server", "Nothing answers")  # the form may have to scroll up to that
    assert "Nothing answers" in _below(seat, "Server")
    own_server.start(address)
    await seat.press("enter", "enter", "enter")
    await seat.sees("Your rooms")


async def test_what_was_wrong_with_the_last_try_is_taken_back(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    other = await sign_up("taken", own_server.url)
    await other.close()
    own_server.kill()
    seat = await sit_down("down", own_server.url)
    await seat.sees("Create account")
    await seat.press("ctrl+t")
    await _fill(seat, other.profile, PASSWORD)
    await seat.sees("Try again", "Server", "Nothing answers")  # the form may have to scroll up to that
    assert "Nothing answers" in _below(seat, "Server")
    own_server.start(own_server.url.removeprefix("http://"))
    await seat.press("enter", "enter", "enter")
    await seat.sees("This name, or one")
    assert "Nothing answers" not in seat.text


async def test_an_address_that_is_none_is_said_beside_it(sit_down: SitDown) -> None:
    seat = await sit_down("none")
    await seat.sees("Server")
    await seat.type("ftp://nowhere")
    await seat.press("enter")
    await _fill(seat, "alice", PASSWORD)
    await seat.sees("✗")
    assert _below(seat, "Server")


async def test_the_screen_answers_while_a_server_does_not(sit_down: SitDown) -> None:
    silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        seat = await sit_down("silent", f"http://127.0.0.1:{port}")
        await _fill(seat, "alice", PASSWORD)
        await seat.sees("Signing in…")
        await seat.press("f1")
        await seat.sees("Keys")
        await seat.press("escape")
        await seat.sees("Signing in…")


async def test_a_good_session_goes_straight_home(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int
) -> None:
    agent = await sign_up(f"back{number}", shared_server)
    await agent.close()
    seat = await sit_down(f"back{number}")
    await seat.sees("Your rooms", "connected")
    assert isinstance(seat.app.screen, Home)


async def test_without_a_network_home_comes_from_the_cache(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    agent = await sign_up("alice", own_server.url)
    room = await agent.create_room("Test Chat")
    outgoing = await agent.send(room.id, "said yesterday")
    await agent.sent(outgoing.nonce, PATIENCE_S)
    await agent.close()
    own_server.kill()
    seat = await sit_down("alice", own_server.url)
    await seat.sees("# Test Chat", "○ offline")
    await seat.press("enter")
    await seat.sees("said yesterday")


async def test_a_session_that_was_ended_elsewhere_leads_back_with_a_reason(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int
) -> None:
    agent = await sign_up(f"ended{number}", shared_server)
    await agent.close()
    seat = await sit_down(f"ended{number}")
    await seat.sees("connected")
    elsewhere = await Agent.open(profile=f"ended{number}")
    await elsewhere.logout()
    await elsewhere.close()
    await until(lambda: isinstance(seat.app.screen, Login), "the form to sign in")
    await seat.sees("Username", "✗")


async def test_whoever_asks_for_it_at_once_there_is_one_form_to_sign_in(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    """Who signs out, and the agent that says so: what is typed in the first is not lost with a second."""
    seat = await sit_down(f"asked{number}", shared_server)
    await seat.register(f"asked{number}")
    await seat.press("f1")  # a page above Home, which goes first
    shown: list[Login] = []

    async def ask() -> None:
        asking = asyncio.gather(seat.app.entering.ask_to_sign_in(), seat.app.entering.ask_to_sign_in())
        while not asking.done():
            if isinstance(screen := seat.app.screen, Login) and screen not in shown:
                shown.append(screen)
            await asyncio.sleep(0)
        await asking

    await seat.run(ask())
    assert len(shown) == 1


async def test_passwords_are_never_on_the_screen(shared_server: str, sit_down: SitDown) -> None:
    seat = await sit_down("hidden", shared_server)
    await _fill(seat, "nobody", "a-secret-word")
    await seat.sees("✗", "•••")
    assert "secret" not in seat.text
