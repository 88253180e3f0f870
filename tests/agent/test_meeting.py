"""Two ends meet over this machine's own network: who is there, further lanes, and who does not belong."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from mesh_agent.machines.hello import Expected, Hello, HelloRefused, Own, Terms
from mesh_agent.net.addresses import read_address
from mesh_agent.net.base import Lane, LaneLost, WrongCertificate
from mesh_agent.net.certificates import Certificate, make_certificate
from mesh_agent.net.end import UNKNOWN_MAX
from mesh_agent.net.handshake import ChangedIdentity, next_frame, send_frames
from mesh_agent.net.meeting import Meeting, NoWay, meet
from mesh_agent.net.quic import QuicServer, connect_quic
from mesh_agent.net.rendezvous import new_nonce_text
from mesh_agent.net.tls import TlsServer, connect_tls
from protocol import errors, limits
from protocol.capability import SpentTokens
from protocol.peer import P2pError, P2pHello, P2pLane, P2pPing, PeerFrame
from tests.agent.meetings import ALICE, BOB, GRANT, MALLORY, Two, token
from tests.support.conditions import PATIENCE_S, until

Together = Callable[[Two], Any]


@pytest.fixture
async def together() -> AsyncIterator[Together]:
    """Meets, and closes at the end."""
    async with AsyncExitStack() as stack:

        async def both(two: Two) -> tuple[Meeting, Meeting]:
            alice, bob = await two.meet()
            stack.push_async_callback(alice.close)
            stack.push_async_callback(bob.close)
            return alice, bob

        yield both


async def first_address(two: Two) -> tuple[str, int]:
    """Where Bob listens, once he has told."""
    await until(lambda: two.lines[1].said, "Bob's addresses")
    return read_address(json.loads(two.lines[1].said[0])["udp"][0])


async def dial(two: Two, certificate: Certificate) -> Lane:
    """A connection to Bob from somebody who heard where he is."""
    return await connect_quic(
        None,
        await first_address(two),
        certificate=certificate,
        peer_fingerprint=two.certificate("bob").fingerprint,
    )


async def heard(lane: Lane) -> PeerFrame:
    """What comes next on a lane."""
    async with asyncio.timeout(PATIENCE_S):
        return await next_frame(lane)


# ── a direct way ─────────────────────────────────────────────────────────────────────────────────


async def test_two_devices_on_one_network_meet_directly(together: Together) -> None:
    alice, bob = await together(Two())
    assert (alice.way, bob.way) == ("direct", "direct")
    assert (alice.peer_identity, bob.peer_identity) == (BOB.public, ALICE.public)
    await alice.main.write(b"to bob")
    await bob.main.write(b"to alice")
    assert await bob.main.read(100) == b"to bob"
    assert await alice.main.read(100) == b"to alice"


async def test_what_follows_the_hello_at_once_is_not_lost(together: Together) -> None:
    """Who was asked may speak as soon as it has answered; none of that is taken for the hello."""
    alice, bob = await together(Two())
    await send_frames(bob.main, [P2pPing(stamp=1), P2pPing(stamp=2)])
    assert [await heard(alice.main) for _ in range(2)] == [P2pPing(stamp=1), P2pPing(stamp=2)]


async def test_the_end_of_one_meeting_is_the_end_of_the_other_s_lanes(together: Together) -> None:
    alice, bob = await together(Two())
    await alice.close()
    await alice.close()
    with contextlib.suppress(LaneLost):
        assert await bob.main.read(100) == b""


async def test_a_meeting_leaves_nothing_behind(together: Together) -> None:
    before = asyncio.all_tasks()
    alice, bob = await together(Two())
    await alice.open_lanes(2)
    await alice.close()
    await bob.close()
    await until(lambda: asyncio.all_tasks() <= before, "the end of every task")


async def test_without_any_way_there_is_none() -> None:
    alice, bob = await Two(direct=False).outcomes()
    assert isinstance(alice, NoWay)
    assert isinstance(bob, NoWay)


async def test_addresses_that_lead_nowhere_are_told() -> None:
    """Bob's rendezvous names addresses at which nobody is, and no ICE."""
    two = Two()
    two.lines[1].change = lambda said: said | {"udp": [], "ice": None, "more": False}
    waiting = asyncio.create_task(meet(two.bob, two.lines[1]))
    with pytest.raises(NoWay, match=r"directly: it has no address .*hole.*: the other device has no address"):
        await meet(two.alice, two.lines[0])
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_an_address_of_ipv6_is_as_good(together: Together) -> None:
    two = Two()
    two.lines[1].change = lambda said: said | {"udp": [each for each in said["udp"] if "[" in each]}
    alice, bob = await together(two)
    assert (alice.way, bob.way) == ("direct", "direct")


async def test_what_belongs_to_another_attempt_is_passed_over(together: Together) -> None:
    """A text with another nonce comes between Bob's two; it says that he has no ICE."""
    two = Two()

    def change(said: dict[str, Any]) -> dict[str, Any]:
        if "ice" in said:
            two.lines[0].inbox.put_nowait(json.dumps({"nonce": new_nonce_text(b"x" * 32)}))
        return said | {"udp": []}

    two.lines[1].change = change
    alice, bob = await together(two)
    assert (alice.way, bob.way) == ("punched", "punched")


async def test_signals_that_make_no_sense_are_passed_over(together: Together) -> None:
    two = Two()
    for end in two.lines:
        for junk in ("", "{", "[]", '{"nonce":"AAAA"}', "\x00" * 10, '{"v":2}', "x" * limits.SIGNAL_CHARS):
            end.inbox.put_nowait(junk)
    alice, _ = await together(two)
    assert alice.way == "direct"


async def test_a_server_that_names_no_certificate_is_not_believed() -> None:
    two = Two()
    two.change("alice", peer_certificate_fingerprint="")
    with pytest.raises(WrongCertificate):
        await meet(two.alice, two.lines[0])


# ── further lanes ────────────────────────────────────────────────────────────────────────────────


async def test_further_lanes_belong_to_the_meeting(together: Together) -> None:
    alice, bob = await together(Two(quic_only=True))
    arrived: list[Lane] = []
    mine = await alice.open_lanes(3)
    bob.on_lane(arrived.append)
    await until(lambda: len(arrived) == len(mine) == 3, "three lanes at either end")
    assert {lane.engine for lane in arrived} == {"quic"}
    for lane in mine:
        await lane.write(b"chunk")
    assert [await lane.read(100) for lane in arrived] == [b"chunk"] * 3


async def test_further_lanes_are_tls_where_they_can_be(together: Together) -> None:
    alice, bob = await together(Two(lane_s=PATIENCE_S, turn_s=PATIENCE_S))
    arrived: list[Lane] = []
    bob.on_lane(arrived.append)
    mine, none = await asyncio.gather(alice.open_lanes(3), bob.open_lanes(3))
    await until(lambda: len(arrived) == len(mine) == 3, "three lanes at either end")
    assert none == []
    assert {lane.engine for lane in (*mine, *arrived)} == {"tls"}
    assert {lane.way for lane in mine} == {"direct"}
    for lane in mine:
        await lane.write(b"chunk")
    assert [await lane.read(100) for lane in arrived] == [b"chunk"] * 3


async def test_who_was_asked_opens_lanes_where_who_asked_cannot(together: Together) -> None:
    """Somebody else listens where Alice is told that Bob does. She says nothing there; Bob comes to her."""
    two = Two(lane_s=PATIENCE_S, turn_s=0.1)
    said: list[Lane] = []
    stranger = await TlsServer.listen([("127.0.0.1", 0)], said.append, certificate=make_certificate(0))
    host, port = stranger.addresses[0]
    two.lines[1].change = lambda told: told | {"tcp": [f"{host}:{port}"]}
    alice, bob = await together(two)
    arrived: list[Lane] = []
    alice.on_lane(arrived.append)
    none, mine = await asyncio.gather(alice.open_lanes(2), bob.open_lanes(2))
    await until(lambda: len(arrived) == len(mine) == 2, "two lanes at either end")
    assert none == []
    assert {lane.engine for lane in mine} == {"tls"}
    for lane in mine:
        await lane.write(b"chunk")
    assert [await asyncio.wait_for(lane.read(100), PATIENCE_S) for lane in arrived] == [b"chunk"] * 2
    for lane in said:
        with contextlib.suppress(LaneLost):
            assert await lane.read(1) == b""
    await stranger.close()


async def test_there_are_no_more_lanes_than_there_may_be(together: Together) -> None:
    alice, _ = await together(Two(quic_only=True))
    lanes = await alice.open_lanes(limits.LANES + 5)
    assert len(lanes) == limits.LANES
    assert await alice.open_lanes(1) == []
    alice.forget(lanes[0])
    await lanes[0].close()
    assert len(await alice.open_lanes(3)) == 1


async def test_a_lane_without_the_secret_is_refused(together: Together) -> None:
    """Somebody who has the asker's certificate and was not at the handshake."""
    two = Two()
    _, bob = await together(two)
    arrived: list[Lane] = []
    bob.on_lane(arrived.append)
    lane = await dial(two, two.certificate("alice"))
    await send_frames(lane, [P2pLane(session_id=two.bob.session_id, lane=1, proof=b"p" * 32)])
    assert await heard(lane) == P2pError(code=errors.WrongLane.code)
    assert arrived == []
    await lane.close()


# ── who does not belong ──────────────────────────────────────────────────────────────────────────


async def test_a_stranger_s_certificate_gets_nowhere_and_disturbs_nobody() -> None:
    two = Two()
    bob = asyncio.create_task(meet(two.bob, two.lines[1]))
    try:
        lane = await dial(two, make_certificate(0))
    except LaneLost:
        pass  # or it is told with the first thing that is read
    else:
        with pytest.raises(LaneLost):
            await lane.read(1)
    alice = await meet(two.alice, two.lines[0])
    assert alice.peer_identity == BOB.public
    await asyncio.gather(alice.close(), (await bob).close())


async def test_whoever_says_something_else_first_is_refused_and_the_right_one_still_meets() -> None:
    two = Two()
    bob = asyncio.create_task(meet(two.bob, two.lines[1]))
    lane = await dial(two, two.certificate("alice"))
    await send_frames(lane, [P2pPing(stamp=1)])
    assert await heard(lane) == P2pError(code=errors.HelloMissing.code)
    await lane.close()
    garbage = await dial(two, two.certificate("alice"))
    await garbage.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await heard(garbage) == P2pError(code=errors.PeerMalformed.code)
    await garbage.close()
    alice = await meet(two.alice, two.lines[0])
    await asyncio.gather(alice.close(), (await bob).close())


async def test_a_frame_that_goes_on_for_ever_is_cut_off() -> None:
    two = Two()
    bob = asyncio.create_task(meet(two.bob, two.lines[1]))
    lane = await dial(two, two.certificate("alice"))
    await lane.write(b"\xdb\x00\x01\x00\x00" + b"a" * 60_000)
    assert await heard(lane) == P2pError(code=errors.PeerFrameTooLarge.code)
    await lane.close()
    bob.cancel()
    await asyncio.gather(bob, return_exceptions=True)


async def test_a_second_hello_is_refused(together: Together) -> None:
    two = Two()
    await together(two)
    lane = await dial(two, two.certificate("alice"))
    hello = P2pHello(
        version=1,
        session_id=two.bob.session_id,
        session_token=token(jti="another"),
        device_id="laptop",
        identity=ALICE.public,
        signature=b"s" * 64,
    )
    await send_frames(lane, [hello])
    assert await heard(lane) == P2pError(code=errors.HelloMissing.code)
    await lane.close()


async def one_is_too_many(address: tuple[str, int], pinned: str) -> bool:
    """Whether one of more who say nothing than may be there is sent away with no word."""
    few = asyncio.Semaphore(2)  # each end of a handshake takes a thread

    async def silent() -> bool:
        try:
            async with few:
                lane = await connect_tls(address, peer_fingerprint=pinned)
        except LaneLost:
            return True
        try:
            return await lane.read(1) == b""
        except LaneLost:
            return True
        finally:
            await lane.close()

    trying = [asyncio.create_task(silent()) for _ in range(UNKNOWN_MAX + 1)]
    done, left = await asyncio.wait(trying, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return any(task.result() for task in done)


async def test_strangers_by_tls_are_refused_and_disturb_nobody() -> None:
    """They need no certificate, and get no further for it: not by a hello, and not by their number."""
    two = Two()
    bob = asyncio.create_task(meet(two.bob, two.lines[1]))
    await until(lambda: two.lines[1].said, "Bob's addresses")
    address = read_address(json.loads(two.lines[1].said[0])["tcp"][0])
    pinned = two.certificate("bob").fingerprint
    (first,) = Hello(
        "asker",
        Terms(
            session_id=GRANT.session_id or "",
            kind="file",
            asker_certificate="",
            asked_certificate="",
            asker_nonce=b"1" * 32,
            asked_nonce=b"2" * 32,
        ),
        Own(identity=MALLORY, device_id="laptop", session_token="guessed"),
        Expected(device_id="phone", grant=GRANT),
        now=0,
        keys={},
        spent=SpentTokens(),
    ).start()
    late = P2pError(code=errors.HelloLate.code)
    answer: PeerFrame = late
    while answer == late:  # which it may be where this machine was held up
        lane = await connect_tls(address, peer_fingerprint=pinned)
        await send_frames(lane, [first])
        answer = await heard(lane)
        await lane.close()
    assert answer == P2pError(code=errors.HelloMissing.code)
    async with asyncio.timeout(3 * PATIENCE_S):
        while not await one_is_too_many(address, pinned):
            pass  # this machine was held up until all of them were late
    alice = await meet(two.alice, two.lines[0])
    await asyncio.gather(alice.close(), (await bob).close())


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        (lambda: "guessed", errors.CapabilityInvalid),
        (lambda: token(now=1_600_000_000_000), errors.CapabilityExpired),
        (lambda: token(msgspec.structs.replace(GRANT, session_id="another")), errors.WrongSession),
        (lambda: token(msgspec.structs.replace(GRANT, user_id="mallory")), errors.WrongPeer),
    ],
)
async def test_a_token_that_is_not_good_is_told_to_both(
    shown: Callable[[], str], wrong: type[errors.MeshError]
) -> None:
    two = Two()
    # Made now: one that is made while tests are collected has expired when the last of them runs.
    two.change("alice", session_token=shown())
    alice, bob = await two.outcomes()
    assert isinstance(bob, wrong)
    assert isinstance(alice, HelloRefused)
    assert alice.reason == wrong.code


async def test_a_token_is_good_for_one_meeting() -> None:
    spent = SpentTokens()
    for expected in (Meeting, errors.CapabilityUsed):
        two = Two()
        two.change("alice", session_token=token(jti="once"))
        alice, bob = await asyncio.gather(
            meet(two.alice, two.lines[0]),
            meet(two.bob, two.lines[1], spent=spent),
            return_exceptions=True,
        )
        assert isinstance(bob, expected)
        for each in (alice, bob):
            if isinstance(each, Meeting):
                await each.close()


async def test_a_certificate_that_was_not_announced_is_never_spoken_to() -> None:
    two = Two()
    two.change("alice", peer_certificate_fingerprint=make_certificate(0).fingerprint)
    bob = asyncio.create_task(meet(two.bob, two.lines[1]))
    with pytest.raises(WrongCertificate, match="Somebody may sit between"):
        await meet(two.alice, two.lines[0])
    assert not bob.done()
    bob.cancel()
    await asyncio.gather(bob, return_exceptions=True)


async def test_another_identity_than_the_server_says_is_refused() -> None:
    two = Two()
    two.change("bob", identity_seed=MALLORY.seed)
    alice, _ = await two.outcomes()
    assert isinstance(alice, errors.WrongIdentity)
    two = Two()
    two.change("alice", identity_seed=MALLORY.seed)
    alice, bob = await two.outcomes()
    assert isinstance(bob, errors.WrongIdentity)
    assert isinstance(alice, HelloRefused)


async def test_a_changed_identity_is_refused_and_named() -> None:
    two = Two()
    two.change("bob", known_identity=MALLORY.public)
    alice, bob = await two.outcomes()
    assert isinstance(bob, ChangedIdentity)
    assert bob.identity == ALICE.public
    assert isinstance(alice, HelloRefused)
    assert "safety words" in alice.message
    two = Two()
    two.change("alice", known_identity=MALLORY.public)
    alice, bob = await two.outcomes()
    assert isinstance(alice, ChangedIdentity)
    assert alice.identity == BOB.public
    assert isinstance(bob, HelloRefused)
    assert bob.reason == errors.PeerChanged.code


# ── a server that lies ───────────────────────────────────────────────────────────────────────────


class Between:
    """Mallory, who has her own certificate in both places, because the server says so."""

    def __init__(self, two: Two) -> None:
        self.two = two
        self.to_alice, self.to_bob = make_certificate(0), make_certificate(0)
        two.change("alice", peer_certificate_fingerprint=self.to_alice.fingerprint)
        two.change("bob", peer_certificate_fingerprint=self.to_bob.fingerprint)
        self.tasks: list[asyncio.Task[None]] = []

    async def listen(self) -> QuicServer:
        """Alice is told this address as Bob's, and no other."""
        server = await QuicServer.listen(
            [("127.0.0.1", 0)],
            lambda lane: self.tasks.append(asyncio.create_task(self.pass_on(lane))),
            certificate=self.to_alice,
        )
        host, port = server.addresses[0]
        mine = {"udp": [f"{host}:{port}"], "ice": None, "more": False}
        self.two.lines[1].change = lambda said: said | mine
        return server

    async def pass_on(self, alice: Lane) -> None:
        """What Alice says goes to Bob as it is, and back."""
        bob = await dial(self.two, self.to_bob)
        await asyncio.gather(pump(alice, bob), pump(bob, alice))
        await asyncio.gather(alice.close(), bob.close())


async def pump(source: Lane, target: Lane) -> None:
    try:
        while data := await source.read(4_096):
            await target.write(data)
    except LaneLost:
        pass
    await target.close()


async def test_somebody_who_passes_everything_on_is_caught() -> None:
    two = Two()
    mallory = Between(two)
    server = await mallory.listen()
    alice, bob = await two.outcomes()
    assert isinstance(bob, errors.WrongSignature)
    assert "sit between" in bob.message
    assert isinstance(alice, HelloRefused)
    assert "sit between" in alice.message
    await asyncio.gather(*mallory.tasks, return_exceptions=True)
    await server.close()


@pytest.mark.parametrize("remembers", [True, False])
async def test_somebody_who_meets_either_as_the_other_is_caught_by_what_they_remember(
    remembers: bool,
) -> None:
    """Mallory signs for herself, and the server vouches for her. Where nobody remembers, the words differ."""
    with_alice, with_bob = Two(), Two()
    with_alice.change("bob", identity_seed=MALLORY.seed)
    with_alice.change("alice", peer_key_fingerprint=MALLORY.fingerprint)
    with_bob.change("alice", identity_seed=MALLORY.seed)
    with_bob.change("bob", peer_key_fingerprint=MALLORY.fingerprint)
    if remembers:
        with_alice.change("alice", known_identity=BOB.public)
        with_bob.change("bob", known_identity=ALICE.public)
    alice, at_alice = await with_alice.outcomes()
    at_bob, bob = await with_bob.outcomes()
    if remembers:
        assert isinstance(alice, ChangedIdentity)
        assert isinstance(bob, ChangedIdentity)
    else:
        assert isinstance(alice, Meeting)
        assert isinstance(bob, Meeting)
        from mesh_agent.net.words import safety_words

        assert safety_words(ALICE.public, alice.peer_identity) != safety_words(BOB.public, bob.peer_identity)
    for each in (alice, at_alice, at_bob, bob):
        if isinstance(each, Meeting):
            await each.close()
