"""Search and direct messages, over a real server; and how a query is read."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_server.services.search import parse
from mesh_server.store.sqlite import SqliteStore
from protocol.errors import QueryInvalid
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, Refused, register

_names = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("search") / "data") as running:
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


async def found(person: Person, q: str, **more: Any) -> list[str]:
    page = await person.call("GET", "/api/search", q=q, **more)
    return [hit["message"]["content"] for hit in page["hits"]]


async def say(person: Person, room_id: str, *contents: str) -> list[str]:
    ids = []
    async with person.socket() as socket:
        for content in contents:
            ack = await socket.say(room_id, content, nonce=f"n{next(_names)}")
            ids.append(ack["message_id"])
    return ids


# ── searching ────────────────────────────────────────────────────────────────────────────────────


async def test_words_prefixes_and_phrases(alice: Person) -> None:
    room_id = await alice.create_room(f"kitchen {next(_names)}")
    await say(alice, room_id, "The soup is hot", "Hot coffee, no soup", "Crème brûlée for everyone")
    assert await found(alice, "soup") == ["Hot coffee, no soup", "The soup is hot"]
    assert await found(alice, "soup hot") == ["Hot coffee, no soup", "The soup is hot"]
    assert await found(alice, '"soup is"') == ["The soup is hot"]
    assert await found(alice, "cof") == ["Hot coffee, no soup"]
    assert await found(alice, "creme BRULEE") == ["Crème brûlée for everyone"]
    assert await found(alice, "soup cake") == []


async def test_filters_narrow_it_down(alice: Person, bob: Person) -> None:
    number = next(_names)
    kitchen = await alice.create_room(f"kitchen {number}")
    attic = await alice.create_room(f"attic {number}")
    await bob.join(kitchen)
    await say(alice, kitchen, "lunch by alice")
    await say(bob, kitchen, "lunch by bob")
    await say(alice, attic, "lunch in the attic")
    assert await found(alice, f"lunch from:{bob.name}") == ["lunch by bob"]
    assert await found(alice, "lunch", **{"from": f"@{bob.name}"}) == ["lunch by bob"]
    assert await found(alice, "lunch", room_id=attic) == ["lunch in the attic"]
    assert await found(alice, "lunch before:2020-01-01") == []
    assert len(await found(alice, "lunch after:2020-01-01")) == 3


async def test_only_my_rooms_are_searched(alice: Person, bob: Person) -> None:
    attic = await alice.create_room(f"attic {next(_names)}", visibility="private")
    lobby = await alice.create_room(f"lobby {next(_names)}")
    await say(alice, attic, "sesame one")
    await say(alice, lobby, "sesame two")
    assert await found(bob, "sesame") == []
    await bob.join(lobby)
    assert await found(bob, "sesame") == ["sesame two"]
    await bob.call("POST", f"/api/rooms/{lobby}/leave")
    assert await found(bob, "sesame") == []
    for room_id, code in ((attic, "room.not_found"), (lobby, "room.not_member")):
        with pytest.raises(Refused) as refused:
            await found(bob, "sesame", room_id=room_id)
        assert refused.value.code == code


async def test_pages_go_on_from_the_cursor(alice: Person) -> None:
    room_id = await alice.create_room(f"kitchen {next(_names)}")
    await say(alice, room_id, *[f"pancake {number}" for number in range(7)])
    seen: list[str] = []
    cursor: Json = {}
    while True:
        page = await alice.call("GET", "/api/search", q="pancake", limit=3, **cursor)
        seen += [hit["message"]["content"] for hit in page["hits"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"pancake {number}" for number in reversed(range(7))]


async def test_what_was_edited_or_deleted_is_not_found_any_more(alice: Person) -> None:
    room_id = await alice.create_room(f"kitchen {next(_names)}")
    edited, deleted = await say(alice, room_id, "marmalade one", "marmalade two")
    assert len(await found(alice, "marmalade")) == 2
    async with alice.socket() as socket:
        place = {"room_id": room_id}
        await socket.ask("chat.message.edit", **place, message_id=edited, content="honey")
        await socket.ask("chat.message.delete", **place, message_id=deleted)
    assert await found(alice, "marmalade") == []
    assert await found(alice, "honey") == ["honey"]


@pytest.mark.parametrize(
    "query",
    [
        {"q": ""},
        {"q": "from:alice"},
        {"q": "?!"},
        {"q": "x" * 201},
        {"q": "soup before:yesterday"},
        {"q": "soup", "after": "2026-13-01"},
        {"q": "soup", "limit": "0"},
        {"q": "soup", "cursor": "first"},
    ],
)
async def test_a_query_that_cannot_be_read_is_refused(alice: Person, query: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        await alice.call("GET", "/api/search", **query)
    assert (refused.value.status, refused.value.code) == (422, "query.invalid")


@pytest.mark.parametrize(
    "q", ['a" OR "b', "NEAR(a b)", "a* AND", "content:a", "^a", "-a", "a AND (b", "{a} : b"]
)
async def test_nothing_typed_is_a_command_of_the_index(alice: Person, q: str) -> None:
    assert await found(alice, q) == []


@given(st.text(max_size=200))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    try:
        query = parse(text, {})
    except QueryInvalid:
        return
    assert query.words.count('"') % 2 == 0


async def test_deleted_words_leave_the_index_for_good(server: ServerProcess, alice: Person) -> None:
    room_id = await alice.create_room(f"attic {next(_names)}")
    (message_id,) = await say(alice, room_id, "quuxword must vanish")
    assert len(await found(alice, "quuxword")) == 1
    async with alice.socket() as socket:
        await socket.ask("chat.message.delete", room_id=room_id, message_id=message_id)
    server.stop()
    store = SqliteStore.open(server.folder)
    while await store.search.purge():
        pass
    await store.close()
    assert b"quuxword" not in (server.folder / "mesh.db").read_bytes()
    server.start(server.url.removeprefix("http://"))


# ── direct messages ──────────────────────────────────────────────────────────────────────────────


async def test_the_one_room_of_two_people(alice: Person, bob: Person) -> None:
    async with bob.socket() as his:
        hers = await alice.call("POST", "/api/dms", {"username": bob.name})
        assert (hers["kind"], hers["visibility"], hers["name"]) == ("dm", "private", bob.name)
        assert hers["dm_with"] == {"id": bob.user_id, "username": bob.name}
        joined = await his.wait("room.joined")
        assert joined["room"]["name"] == alice.name
        assert {member["username"] for member in joined["members"]} == {alice.name, bob.name}
    again = await bob.call("POST", "/api/dms", {"username": alice.name})
    assert (again["id"], again["name"]) == (hers["id"], alice.name)
    await say(alice, hers["id"], "psst")
    (room,) = (await bob.call("GET", "/api/rooms"))["rooms"]
    assert (room["id"], room["unread"]) == (hers["id"], 1)


async def test_a_dm_is_closed_to_everyone_else_and_cannot_be_left(
    server: ServerProcess, http: aiohttp.ClientSession, alice: Person, bob: Person
) -> None:
    dm = await alice.call("POST", "/api/dms", {"username": bob.name})
    stranger = await register(http, server.url, f"user.{next(_names)}")
    for method, path in (("POST", "join"), ("GET", "members"), ("GET", "messages")):
        with pytest.raises(Refused) as refused:
            await stranger.call(method, f"/api/rooms/{dm['id']}/{path}")
        assert refused.value.code == "room.not_found"
    public = (await stranger.call("GET", "/api/rooms", scope="public"))["rooms"]
    assert dm["id"] not in {room["id"] for room in public}
    with pytest.raises(Refused) as refused:
        await bob.call("POST", f"/api/rooms/{dm['id']}/leave")
    assert refused.value.code == "room.forbidden"


async def test_a_dm_with_nobody(alice: Person) -> None:
    for name in ("nobody-of-this-name", alice.name, "", "not a name"):
        with pytest.raises(Refused) as refused:
            await alice.call("POST", "/api/dms", {"username": name})
        assert refused.value.code == "user.not_found"


async def test_two_who_write_to_each_other_at_once_get_one_room(alice: Person, bob: Person) -> None:

    rooms = await asyncio.gather(
        *(
            asker.call("POST", "/api/dms", {"username": other.name})
            for asker, other in [(alice, bob), (bob, alice)] * 5
        )
    )
    assert len({room["id"] for room in rooms}) == 1
