"""The blind relay: its rules without a network, then packets through a real server."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from mesh_server import relay as relay_module
from mesh_server.bus.base import DeviceRevoked, ToUser
from mesh_server.config import RelaySettings
from mesh_server.relay import QUEUE_BYTES, QUEUE_PACKETS, End, Inbox, Relay
from mesh_server.store.base import RelayUsage, SessionRecord, SideDevice, SideRecord
from protocol import limits
from protocol.close import CloseCode
from protocol.errors import RateLimited, RelayQuota
from protocol.rest import P2pEnd
from protocol.signals import SessionClosed
from tests.support.conditions import PATIENCE_S
from tests.support.raw_socket import Op, RawSocket, encode
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Person, Refused, call, refused, register

MIB = 1024 * 1024
DAY_MS = 86_400_000
NOON = 20_000 * DAY_MS + DAY_MS // 2


# ── the rules ────────────────────────────────────────────────────────────────────────────────────


class Time:
    """A wall clock (ms) and one that never runs back (s)."""

    def __init__(self) -> None:
        self.ms, self.s = NOON, 1000.0


def session(id_: str = "session", asker: str = "alice", peer: str = "bob") -> SessionRecord:
    def side(user: str) -> SideRecord:
        return SideRecord(user_id=user, username=user, devices=(SideDevice(id=f"{user}-laptop"),))

    return SessionRecord(
        id=id_,
        room_id="room",
        kind="file",
        asker=side(asker),
        peer=side(peer),
        created_at=0,
        expires_at=1,
        accepted_at=0,
        peer_device=f"{peer}-laptop",
    )


class House:
    """A relay, and how each end of it was closed."""

    def __init__(self, **settings: Any) -> None:
        self.time = Time()
        self.relay = Relay(RelaySettings(**settings), clock=lambda: self.time.ms, now=lambda: self.time.s)
        self.closed: list[tuple[str, CloseCode]] = []

    def join(self, user: str, record: SessionRecord | None = None) -> End:
        def close(code: CloseCode, _reason: str) -> None:
            self.closed.append((user, code))

        return self.relay.join(record or session(), f"{user}-laptop", close)


async def taken(inbox: Inbox) -> list[bytes]:
    """Everything that waits."""
    found = []
    while inbox.waiting_bytes:
        found.append(await inbox.take())
    return found


async def test_each_end_gets_what_the_other_sends() -> None:
    house = House()
    alice, bob = house.join("alice"), house.join("bob")
    house.relay.forward(alice, b"one")
    house.relay.forward(alice, b"two")
    house.relay.forward(bob, b"three")
    assert await taken(bob.inbox) == [b"one", b"two"]
    assert await taken(alice.inbox) == [b"three"]
    assert (house.relay.bytes, house.relay.packets, house.relay.sessions) == (11, 3, 1)


def test_what_went_before_counts() -> None:
    first = House(user_mib_a_day=1, rate_kib=0)
    first.relay.forward(first.join("alice"), bytes(MIB // 2))
    usage = first.relay.take_news()
    assert (usage.users, usage.sessions) == ({"alice": MIB // 2}, {"session": MIB // 2})
    again = House(user_mib_a_day=1, rate_kib=0)
    alice = again.join("alice")
    again.relay.forward(alice, bytes(MIB // 4))
    again.relay.all_told(usage)  # as soon as it was read, which is not at once
    news = again.relay.take_news()
    assert (news.users, news.sessions) == ({"alice": MIB // 4}, {"session": MIB // 4})
    again.relay.forward(alice, bytes(MIB // 4))
    assert again.closed == [("alice", CloseCode.RATE)]


def test_of_a_day_that_is_over_only_the_sessions_are_left() -> None:
    day = NOON // DAY_MS
    usage = RelayUsage(day=day, users={"alice": MIB}, sessions={"session": MIB // 2})
    tomorrow = House(user_mib_a_day=1, session_mib=1, rate_kib=0)
    tomorrow.time.ms += DAY_MS
    tomorrow.relay.forward(tomorrow.join("bob"), b"it is tomorrow")
    tomorrow.relay.all_told(usage)
    tomorrow.relay.forward(tomorrow.join("alice"), bytes(MIB // 4))
    assert tomorrow.closed == []
    tomorrow.relay.forward(tomorrow.join("alice"), bytes(MIB // 4))
    assert ("alice", CloseCode.RATE) in tomorrow.closed


def test_news_that_could_not_be_told_are_told_with_the_next() -> None:
    house = House(rate_kib=0)
    alice = house.join("alice")
    house.relay.forward(alice, b"1234")
    news = house.relay.take_news()
    house.relay.forward(alice, b"56")
    house.relay.untold(news)
    told = house.relay.take_news()
    assert (told.users, told.sessions) == ({"alice": 6}, {"session": 6})
    assert house.relay.take_news() == RelayUsage(day=NOON // DAY_MS)


def test_what_others_have_relayed_counts_too_and_nothing_counts_twice() -> None:
    """Alice sends through two nodes, of which each tells what it knows, again and again."""
    total = RelayUsage(day=NOON // DAY_MS)
    nodes = [House(user_mib_a_day=1, rate_kib=0), House(user_mib_a_day=1, rate_kib=0)]
    ends = [node.join("alice", session(f"session {number}")) for number, node in enumerate(nodes)]
    for _ in range(4):
        for node, end in zip(nodes, ends, strict=True):
            node.relay.forward(end, bytes(MIB // 8 - 1))
            news = node.relay.take_news()
            users, sessions = Counter(total.users) + Counter(news.users), Counter(total.sessions)
            total = RelayUsage(day=total.day, users=users, sessions=sessions + Counter(news.sessions))
            node.relay.all_told(total)
    assert [node.closed for node in nodes] == [[], []]
    for node in nodes:
        node.relay.all_told(total)
    for node, end in zip(nodes, ends, strict=True):
        node.relay.forward(end, bytes(8))
        assert node.closed == [("alice", CloseCode.RATE)]


async def test_who_comes_later_finds_what_waits() -> None:
    house = House()
    house.relay.forward(house.join("alice"), b"hello")
    assert await taken(house.join("bob").inbox) == [b"hello"]


async def test_two_sessions_have_nothing_to_do_with_each_other() -> None:
    house = House()
    here, there = session("here"), session("there", peer="carol")
    house.relay.forward(house.join("alice", here), b"for bob")
    house.relay.forward(house.join("alice", there), b"for carol")
    assert await taken(house.join("bob", here).inbox) == [b"for bob"]
    assert await taken(house.join("carol", there).inbox) == [b"for carol"]


async def test_a_slow_reader_loses_the_oldest() -> None:
    inbox = Inbox()
    packet = bytes(limits.RELAY_PACKET_BYTES - 1)
    for number in range(40):
        inbox.put(bytes([number]) + packet)
    assert inbox.waiting_bytes <= QUEUE_BYTES
    found = await taken(inbox)
    assert [packet[0] for packet in found] == list(range(40 - len(found), 40))
    assert inbox.dropped == 40 - len(found)


async def test_tiny_packets_are_bounded_too() -> None:
    inbox = Inbox()
    for _ in range(10 * QUEUE_PACKETS):
        inbox.put(b"")
    assert inbox.dropped == 9 * QUEUE_PACKETS


async def test_who_waits_gets_the_next_packet() -> None:
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    inbox.put(b"at last")
    assert await asyncio.wait_for(waiting, PATIENCE_S) == b"at last"


def test_a_device_that_connects_anew_takes_the_place_of_its_last_connection() -> None:
    house = House()
    before, now = house.join("alice"), house.join("alice")
    assert house.closed == [("alice", CloseCode.REPLACED)]
    house.relay.leave(before)
    house.relay.forward(before, b"from beyond")
    house.relay.forward(now, b"here")
    assert house.relay.packets == 1
    house.relay.leave(now)
    house.relay.leave(now)
    assert house.relay.sessions == 0


def test_past_the_rate_packets_are_dropped_and_nothing_is_closed() -> None:
    house = House(rate_kib=128)
    alice, bob = house.join("alice"), house.join("bob")
    for _ in range(200):
        house.relay.forward(alice, bytes(1024))
    assert house.relay.bytes == 128 * 1024
    house.relay.forward(bob, bytes(1024))
    assert house.relay.bytes == 129 * 1024
    house.time.s += 0.5
    for _ in range(200):
        house.relay.forward(alice, bytes(1024))
    assert house.relay.bytes == (129 + 64) * 1024
    assert house.closed == []


def test_without_a_rate_nothing_is_dropped_for_it() -> None:
    house = House(rate_kib=0, session_mib=0, user_mib_a_day=0)
    alice = house.join("alice")
    for _ in range(3 * MIB // 16384):
        house.relay.forward(alice, bytes(16384))
    assert house.relay.bytes == 3 * MIB
    assert house.relay.over_rate == 0


def test_a_session_that_has_used_up_its_quota_is_not_relayed_any_more() -> None:
    house = House(session_mib=1, rate_kib=0)
    alice, bob = house.join("alice"), house.join("bob")
    for _ in range(63):
        house.relay.forward(alice, bytes(16384))
    assert house.closed == []
    house.relay.forward(bob, bytes(16384))
    assert house.closed == [("alice", CloseCode.RATE), ("bob", CloseCode.RATE)]
    house.relay.leave(alice)
    house.relay.leave(bob)
    with pytest.raises(RelayQuota):
        house.join("alice")
    house.join("alice", session("another"))


def test_a_person_who_has_used_up_a_day_waits_for_the_next() -> None:
    house = House(user_mib_a_day=1, rate_kib=0)
    alice = house.join("alice")
    for _ in range(64):
        house.relay.forward(alice, bytes(16384))
    assert house.closed == [("alice", CloseCode.RATE)]
    with pytest.raises(RelayQuota) as refusal:
        house.join("alice", session("another"))
    assert refusal.value.retry_after == 43_200
    house.join("bob", session("another"))
    house.time.ms += DAY_MS // 2
    house.join("alice", session("another"))


def test_so_many_sessions_and_no_more() -> None:
    house = House(sessions=1)
    alice = house.join("alice")
    house.join("bob")
    with pytest.raises(RateLimited):
        house.join("alice", session("another"))
    house.relay.leave(alice)
    with pytest.raises(RateLimited):
        house.join("alice", session("another"))


def test_it_can_be_switched_off() -> None:
    with pytest.raises(RelayQuota, match="relays nothing"):
        House(enabled=False).join("alice")


@pytest.mark.parametrize("reason", ["closed", "removed", "gone"])
def test_it_ends_with_its_session(reason: P2pEnd) -> None:
    house = House()
    house.join("alice")
    house.join("bob")
    house.join("alice", session("another"))
    event = SessionClosed(session_id="session", reason=reason)
    house.relay.on_bus(ToUser(user_id="alice", event=event))
    assert house.closed == [("alice", CloseCode.OVER), ("bob", CloseCode.OVER)]


def test_that_another_device_has_taken_it_ends_nothing() -> None:
    house = House()
    house.join("alice")
    event = SessionClosed(session_id="session", reason="elsewhere")
    house.relay.on_bus(ToUser(user_id="bob", event=event))
    assert house.closed == []


def test_a_device_that_is_signed_out_is_out() -> None:
    house = House()
    house.join("alice")
    house.join("bob")
    house.relay.on_bus(DeviceRevoked(device_id="bob-laptop"))
    assert house.closed == [("bob", CloseCode.REVOKED)]


def test_the_bytes_of_many_people_are_counted_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "USERS_MAX", 2)
    house = House(user_mib_a_day=1, rate_kib=0)
    for user, packets in (("alice", 3), ("bob", 1), ("carol", 2)):
        end = house.join(user, session(f"with-{user}", user, "dave"))
        for _ in range(packets):
            house.relay.forward(end, bytes(16384))
    assert house.relay._today.keys() == {"alice", "carol"}


# ── through a real server ────────────────────────────────────────────────────────────────────────

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(
        tmp_path_factory.mktemp("relay") / "data",
        MESH_RELAY_SESSION_MIB="8",
        MESH_RELAY_RATE_KIB="0",
        # Who is told goodbye while they send is heard out, however long a busy machine makes them take.
        MESH_CLOSE_TIMEOUT_S=str(2 * PATIENCE_S),
    ) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@dataclass
class Two:
    alice: Person
    bob: Person
    room_id: str
    session_id: str

    def connect(
        self, person: Person, session_id: str | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        return person.http.ws_connect(
            f"{person.url}/relay/{session_id or self.session_id}",
            headers={"Authorization": f"Bearer {person.token}"},
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
        )

    async def connect_raw(self, person: Person) -> RawSocket:
        return await RawSocket.open(person.url, token=person.token, path=f"/relay/{self.session_id}")


async def make_two(server: ServerProcess, http: aiohttp.ClientSession) -> Two:
    number = next(_numbers)
    alice = await register(http, server.url, f"alice-{number}")
    bob = await register(http, server.url, f"bob-{number}")
    room_id = await alice.create_room(f"Test Chat {number}")
    await bob.join(room_id)
    body = {"room_id": room_id, "kind": "file", "peer": bob.name}
    grant = await alice.call("POST", "/api/p2p/session", body)
    async with bob.socket() as his:
        await his.ask("p2p.session.accept", session_id=grant["session_id"])
    return Two(alice, bob, room_id, grant["session_id"])


@pytest.fixture
async def two(server: ServerProcess, http: aiohttp.ClientSession) -> Two:
    return await make_two(server, http)


async def ask(person: Person, session_id: str, token: str | None = None) -> Any:
    """As a plain request, which says in words what a WebSocket would be refused with. Raises: Refused."""
    bearer = person.token if token is None else token
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    async with person.http.get(f"{person.url}/relay/{session_id}", headers=headers) as response:
        raise Refused(response.status, await response.json())


async def closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(PATIENCE_S):
        while (await socket.receive()).type not in (
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.CLOSING,
            aiohttp.WSMsgType.ERROR,
        ):
            pass
    return socket.close_code


async def metrics(person: Person) -> dict[str, float]:
    async with person.http.get(f"{person.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[:1] != "#"}


async def test_packets_go_through_as_they_are(two: Two) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (before := await metrics(two.alice))["mesh_relay_sessions"]:  # those of other tests
            pass
    packets = [b"\x00", bytes(range(256)) * 5, b"x" * limits.RELAY_PACKET_BYTES]
    async with two.connect(two.alice) as hers, two.connect(two.bob) as his:
        for packet in packets:
            await hers.send_bytes(packet)
            assert await his.receive_bytes(timeout=PATIENCE_S) == packet
            await his.send_bytes(packet[::-1])
            assert await hers.receive_bytes(timeout=PATIENCE_S) == packet[::-1]
        after = await metrics(two.alice)
    sent = 2 * sum(map(len, packets))
    assert after["mesh_relay_bytes_total"] - before["mesh_relay_bytes_total"] == sent
    assert after["mesh_relay_packets_total"] - before["mesh_relay_packets_total"] == 6
    assert after["mesh_relay_sessions"] == 1


async def test_only_the_two_devices_of_the_session_come_in(two: Two, http: aiohttp.ClientSession) -> None:
    alice = two.alice
    mallory = await register(http, alice.url, f"mallory-{next(_numbers)}")
    await mallory.join(two.room_id)
    await refused(404, "p2p.session_not_found", ask(mallory, two.session_id))
    await refused(404, "p2p.session_not_found", ask(alice, "none"))
    await refused(401, "auth.required", ask(alice, two.session_id, token=""))
    await refused(401, "auth.invalid_token", ask(alice, two.session_id, token="forged"))
    login = {"username": two.bob.name, "password": PASSWORD}
    tablet = Person(alice.url, http, await call(http, alice.url, "POST", "/api/auth/login", login))
    await refused(409, "p2p.session_taken", ask(tablet, two.session_id))
    body = {"room_id": two.room_id, "kind": "file", "peer": two.bob.name}
    pending = (await alice.call("POST", "/api/p2p/session", body))["session_id"]
    await refused(409, "p2p.session_pending", ask(alice, pending))
    await refused(426, "request.upgrade_required", ask(alice, two.session_id))
    with pytest.raises(aiohttp.WSServerHandshakeError) as handshake:
        async with two.connect(mallory):
            pass
    assert handshake.value.status == 404


async def test_a_token_in_the_address_opens_nothing(two: Two) -> None:
    asking = ask(two.alice, f"{two.session_id}?access_token={two.alice.token}", token="")
    await refused(401, "auth.required", asking)


@pytest.mark.parametrize("how", ["closed", "left", "kicked"])
async def test_it_ends_with_the_session(two: Two, how: str) -> None:
    async with two.connect(two.alice) as hers, two.connect(two.bob) as his:
        if how == "closed":
            await two.alice.call("DELETE", f"/api/p2p/session/{two.session_id}")
        elif how == "left":
            await two.bob.call("POST", f"/api/rooms/{two.room_id}/leave")
        else:
            await two.alice.call("DELETE", f"/api/rooms/{two.room_id}/members/{two.bob.user_id}")
        assert await closed(hers) == await closed(his) == CloseCode.OVER
    await refused(404, "p2p.session_not_found", ask(two.alice, two.session_id))


async def test_a_device_that_is_signed_out_is_out_at_once(two: Two) -> None:
    async with two.connect(two.alice) as hers, two.connect(two.bob) as his:
        await two.bob.call("POST", "/api/auth/logout")
        assert await closed(his) in (CloseCode.REVOKED, CloseCode.OVER)
        assert await closed(hers) == CloseCode.OVER


async def test_a_device_that_connects_anew_takes_over(two: Two) -> None:
    async with (
        two.connect(two.alice) as before,
        two.connect(two.bob) as his,
        two.connect(two.alice) as hers,
    ):
        assert await closed(before) == CloseCode.REPLACED
        await hers.send_bytes(b"anew")
        assert await his.receive_bytes(timeout=PATIENCE_S) == b"anew"


async def test_what_is_no_packet_ends_the_connection(two: Two) -> None:
    async with two.connect(two.alice) as hers:
        await hers.send_str("hello")
        assert await closed(hers) == CloseCode.PROTOCOL
    async with two.connect(two.alice) as hers:
        await hers.send_bytes(bytes(limits.RELAY_PACKET_BYTES + 1))
        assert await closed(hers) == CloseCode.TOO_LARGE
    async with two.connect(two.alice) as hers:
        await hers.send_bytes(bytes(10 * limits.RELAY_PACKET_BYTES))
        assert await closed(hers) == CloseCode.TOO_LARGE


@pytest.mark.parametrize(
    "unreadable",
    [
        encode(Op.BINARY, b"packet", masked=False),
        encode(Op.PING, masked=False),
        encode(Op.BINARY, b"packet", size_bytes=2),
        encode(Op.BINARY, b"packet", size_bytes=8),
        encode(Op.BINARY, b"packet", rsv=4),
        encode(Op.CONTINUATION, b"packet"),
    ],
    ids=["no mask", "a ping without one", "two bytes of size", "eight", "a reserved bit", "no beginning"],
)
async def test_what_the_standard_forbids_ends_the_connection(two: Two, unreadable: bytes) -> None:
    async with two.connect(two.bob) as his:
        hers = await two.connect_raw(two.alice)
        hers.writer.write(encode(Op.BINARY, b"before") + unreadable + encode(Op.BINARY, b"after"))
        told = await hers.frames_to_the_end()
        assert [(frame.opcode, frame.close_code) for frame in told] == [(Op.CLOSE, 1002)]
        hers.close()
        async with two.connect(two.alice) as again:
            await again.send_bytes(b"again")
            assert await his.receive_bytes(timeout=PATIENCE_S) == b"before"
            assert await his.receive_bytes(timeout=PATIENCE_S) == b"again"


async def test_a_packet_may_come_in_pieces_and_pings_between_them(two: Two) -> None:
    async with two.connect(two.bob) as his:
        hers = await two.connect_raw(two.alice)
        hers.send(Op.BINARY, b"one ", fin=False)
        hers.send(Op.PING, b"there?")
        pong = await hers.frame()
        assert (pong.opcode, pong.payload) == (Op.PONG, b"there?")
        hers.send(Op.PONG, b"nobody asked")
        hers.send(Op.CONTINUATION, b"packet", fin=True)
        assert await his.receive_bytes(timeout=PATIENCE_S) == b"one packet"
        hers.send(Op.CLOSE, (1000).to_bytes(2, "big"))
        assert (await hers.frame()).close_code == 1000
        assert await hers.ended()


async def test_past_the_quota_of_the_session_it_is_over_with_relaying(two: Two) -> None:
    packet = bytes(limits.RELAY_PACKET_BYTES)
    async with two.connect(two.alice) as hers, two.connect(two.bob) as his:
        reading = asyncio.create_task(closed(his))
        for _ in range(8 * MIB // len(packet) - 1):
            await hers.send_bytes(packet)
        await hers.send_bytes(packet)
        assert await closed(hers) == await reading == CloseCode.RATE
    await refused(429, "relay.quota", ask(two.bob, two.session_id))


async def test_a_reader_who_stalls_costs_the_sender_nothing(two: Two) -> None:
    """What the reader does not take is dropped; the sender never waits, nor does anybody else."""
    packet = bytes(8192)
    before = await metrics(two.alice)
    async with two.connect(two.alice) as hers, two.connect(two.bob) as his:
        reader = his._response.connection
        assert reader is not None
        assert reader.transport is not None
        transport = reader.transport
        transport.pause_reading()
        for _ in range(7 * MIB // len(packet)):
            await asyncio.wait_for(hers.send_bytes(packet), PATIENCE_S)
        await two.alice.call("GET", "/api/auth/me")

        async def dropped() -> float:
            after = await metrics(two.alice)
            why = 'mesh_relay_packets_dropped_total{why="slow_reader"}'
            return after[why] - before[why]

        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while not await dropped():
            assert asyncio.get_running_loop().time() < deadline
        await hers.send_bytes(b"the last one")
        transport.resume_reading()
        last = b""
        while last != b"the last one":
            last = await his.receive_bytes(timeout=PATIENCE_S)


async def test_a_flood_past_the_rate_is_dropped_and_the_line_stays(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("rate") / "data"
    async with aiohttp.ClientSession() as http:
        with running_server(folder, MESH_RELAY_RATE_KIB="16") as server:
            two = await make_two(server, http)
            async with two.connect(two.alice) as hers, two.connect(two.bob) as his:
                for _ in range(200):
                    await hers.send_bytes(bytes(1024))
                sending = asyncio.create_task(_again_and_again(hers, b"through"))
                while await his.receive_bytes(timeout=PATIENCE_S) != b"through":
                    pass
                sending.cancel()
            found = await metrics(two.alice)
    assert found['mesh_relay_packets_dropped_total{why="rate"}'] > 0
    assert found["mesh_relay_bytes_total"] < 200 * 1024


async def test_a_device_that_falls_silent_is_given_up(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is asked first."""
    folder = tmp_path_factory.mktemp("silent") / "data"
    async with aiohttp.ClientSession() as http:
        with running_server(folder) as server:
            two = await make_two(server, http)
        with running_server(folder, MESH_HEARTBEAT_S="1") as server:
            two.alice.url = server.url
            hers = await two.connect_raw(two.alice)
            assert (await hers.frame()).opcode == Op.PING
            assert await hers.ended()
            hers.close()
            deadline = asyncio.get_running_loop().time() + PATIENCE_S
            while (await metrics(two.alice))["mesh_relay_sessions"]:
                assert asyncio.get_running_loop().time() < deadline


async def _again_and_again(socket: aiohttp.ClientWebSocketResponse, packet: bytes) -> None:
    while True:
        await socket.send_bytes(packet)
        await asyncio.sleep(0.01)


async def test_a_server_that_stops_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("stop") / "data"
    async with aiohttp.ClientSession() as http:
        with running_server(folder) as server:
            two = await make_two(server, http)
            async with two.connect(two.alice) as hers:
                stopping = asyncio.create_task(asyncio.to_thread(server.stop))
                assert await closed(hers) == CloseCode.RESTART
                assert await stopping == 0
            server.start()
            two.alice.url = server.url
            async with two.connect(two.alice):
                pass


@pytest.mark.parametrize(
    "quota", [{"MESH_RELAY_SESSION_MIB": "1"}, {"MESH_RELAY_USER_MIB_A_DAY": "1"}], ids=["session", "person"]
)
async def test_a_restart_gives_nobody_a_new_quota(
    tmp_path_factory: pytest.TempPathFactory, quota: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("quota") / "data"
    packet = bytes(limits.RELAY_PACKET_BYTES)
    async with aiohttp.ClientSession() as http:
        with running_server(folder, **quota) as server:
            two = await make_two(server, http)
            async with two.connect(two.alice) as hers:
                for _ in range(MIB // len(packet)):
                    await hers.send_bytes(packet)
                assert await closed(hers) == CloseCode.RATE
            assert server.stop() == 0
            server.start()
            two.alice.url = server.url
            await refused(429, "relay.quota", ask(two.alice, two.session_id))


async def test_it_can_be_switched_off_by_the_operator(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("off") / "data"
    async with aiohttp.ClientSession() as http:
        with running_server(folder, MESH_RELAY_ENABLED="false") as server:
            two = await make_two(server, http)
            await refused(429, "relay.quota", ask(two.alice, two.session_id))
