"""Edits, deletions, pins, reactions and threads, over the WebSocket of a real server."""

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from protocol import limits
from tests.support.conditions import next_millisecond
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, Refused, Socket, register

_names = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("edits") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def alice(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await register(http, server.url, f"alice.{next(_names)}")


@pytest.fixture
async def bob(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await register(http, server.url, f"bob.{next(_names)}")


@pytest.fixture
async def room_id(alice: Person, bob: Person) -> str:
    """Alice owns it, bob is in it; its `rev` is 1."""
    room_id = await alice.create_room(f"Test Chat {next(_names)}")
    await bob.join(room_id)
    return room_id


async def say(socket: Socket, room_id: str, content: str = "Hello!", **more: str) -> str:
    nonce = f"n{next(_names)}"
    ack = await socket.ask("chat.message.send", room_id=room_id, nonce=nonce, content=content, **more)
    assert ack["type"] == "chat.message.ack", ack
    return str(ack["message_id"])


async def page(person: Person, room_id: str, **query: Any) -> list[Json]:
    found = await person.call("GET", f"/api/rooms/{room_id}/messages", **query)
    messages: list[Json] = found["messages"]
    return messages


# ── editing ──────────────────────────────────────────────────────────────────────────────────────


async def test_an_edit_reaches_everyone_and_moves_the_rev(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        message_id = await say(his, room_id, "Helo!")
        edited = await his.ask("chat.message.edit", room_id=room_id, message_id=message_id, content="Hello!")
        assert edited["type"] == "chat.message.edited"
        seen = await hers.wait("chat.message.edited")
        assert "re" not in seen
        for message in (edited["message"], seen["message"], (await page(alice, room_id))[0]):
            assert (message["id"], message["content"]) == (message_id, "Hello!")
            assert (message["seq"], message["rev"]) == (1, 3)
            assert message["edited_at"]
        assert "chat.message.edited" not in [m["type"] for m in await his.settle()]


async def test_nobody_edits_what_another_wrote(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        message_id = await say(his, room_id)
        # Alice owns the room; that makes no difference.
        edit = {"room_id": room_id, "message_id": message_id, "content": "I was wrong."}
        assert (await hers.ask("chat.message.edit", **edit))["code"] == "chat.not_author"


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "chat.content_empty"), ("x" * (limits.CONTENT_CHARS + 1), "chat.content_too_long")],
)
async def test_an_edit_has_the_bounds_of_a_message(
    bob: Person, room_id: str, content: str, code: str
) -> None:
    async with bob.socket() as his:
        message_id = await say(his, room_id)
        edit = {"room_id": room_id, "message_id": message_id, "content": content}
        assert (await his.ask("chat.message.edit", **edit))["code"] == code


async def test_an_edit_that_changes_nothing_takes_no_rev(bob: Person, room_id: str) -> None:
    async with bob.socket() as his:
        message_id = await say(his, room_id, "Hello!")
        edited = await his.ask("chat.message.edit", room_id=room_id, message_id=message_id, content="Hello!")
        assert edited["message"]["rev"] == 2
        assert "edited_at" not in edited["message"]


async def test_moderators_read_what_it_said_before(alice: Person, bob: Person, room_id: str) -> None:
    async with bob.socket() as his:
        message_id = await say(his, room_id, "one")
        for content in ("two", "three"):
            await next_millisecond()  # or the second takes the place of the first
            await his.ask("chat.message.edit", room_id=room_id, message_id=message_id, content=content)
    path = f"/api/rooms/{room_id}/messages/{message_id}/versions"
    versions = (await alice.call("GET", path))["versions"]
    assert [version["content"] for version in versions] == ["one", "two"]
    with pytest.raises(Refused) as refused:
        await bob.call("GET", path)
    assert refused.value.code == "room.forbidden"


async def test_only_so_many_versions_are_kept(alice: Person, room_id: str) -> None:
    async with alice.socket() as hers:
        message_id = await say(hers, room_id, "0")
        for number in range(1, limits.MESSAGE_VERSIONS + 4):
            await hers.ask("chat.message.edit", room_id=room_id, message_id=message_id, content=str(number))
    path = f"/api/rooms/{room_id}/messages/{message_id}/versions"
    versions = (await alice.call("GET", path))["versions"]
    # Edits of one millisecond replace each other, so there may be fewer.
    assert len(versions) <= limits.MESSAGE_VERSIONS
    assert versions[-1]["content"] == str(limits.MESSAGE_VERSIONS + 2)


async def test_a_resend_after_an_edit_or_a_deletion_is_still_the_same_message(
    bob: Person, room_id: str
) -> None:
    async with bob.socket() as his:
        first = await his.say(room_id, "Hello!", nonce="once")
        place = {"room_id": room_id, "message_id": first["message_id"]}
        for type_, more in (("edit", {"content": "Hi!"}), ("delete", {})):
            await his.ask(f"chat.message.{type_}", **place, **more)
            again = await his.say(room_id, "Hello!", nonce="once")
            assert again["message_id"] == first["message_id"]


# ── deleting ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("by", ["author", "owner"])
async def test_deleting_leaves_the_place_only(alice: Person, bob: Person, room_id: str, by: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        message_id = await say(his, room_id, "a secret")
        place = {"room_id": room_id, "message_id": message_id}
        await his.ask("chat.message.edit", **place, content="a secret, edited")
        await hers.ask("chat.reaction.add", **place, reaction="👍")
        await hers.ask("chat.message.pin", **place)
        asking, hearing = (his, hers) if by == "author" else (hers, his)
        deleted = await asking.ask("chat.message.delete", **place)
        assert deleted["type"] == "chat.message.deleted"
        for message in (deleted["message"], (await hearing.wait("chat.message.deleted"))["message"]):
            assert (message["deleted"], message["content"]) == (True, "")
            assert not {"reactions", "pinned", "mentions"} & set(message)
        assert (await page(alice, room_id))[0]["content"] == ""
        versions = await alice.call("GET", f"/api/rooms/{room_id}/messages/{message_id}/versions")
        assert versions["versions"] == []
        assert (await alice.call("GET", f"/api/rooms/{room_id}/pins"))["messages"] == []
        for type_ in ("chat.message.delete", "chat.message.pin"):
            assert (await hers.ask(type_, **place))["code"] == "chat.message_not_found"


async def test_a_member_does_not_delete_what_another_wrote(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        message_id = await say(hers, room_id)
        refused = await his.ask("chat.message.delete", room_id=room_id, message_id=message_id)
        assert refused["code"] == "room.forbidden"


async def test_deleted_messages_are_not_unread(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers:
        ids = [await say(hers, room_id, f"number {number}") for number in range(3)]
        await hers.ask("chat.message.delete", room_id=room_id, message_id=ids[1])
    (room,) = (await bob.call("GET", "/api/rooms"))["rooms"]
    assert (room["last_seq"], room["unread"]) == (3, 2)


async def test_deleted_text_is_gone_from_the_files(
    server: ServerProcess, alice: Person, room_id: str
) -> None:
    secret = "xyzzy-the-only-copy"
    async with alice.socket() as hers:
        message_id = await say(hers, room_id, secret)
        await hers.ask(
            "chat.message.edit", room_id=room_id, message_id=message_id, content=f"{secret} edited"
        )
        await hers.ask("chat.message.delete", room_id=room_id, message_id=message_id)
    server.stop()
    try:
        for file in server.folder.iterdir():
            assert secret.encode() not in file.read_bytes(), file
    finally:
        server.start(server.url.removeprefix("http://"))


# ── reactions and pins ───────────────────────────────────────────────────────────────────────────


async def test_reactions_come_and_go(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        message_id = await say(hers, room_id)
        place = {"room_id": room_id, "message_id": message_id}
        updated = await his.ask("chat.reaction.add", **place, reaction="🎉")
        assert (updated["type"], updated["message_id"]) == ("chat.reaction.updated", message_id)
        assert (updated["message"]["seq"], updated["message"]["rev"]) == (1, 3)
        assert updated["reactions"] == [{"reaction": "🎉", "users": [bob.user_id]}]
        assert (await hers.wait("chat.reaction.updated"))["reactions"] == updated["reactions"]
        again = await his.ask("chat.reaction.add", **place, reaction="🎉")
        assert again["message"]["rev"] == 3
        await next_millisecond()  # or it is the ids that say who came first
        both = await hers.ask("chat.reaction.add", **place, reaction="🎉")
        assert both["reactions"] == [{"reaction": "🎉", "users": [bob.user_id, alice.user_id]}]
        assert (await page(bob, room_id))[0]["reactions"] == both["reactions"]
        gone = await his.ask("chat.reaction.remove", **place, reaction="🎉")
        assert gone["reactions"] == [{"reaction": "🎉", "users": [alice.user_id]}]


@pytest.mark.parametrize("reaction", ["", " ", "two words", "\u202e", "\n", "x" * 33])
async def test_what_is_no_reaction(alice: Person, room_id: str, reaction: str) -> None:
    async with alice.socket() as hers:
        message_id = await say(hers, room_id)
        refused = await hers.ask(
            "chat.reaction.add", room_id=room_id, message_id=message_id, reaction=reaction
        )
        assert refused["code"] == "chat.invalid_reaction"


async def test_reactions_are_bounded(alice: Person, room_id: str) -> None:
    async with alice.socket() as hers:
        place = {"room_id": room_id, "message_id": await say(hers, room_id)}
        for number in range(limits.REACTIONS):
            added = await hers.ask("chat.reaction.add", **place, reaction=f"r{number}")
            assert added["type"] == "chat.reaction.updated"
        refused = await hers.ask("chat.reaction.add", **place, reaction="one.more")
        assert refused["code"] == "chat.too_many_reactions"


async def test_pins_are_the_moderators(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        place = {"room_id": room_id, "message_id": await say(his, room_id)}
        assert (await his.ask("chat.message.pin", **place))["code"] == "room.forbidden"
        assert (await hers.ask("chat.message.pin", **place))["message"]["pinned"] is True
        assert (await his.wait("chat.message.pinned"))["message"]["pinned"] is True
        pins = (await bob.call("GET", f"/api/rooms/{room_id}/pins"))["messages"]
        assert [message["id"] for message in pins] == [place["message_id"]]
        await hers.ask("chat.message.pin", **place, pinned=False)
        assert (await alice.call("GET", f"/api/rooms/{room_id}/pins"))["messages"] == []


# ── threads, strangers, resuming ─────────────────────────────────────────────────────────────────


async def test_a_thread_is_its_root_and_what_hangs_on_it(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        root = await say(hers, room_id, "What is for lunch?")
        await say(his, room_id, "something else")
        await say(his, room_id, "Soup.", thread=root)
        await say(hers, room_id, "Again?", thread=root)
    found = await page(bob, room_id, thread=root)
    assert [message["content"] for message in found] == ["What is for lunch?", "Soup.", "Again?"]


async def test_around_and_thread_do_not_go_together(alice: Person, room_id: str) -> None:
    with pytest.raises(Refused) as refused:
        await page(alice, room_id, thread="x", around=1)
    assert refused.value.code == "query.invalid"


async def test_strangers_change_nothing(
    server: ServerProcess, http: aiohttp.ClientSession, alice: Person, room_id: str
) -> None:
    stranger = await register(http, server.url, f"user.{next(_names)}")
    async with alice.socket() as hers, stranger.socket() as theirs:
        place = {"room_id": room_id, "message_id": await say(hers, room_id)}
        for type_, more in (
            ("chat.message.edit", {"content": "mine now"}),
            ("chat.message.delete", {}),
            ("chat.message.pin", {}),
            ("chat.reaction.add", {"reaction": "👍"}),
            ("chat.reaction.remove", {"reaction": "👍"}),
        ):
            assert (await theirs.ask(type_, **place, **more))["code"] == "room.not_member", type_
            elsewhere = {**place, "room_id": "nowhere"}
            assert (await hers.ask(type_, **elsewhere, **more))["code"] == "room.not_found", type_
    for path in ("pins", f"messages/{place['message_id']}/versions"):
        with pytest.raises(Refused) as refused:
            await stranger.call("GET", f"/api/rooms/{room_id}/{path}")
        assert refused.value.code == "room.not_member"


async def test_who_comes_back_gets_each_message_as_it_is_now(
    alice: Person, bob: Person, room_id: str
) -> None:
    async with alice.socket() as hers:
        ids = [await say(hers, room_id, f"number {number}") for number in range(4)]
        await hers.ask("chat.message.edit", room_id=room_id, message_id=ids[0], content="edited")
        await hers.ask("chat.message.delete", room_id=room_id, message_id=ids[1])
        await hers.ask("chat.reaction.add", room_id=room_id, message_id=ids[0], reaction="👍")
    # Bob held everything up to the third message.
    async with bob.socket(resume={room_id: 4}) as his:
        await his.wait("room.resumed")
        replayed = [m["message"] for m in his.seen if m["type"] == "chat.message.created"]
        assert [(m["seq"], m["rev"], m["content"]) for m in replayed] == [
            (4, 5, "number 3"),
            (2, 7, ""),
            (1, 8, "edited"),
        ]
        assert replayed[2]["reactions"] == [{"reaction": "👍", "users": [alice.user_id]}]
