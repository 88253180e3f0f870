"""`mesh-tui LINK`: who has an invite signs up or in by it and lands in its room."""

import asyncio
import json
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_tui.screens.login import Login
from tests.support.commands import mesh_server
from tests.support.server import ServerProcess, running_server
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import PASSWORD


@pytest.fixture
async def alice(own_server: ServerProcess, sign_up: SignUp) -> Agent:
    """The owner of the private room "Attic"."""
    agent = await sign_up("alice", own_server.url)
    await agent.create_room("Attic", visibility="private")
    return agent


async def link(alice: Agent, *, uses: int | None = None) -> str:
    made = await alice.order.invite(alice.room("Attic").id, max_uses=uses)
    return f"{alice.server}{made.url}"


async def test_who_is_new_makes_an_account_and_lands_in_the_room(sit_down: SitDown, alice: Agent) -> None:
    code = (invite := await link(alice, uses=1)).rpartition("/")[2]
    seat = await sit_down("bob", link=invite)
    await seat.sees("Create account", "you are invited to a room on http://127.0.0.1", "Invite", code)
    await seat.type("bob")
    await seat.press("enter")
    await seat.type(PASSWORD)
    await seat.press("enter")
    await seat.sees("Message Attic", "connected", "● bob you")
    await seat.press("escape")
    await seat.sees("Your rooms", "◆ Attic")


@pytest.mark.usefixtures("alice")
async def test_an_invite_onto_the_server_leads_home(sit_down: SitDown, own_server: ServerProcess) -> None:
    command = ("admin", "invites", "create", "--uses", "1", "--json", "--data", own_server.folder)
    made = await asyncio.to_thread(mesh_server, *command)
    seat = await sit_down("bob", link=json.loads(made.stdout)["url"])
    await seat.sees("Create account")
    await seat.type("bob")
    await seat.press("enter")
    await seat.type(PASSWORD)
    await seat.press("enter")
    await seat.sees("Your rooms", "connected")
    await seat.create_room("Den")  # no question lies above Home that would take these keys
    await seat.sees("Message Den")


async def test_who_has_an_account_signs_in_and_lands_in_the_room(
    sit_down: SitDown, sign_up: SignUp, alice: Agent
) -> None:
    bob = await sign_up("bob", alice.server)
    await bob.logout()
    seat = await sit_down("bob", link=await link(alice))
    await seat.sees("Create account")
    await seat.press("ctrl+t")
    await seat.type("bob")
    await seat.press("enter")
    await seat.type(PASSWORD)
    await seat.press("enter")
    await seat.sees("Message Attic")


async def test_who_is_signed_in_joins_at_once_and_again_without_harm(
    sit_down: SitDown, sign_up: SignUp, alice: Agent
) -> None:
    await (await sign_up("bob", alice.server)).close()
    invite = await link(alice)
    for _ in range(2):
        seat = await sit_down("bob", link=invite)
        await seat.sees("Message Attic", "● bob you")
        await seat.app.action_quit()


async def test_a_link_that_is_over_says_so_on_home(sit_down: SitDown, sign_up: SignUp, alice: Agent) -> None:
    await (await sign_up("bob", alice.server)).close()
    made = await alice.order.invite(alice.room("Attic").id)
    await alice.order.revoke(alice.room("Attic").id, made.id)
    seat = await sit_down("bob", link=f"{alice.server}{made.url}")
    await seat.sees("You cannot come in by this link", "This invite is not valid, or no longer.", "Close (n)")
    assert "Try again" not in seat.text
    await seat.press("y")
    await seat.no_longer_sees("You cannot come in")
    await seat.sees("Your rooms")


async def test_who_is_banned_is_told(sit_down: SitDown, sign_up: SignUp, alice: Agent) -> None:
    await (await sign_up("bob", alice.server)).close()
    await alice.order.ban(alice.room("Attic").id, "bob")
    seat = await sit_down("bob", link=await link(alice))
    await seat.sees("You cannot come in by this link", "banned")


async def test_a_server_that_is_down_can_be_tried_again(
    sit_down: SitDown, sign_up: SignUp, alice: Agent, own_server: ServerProcess
) -> None:
    await (await sign_up("bob", alice.server)).close()
    invite = await link(alice)
    own_server.kill()
    seat = await sit_down("bob", link=invite)
    await seat.sees("You cannot come in now", "Nothing answers", "Try again (y)")
    own_server.start(own_server.url.removeprefix("http://"))
    await seat.press("y")
    await seat.sees("Message Attic")


async def test_a_wrong_link_stands_beside_the_invite_and_can_be_mended(
    sit_down: SitDown, alice: Agent
) -> None:
    good = await link(alice)
    seat = await sit_down("bob", link=good[:-4] + "beef")
    await seat.sees("Create account")
    await seat.type("bob")
    await seat.press("enter")
    await seat.type(PASSWORD)
    await seat.press("enter")
    await seat.sees("✗ This invite is not valid, or no longer.")
    form = seat.app.screen
    assert isinstance(form, Login)
    assert form.focused is form._field("invite").input
    await seat.press("ctrl+u")
    await seat.type(good)
    await seat.press("enter", "enter", "enter")
    await seat.sees("Message Attic")


async def test_a_server_by_invite_only_asks_for_one(
    tmp_path: Path, sit_down: SitDown, sign_up: SignUp
) -> None:
    with running_server(tmp_path / "closed", MESH_REGISTRATION="invite") as server:
        alice = await sign_up("alice", server.url)
        await alice.create_room("Attic", visibility="private")
        seat = await sit_down("bob", server.url)
        await seat.sees("Create account")
        await seat.press("ctrl+t")
        await seat.type("bob")
        await seat.press("enter")
        await seat.type(PASSWORD)
        await seat.press("enter")
        await seat.sees("Invite", "✗ This server takes new accounts by invite only.")
        await seat.type((await link(alice)).rpartition("/")[2])
        await seat.press("enter", "enter", "enter")
        await seat.sees("Message Attic")


async def test_another_server_than_the_profiles_is_one_more_account(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, alice: Agent, number: int
) -> None:
    elsewhere = await sign_up(f"bob{number}", shared_server)
    await elsewhere.close()
    seat = await sit_down(elsewhere.profile, link=await link(alice))
    await seat.sees("Create account", "you are invited")
    await seat.type("bob")
    await seat.press("enter")
    await seat.type(PASSWORD)
    await seat.press("enter")
    await seat.sees("Message Attic")
    await seat.app.action_quit()
    back = await sit_down(elsewhere.profile, shared_server)
    await back.sees("Your rooms", f"bob{number}")
