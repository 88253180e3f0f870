"""The agent with a real server: rooms, messages, members, read markers, and all of it over again."""

import asyncio

import aiohttp
import pytest

from mesh_agent.agent import Agent
from mesh_agent.client.errors import AlreadySignedIn, NoServer, OutgoingUnknown, SignInNeeded, Unreachable
from mesh_agent.client.finding import find_room
from mesh_agent.client.state import (
    Connected,
    ConnectionChanged,
    HistoryReset,
    MembersChanged,
    MessageReceived,
    OutgoingChanged,
    OutgoingDiscarded,
    RoomGone,
    RoomsChanged,
    SignedOut,
    TypingSeen,
    Waiting,
)
from protocol import limits
from protocol.errors import (
    ContentEmpty,
    ContentTooLong,
    CredentialsInvalid,
    NotMember,
    PasswordInvalid,
    ReferenceUnknown,
    RoomNameTaken,
    RoomNotFound,
    UsernameTaken,
)
from protocol.rest import UpdateRoomRequest
from tests.agent.conftest import PASSWORD, OpenAgent, SignUp
from tests.agent.events import Listener
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess
from tests.support.wire import Person, call


@pytest.fixture
async def alice(shared_server: str, sign_up: SignUp) -> Agent:
    return await sign_up(shared_server, "alice")


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp) -> Agent:
    return await sign_up(shared_server, "bob")


def signed_in(agent: Agent) -> bool:
    return agent.user is not None


def room_name(agent: Agent, name: str = "Test Chat") -> str:
    """A room's name that no other test on the shared server has."""
    return f"{name} of {agent.profile}"


async def make_room(alice: Agent, *others: Agent) -> str:
    room_id = (await alice.create_room(room_name(alice))).id
    for other in others:
        await other.join(room_id)
        await other.wait_current(room_id)
    return room_id


async def say(agent: Agent, room_id: str, *texts: str) -> None:
    for text in texts:
        outgoing = await agent.send(room_id, text)
        assert await agent.sent(outgoing.nonce, PATIENCE_S) is not None


# ── the account ──────────────────────────────────────────────────────────────────────────────────


async def test_signing_up_in_and_out(shared_server: str, open_agent: OpenAgent) -> None:
    agent = await open_agent("someone", shared_server)
    assert not signed_in(agent)
    assert agent.connection == SignedOut()
    user = await agent.register("someone", PASSWORD)
    assert user.username == "someone"
    assert agent.user == user
    await agent.wait_connected(PATIENCE_S)
    await agent.logout()
    assert not signed_in(agent)
    assert (agent.connection, agent.rooms()) == (SignedOut(), [])
    with pytest.raises(SignInNeeded):
        await agent.wait_connected(PATIENCE_S)
    with pytest.raises(CredentialsInvalid):
        await agent.login("someone", "wrong password")
    await agent.login("SOMEONE", PASSWORD)
    await agent.wait_connected(PATIENCE_S)


async def test_refusals_of_an_account_are_the_servers_own(
    shared_server: str, alice: Agent, open_agent: OpenAgent
) -> None:
    agent = await open_agent("other", shared_server)
    with pytest.raises(UsernameTaken):
        await agent.register(alice.profile.upper(), PASSWORD)
    for password in ("short", "lone \ud800 surrogate"):
        with pytest.raises(PasswordInvalid):
            await agent.register("other", password)
    with pytest.raises(AlreadySignedIn) as refused:
        await alice.login(alice.profile, PASSWORD)
    assert alice.profile in refused.value.message


async def test_without_a_server_or_a_session_it_says_so(open_agent: OpenAgent) -> None:
    agent = await open_agent("nobody")
    with pytest.raises(NoServer):
        await agent.login("nobody", PASSWORD)
    for attempt in (agent.public_rooms(), agent.send("r", "x"), agent.members("r"), agent.history("r")):
        with pytest.raises(SignInNeeded):
            await attempt
    await agent.start()
    assert agent.connection == SignedOut()
    assert (agent.rooms(), agent.outgoing("r")) == ([], [])
    agent.typing("r")


async def test_a_device_that_is_signed_out_elsewhere_says_so(shared_server: str, alice: Agent) -> None:
    heard = Listener(alice)
    async with aiohttp.ClientSession() as http:
        body = {"username": alice.profile, "password": PASSWORD}
        session = await call(http, shared_server, "POST", "/api/auth/login", body)
        other = Person(shared_server, http, session)
        devices = (await other.call("GET", "/api/auth/devices"))["devices"]
        (hers,) = [device for device in devices if not device.get("current")]
        await other.call("DELETE", f"/api/auth/devices/{hers['id']}")
    ended = await heard.wait(ConnectionChanged, lambda event: isinstance(event.state, SignedOut))
    assert isinstance(ended.state, SignedOut)
    assert "signed out" in ended.state.reason
    assert alice.user is None
    with pytest.raises(SignInNeeded):
        await alice.send("r", "x")
    await alice.login(alice.profile, PASSWORD)
    await alice.wait_connected(PATIENCE_S)


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────


async def test_rooms_are_created_found_joined_and_left(alice: Agent, bob: Agent) -> None:
    created = await alice.create_room(room_name(alice), topic="Anything\ngoes")
    assert (created.topic, created.my_role) == ("Anything goes", "owner")
    assert alice.rooms() == [created]
    assert alice.room(created.name.upper()).id == alice.room(created.id).id == created.id
    with pytest.raises(RoomNameTaken):
        await bob.create_room(created.name.upper())
    with pytest.raises(RoomNotFound):
        bob.room(created.id)
    found = find_room(await bob.public_rooms(), created.name)
    heard = Listener(bob)
    assert (await bob.join(found.id)).id == created.id
    assert [mine.id for mine in bob.rooms()] == [created.id]
    await until(lambda: alice.room(created.id).member_count == 2, "alice to see that bob joined")
    await bob.leave(created.id)
    assert bob.rooms() == []
    assert await heard.wait(RoomGone) == RoomGone(created.id)
    await until(lambda: alice.room(created.id).member_count == 1, "alice to see that bob left")
    for attempt in (bob.history(created.id), bob.members(created.id), bob.send(created.id, "x")):
        with pytest.raises(NotMember):
            await attempt


async def test_a_private_room_is_not_in_the_directory(alice: Agent, bob: Agent) -> None:
    private = await alice.create_room(room_name(alice, "Private"), visibility="private")
    assert private.id not in {known.id for known in await bob.public_rooms()}


async def test_a_directory_of_more_than_a_page_is_listed_whole(alice: Agent, bob: Agent) -> None:
    made = {
        (await alice.create_room(room_name(alice, str(number)))).id for number in range(limits.PAGE_MAX + 5)
    }
    listed = [room.id for room in await bob.public_rooms()]
    assert made <= set(listed)
    assert len(listed) == len(set(listed))


async def test_two_agents_of_one_person_share_rooms_messages_and_markers(
    shared_server: str, alice: Agent, bob: Agent, open_agent: OpenAgent
) -> None:
    phone = await open_agent("phone", shared_server)
    await phone.login(alice.profile, PASSWORD)
    await phone.wait_connected(PATIENCE_S)
    heard = Listener(phone)
    room_id = await make_room(alice, bob)
    await until(lambda: phone.rooms(), "the room on the other device")
    await say(alice, room_id, "from one device")
    await say(bob, room_id, "from another person")
    await heard.wait_texts(room_id, "from one device", "from another person")
    assert all(event.nonce is None for event in heard.of(MessageReceived))
    assert phone.room(room_id).unread == 1
    await alice.mark_read(room_id, 2)
    await until(lambda: phone.room(room_id).unread == 0, "the marker on the other device")
    await alice.leave(room_id)
    await until(lambda: not phone.rooms(), "the room to go on the other device")


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_is_shown_as_outgoing_and_comes_back_once(alice: Agent, bob: Agent) -> None:
    room_id = await make_room(alice, bob)
    mine, others = Listener(alice), Listener(bob)
    outgoing = await alice.send(room_id, "Hello!")
    assert (outgoing.state, outgoing.content) == ("pending", "Hello!")
    sent = await alice.sent(outgoing.nonce, PATIENCE_S)
    assert sent is not None
    await others.wait_texts(room_id, "Hello!")
    await mine.wait_texts(room_id, "Hello!")
    assert mine.of(OutgoingChanged) == [OutgoingChanged(outgoing)]
    (received,) = mine.of(MessageReceived)
    assert (received.nonce, received.message.id, received.message.seq) == (outgoing.nonce, sent.id, sent.seq)
    assert [event.nonce for event in others.of(MessageReceived)] == [None]
    assert alice.outgoing(room_id) == []
    assert await alice.sent(outgoing.nonce, PATIENCE_S) is not None


async def test_many_messages_arrive_in_the_order_typed(alice: Agent, bob: Agent) -> None:
    room_id = await make_room(alice, bob)
    heard = Listener(bob)
    texts = [f"line {number}" for number in range(60)]
    for text in texts:
        await alice.send(room_id, text)
    await heard.wait_texts(room_id, *texts)


async def test_what_would_be_refused_is_not_kept(alice: Agent) -> None:
    room_id = await make_room(alice)
    with pytest.raises(ContentEmpty):
        await alice.send(room_id, " \n\x1b\u200e")
    with pytest.raises(ContentTooLong):
        await alice.send(room_id, "x" * (limits.CONTENT_CHARS + 1))
    with pytest.raises(NotMember):
        await alice.send("elsewhere", "x")
    assert alice.outgoing(room_id) == []
    await say(alice, room_id, "x" * limits.CONTENT_CHARS, "😀" * limits.CONTENT_CHARS)


async def test_a_refused_message_stays_until_it_is_discarded_or_sent_again(alice: Agent) -> None:
    room_id = await make_room(alice)
    heard = Listener(alice)
    outgoing = await alice.send(room_id, "an answer to nothing", reply_to="never-there")
    with pytest.raises(ReferenceUnknown):
        await alice.sent(outgoing.nonce, PATIENCE_S)
    (failed,) = alice.outgoing(room_id)
    assert (failed.state, bool(failed.error)) == ("failed", True)
    await say(alice, room_id, "it holds up nobody")
    await alice.retry(outgoing.nonce)
    await until(lambda: len(heard.of(OutgoingChanged)) == 5, "a second refusal")
    states = [event.outgoing.state for event in heard.of(OutgoingChanged)]
    assert states == ["pending", "failed", "pending", "pending", "failed"]
    await alice.discard(outgoing.nonce)
    assert alice.outgoing(room_id) == []
    assert await heard.wait(OutgoingDiscarded) == OutgoingDiscarded(room_id, outgoing.nonce)
    for attempt in (alice.retry(outgoing.nonce), alice.discard(outgoing.nonce), alice.sent(outgoing.nonce)):
        with pytest.raises(OutgoingUnknown):
            await attempt


async def test_a_message_that_is_taken_only_later_says_why_it_waits(alice: Agent, bob: Agent) -> None:
    room_id = await make_room(alice, bob)
    await alice.order.update(room_id, UpdateRoomRequest(slow_mode_s=3_600))
    await say(bob, room_id, "first")
    heard = Listener(bob)
    too_soon = await bob.send(room_id, "second")
    await until(lambda: len(heard.of(OutgoingChanged)) == 2, "a refusal for now")
    assert bob.outgoing(room_id) == [heard.of(OutgoingChanged)[-1].outgoing]
    (waiting,) = bob.outgoing(room_id)
    assert (waiting.nonce, waiting.state) == (too_soon.nonce, "pending")
    assert "slow mode" in waiting.error


async def test_history_is_read_page_by_page_from_the_server_and_then_from_the_file(
    shared_server: str, alice: Agent, bob: Agent, open_agent: OpenAgent
) -> None:
    room_id = await make_room(alice)
    await say(alice, room_id, *(f"{number}" for number in range(1, 31)))
    await bob.join(room_id)
    newest = await bob.history(room_id, limit=10)
    assert [message.seq for message in newest.messages] == list(range(21, 31))
    assert newest.has_more
    older = await bob.history(room_id, before=21, limit=30)
    assert [message.seq for message in older.messages] == list(range(1, 21))
    assert not older.has_more
    assert await bob.history(room_id, before=1) == await bob.history(room_id, after=30)
    middle = await bob.history(room_id, after=10, limit=5)
    assert [message.content for message in middle.messages] == ["11", "12", "13", "14", "15"]
    assert middle.has_more
    await bob.close()

    offline = await open_agent(bob.profile)  # opened, not started: what it shows comes from the file
    assert await offline.history(room_id, limit=10) == newest
    assert [known.id for known in offline.rooms()] == [room_id]


async def test_unread_and_mentions_follow_what_is_read(alice: Agent, bob: Agent) -> None:
    room_id = await make_room(alice, bob)
    heard = Listener(bob)
    await say(alice, room_id, "1", "2", "3", "4")
    await heard.wait_texts(room_id, "1", "2", "3", "4")
    assert bob.room(room_id).unread == 4
    await bob.mark_read(room_id, 1)
    assert (bob.room(room_id).read_seq, bob.room(room_id).unread) == (1, 3)
    await bob.mark_read(room_id, 10**9)
    await bob.mark_read(room_id, 2)
    assert (bob.room(room_id).read_seq, bob.room(room_id).unread) == (4, 0)
    with pytest.raises(NotMember):
        await bob.mark_read("elsewhere", 1)
    await until(lambda: not bob._signed_in().markers.untold(), "the server to know")
    (listed,) = [known for known in await bob.fetch_rooms() if known.id == room_id]
    assert (listed.read_seq, listed.unread) == (4, 0)


async def test_the_list_of_rooms_is_published_with_its_last_state(alice: Agent, bob: Agent) -> None:
    room_id = await make_room(alice, bob)
    heard = Listener(bob)
    await say(alice, room_id, *(str(number) for number in range(20)))
    await until(lambda: heard.of(RoomsChanged) and heard.of(RoomsChanged)[-1].rooms[0].unread == 20)
    assert len(heard.of(RoomsChanged)) <= 21


# ── people ───────────────────────────────────────────────────────────────────────────────────────


async def test_members_and_their_presence_are_live(alice: Agent, bob: Agent) -> None:
    room_id = await make_room(alice)
    heard = Listener(alice)
    assert [member.username for member in await alice.members(room_id)] == [alice.profile]
    await bob.join(room_id)

    def shows(presence: str | None) -> bool:
        latest = heard.of(MembersChanged)[-1:]
        seen = [member.presence for event in latest for member in event.members]
        names = [member.username for event in latest for member in event.members]
        return bool(latest) and (
            names == [alice.profile] if presence is None else seen == ["online", presence]
        )

    await until(lambda: shows("online"), "bob to be among the members")
    await bob.set_presence("busy")
    await until(lambda: shows("busy"), "bob to be busy")
    await bob.close()
    await until(lambda: shows("offline"), "bob to be gone")
    assert [member.presence for member in await alice.members(room_id)] == ["online", "offline"]


async def test_who_hides_is_offline_to_the_others_whatever_is_chosen(alice: Agent, bob: Agent) -> None:
    room_id = await make_room(alice, bob)
    heard = Listener(alice)

    def shows(presence: str) -> bool:
        latest = heard.of(MembersChanged)[-1:]
        return bool(latest) and latest[0].members[1].presence == presence

    await alice.members(room_id)
    bob.hide_presence(True)
    await until(lambda: shows("offline"), "bob to be hidden")
    await bob.set_presence("busy")
    bob.hide_presence(False)
    await until(lambda: shows("busy"), "what bob has chosen to be seen")
    assert "online" not in {event.members[1].presence for event in heard.of(MembersChanged)}


async def test_who_hides_from_the_start_is_never_seen(
    shared_server: str, alice: Agent, open_agent: OpenAgent
) -> None:
    room_id = await make_room(alice)
    heard = Listener(alice)
    await alice.members(room_id)
    other = await open_agent(f"{alice.profile}x", shared_server)
    other.hide_presence(True)
    await other.register(other.profile, PASSWORD)
    await other.wait_connected(PATIENCE_S)
    await other.join(room_id)
    await other.send(room_id, "here, and not seen")
    await heard.wait_texts(room_id, "here, and not seen")
    await until(lambda: len(heard.of(MembersChanged)[-1].members) == 2, "both to be members")
    assert {event.members[-1].presence for event in heard.of(MembersChanged)} == {"offline"}


async def test_typing_is_seen_by_the_others_and_not_repeated(alice: Agent, bob: Agent) -> None:
    room_id = await make_room(alice, bob)
    heard, own = Listener(bob), Listener(alice)
    for _ in range(5):
        alice.typing(room_id)
    await say(alice, room_id, "typed")
    await heard.wait_texts(room_id, "typed")
    await until(lambda: heard.of(TypingSeen), "the typing, which may come after what was typed")
    assert [event.username for event in heard.of(TypingSeen)] == [alice.profile]
    assert own.of(TypingSeen) == []


# ── lines that break ─────────────────────────────────────────────────────────────────────────────


async def test_a_killed_server_costs_nothing(own_server: ServerProcess, sign_up: SignUp) -> None:
    alice, bob = await sign_up(own_server.url, "alice"), await sign_up(own_server.url, "bob")
    room_id = await make_room(alice, bob)
    await bob.members(room_id)
    await bob.set_presence("away")
    mine, others = Listener(alice), Listener(bob)
    await say(alice, room_id, "before")
    listen = own_server.url.removeprefix("http://")
    own_server.kill()
    await mine.wait(ConnectionChanged, lambda event: isinstance(event.state, Waiting))
    await others.wait(ConnectionChanged, lambda event: isinstance(event.state, Waiting))

    offline = await alice.send(room_id, "typed while it was down")
    await bob.mark_read(room_id, 1)
    assert alice.outgoing(room_id) == [offline]
    assert await alice.sent(offline.nonce, 0.01) is None
    assert [page.content for page in (await alice.history(room_id)).messages] == ["before"]
    around = await alice.conversation.around(room_id, 1, 50)
    assert [message.content for message in around.messages] == ["before"]
    members = await bob.members(room_id)
    assert {member.presence for member in members} == {"offline"}
    with pytest.raises(Unreachable):
        await alice.public_rooms()
    with pytest.raises(Unreachable) as refused:
        await alice.wait_connected(0.01)
    assert own_server.url in refused.value.message

    own_server.start(listen)
    await alice.reconnect_now()
    await bob.reconnect_now()
    assert await alice.sent(offline.nonce, PATIENCE_S) is not None
    await others.wait_texts(room_id, "before", "typed while it was down")
    await mine.wait_texts(room_id, "before", "typed while it was down")
    assert alice.outgoing(room_id) == []
    await until(lambda: not bob._signed_in().markers.untold(), "the server to know what was read")
    assert isinstance(bob.connection, Connected)
    await until(lambda: others.of(MembersChanged), "the members after the reconnect")
    await until(
        lambda: [member.presence for member in others.of(MembersChanged)[-1].members] == ["online", "away"],
        "everybody to be back",
    )


async def test_what_was_missed_arrives_once_and_in_order(
    shared_server: str, alice: Agent, bob: Agent, open_agent: OpenAgent
) -> None:
    room_id = await make_room(alice, bob)
    await say(alice, room_id, "1")
    await until(lambda: bob.room(room_id).last_seq == 1, "the first message")
    await bob.close()
    await say(alice, room_id, "2", "3")

    again = await open_agent(bob.profile)
    assert again.room(room_id).last_seq == 1
    heard = Listener(again)
    await again.start()
    await heard.wait_texts(room_id, "2", "3")
    assert again.room(room_id).unread == 3
    page = await again.history(room_id)
    assert [message.content for message in page.messages] == ["1", "2", "3"]


async def test_after_a_long_absence_the_room_starts_over(
    shared_server: str, alice: Agent, bob: Agent, open_agent: OpenAgent
) -> None:
    room_id = await make_room(alice, bob)
    await say(alice, room_id, "0")
    await until(lambda: bob.room(room_id).last_seq == 1, "the first message")
    await bob.members(room_id)
    await bob.close()
    count = limits.RESUME_MAX + 1
    await say(alice, room_id, *(str(number) for number in range(1, count + 1)))

    again = await open_agent(bob.profile)
    await again.history(room_id)
    heard = Listener(again)
    await again.start()
    await again.wait_current(room_id)
    assert heard.texts(room_id) == []
    assert heard.of(HistoryReset) == [HistoryReset(room_id)]
    assert [member.username for member in await again.members(room_id)] == [alice.profile, bob.profile]
    page = await again.history(room_id, limit=limits.PAGE_MAX)
    assert page.messages[-1].content == str(count)
    texts = [message.content for message in page.messages]
    while page.has_more:
        page = await again.history(room_id, before=page.messages[0].seq, limit=limits.PAGE_MAX)
        texts = [message.content for message in page.messages] + texts
    assert texts == [str(number) for number in range(count + 1)]


async def test_one_profile_in_two_programs_sends_everything_once(
    shared_server: str, alice: Agent, bob: Agent, open_agent: OpenAgent
) -> None:
    room_id = await make_room(alice, bob)
    heard = Listener(bob)
    beside = await open_agent(alice.profile)
    await beside.start()
    await beside.wait_connected(PATIENCE_S)
    texts = {f"{number}" for number in range(20)}
    await asyncio.gather(
        *((alice if int(text) % 2 else beside).send(room_id, text) for text in sorted(texts, key=int))
    )
    await until(lambda: len(heard.texts(room_id)) >= len(texts), "all of them")
    assert sorted(heard.texts(room_id)) == sorted(texts)
    await until(lambda: not (alice.outgoing(room_id) or beside.outgoing(room_id)), "both to know")


async def test_what_another_program_left_in_the_outbox_is_sent_too(
    own_server: ServerProcess, sign_up: SignUp, open_agent: OpenAgent
) -> None:
    alice = await sign_up(own_server.url, "alice")
    room_id = await make_room(alice)
    heard = Listener(alice)
    await alice.people()  # what is read from the disk comes after what was to be written: the room is on it
    beside = await open_agent(alice.profile)  # never started, as if it had died before it could send
    left = await beside.send(room_id, "left behind")
    listen = own_server.url.removeprefix("http://")
    own_server.kill()
    own_server.start(listen)
    await heard.wait(ConnectionChanged, lambda event: isinstance(event.state, Waiting))
    await alice.reconnect_now()
    await heard.wait_texts(room_id, "left behind")
    assert OutgoingChanged(left) in heard.events


async def test_signing_out_without_a_server_works_and_keeps_what_was_not_sent(
    own_server: ServerProcess, sign_up: SignUp
) -> None:
    alice = await sign_up(own_server.url, "alice")
    room_id = await make_room(alice)
    listen = own_server.url.removeprefix("http://")
    own_server.kill()
    heard = Listener(alice)
    await heard.wait(ConnectionChanged, lambda event: isinstance(event.state, Waiting))
    await alice.send(room_id, "not sent yet")
    await alice.logout()
    assert (alice.user, alice.rooms()) == (None, [])
    own_server.start(listen)
    await alice.login(alice.profile, PASSWORD)
    again = Listener(alice)
    await until(lambda: alice.rooms() and not alice.outgoing(room_id), "it to be sent")
    page = await alice.history(room_id)
    assert [message.content for message in page.messages] == ["not sent yet"]
    again.close()
