"""Processes of calls with each other: what is said into one comes out of the other."""

import asyncio
import itertools
import os
from contextlib import suppress
from pathlib import Path

import av
import numpy as np

from mesh_agent.media import orders
from mesh_agent.media.leg import Leg
from mesh_agent.media.sound import Sound
from mesh_agent.media.sources import TONE, TONE_HZ
from mesh_agent.media.worker import Call
from mesh_agent.sharing.pipes import Pipes
from tests.agent.media.sounds import Heard, pitch, read_any, read_wav, strength, tone, write
from tests.agent.media.studio import Studio, connect
from tests.support.conditions import PATIENCE_S, until
from tests.support.tasks import running

PART = 9_600
CLEAN = 5
"""Parts of `PART` samples: a second."""


async def test_a_tone_of_one_is_heard_by_the_other_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    alice, bob = await asyncio.gather(
        Studio.begin("alice", audio_in="tone"), Studio.begin("bob", audio_out=str(path))
    )
    try:
        await connect(alice, bob)
        heard = _Clean(path)
        await until(lambda: heard.parts() >= CLEAN, "a second of sound that is as it was", 3 * PATIENCE_S)
    finally:
        await asyncio.gather(alice.stop(), bob.stop())


class _Clean:
    """Fifths of a second in a file that grows, which are the tone with nothing missing and nothing besides.

    A machine that is held up is late with any of it, even with most, and what is late is heard in pieces.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = self._found = 0

    def parts(self) -> int:
        """How many there are so far. The header of the file is made right every second."""
        samples = read_wav(self._path)
        while len(samples) - self._at >= PART:
            part = samples[self._at : self._at + PART]
            self._found += abs(strength(part, TONE_HZ) - TONE) < 0.03 and abs(pitch(part) - TONE_HZ) <= 5
            self._at += PART
        return self._found


async def test_each_says_how_it_reaches_the_other_and_nothing_that_others_send_changes_that() -> None:
    alice, bob = await asyncio.gather(Studio.begin("alice", audio_in="tone"), Studio.begin("bob"))
    try:
        await connect(alice, bob)
        now = await alice.hears(orders.LegNow, state="connected")
        assert now.way == "direct"
        offer = (await alice.hears(orders.Described, party="bob")).sdp
        why = {
            "": "The description of the other device cannot be read.",
            "\x00" * 1_000: "The description of the other device cannot be read.",
            "a" * 1_000_000: "The description of the other device is too long.",
            offer.replace("opus", "none"): "The other device has no way to send sound that is known here.",
        }
        for number, sdp in enumerate(why):
            bob.tell(orders.TakeOffer(party=f"mallory {number}", number=1, sdp=sdp))
            bob.tell(orders.TakeOffer(party="alice", number=1, sdp=sdp))
            bob.tell(orders.TakeAnswer(party="alice", number=1, sdp=sdp))
            bob.tell(orders.TakeAnswer(party="nobody", number=7, sdp=sdp))
        for port in range(2_000):
            text = f"candidate:1 1 udp 1 192.0.2.1 {port} typ host"
            bob.tell(orders.TakeCandidate(party="alice", number=1, candidate=text))
        for number in range(20):
            bob.tell(orders.MakeOffer(party=f"silent {number}", number=1))
        refused = await bob.hears(orders.LegNow, party="silent 19", state="failed")
        assert refused.reason == "There are too many others in this call."
        for number, reason in enumerate(why.values()):
            await bob.hears(orders.LegNow, party=f"mallory {number}", state="failed", reason=reason)
        await bob.comes_to(lambda levels: levels["alice"].speaking)
        alice.tell(orders.Speak(muted=True, deafened=False))
        await bob.comes_to(lambda levels: not levels["alice"].speaking)
        alice.tell(orders.Speak(muted=False, deafened=False))
        await bob.comes_to(lambda levels: levels["alice"].speaking)
        bob.tell(orders.Drop(party="alice"))
        gone = await alice.hears(orders.LegNow, state="failed")
        assert gone.reason == "The other device has ended the connection."
        # an offer that is newer takes the place of what was
        await connect(alice, bob, number=2)
    finally:
        await asyncio.gather(alice.stop(), bob.stop())


async def test_three_parties_hear_each_other_and_who_is_muted_is_not_heard(tmp_path: Path) -> None:
    voice, heard, record = tmp_path / "voice.flac", tmp_path / "heard.wav", tmp_path / "call.ogg"
    write(voice, tone(700, 1.5, 0.2), rate=48_000, form="flac", codec="flac", layout="mono")
    alice, bob, carol = await asyncio.gather(
        Studio.begin("alice", audio_in="tone"),
        Studio.begin("bob", audio_out=str(heard)),
        Studio.begin("carol", record=str(record)),
    )
    try:
        await asyncio.gather(connect(alice, bob), connect(alice, carol), connect(bob, carol))

        async def says_it_again_and_again() -> None:
            """However little of it a machine lets through that is held up meanwhile."""
            for times in itertools.count(1):
                bob.tell(orders.Use(audio_in=str(voice), audio_out=str(heard)))
                await until(lambda times=times: len(bob.all_of(orders.Ended)) >= times, "the end of it")  # type: ignore[misc]  # a bound default

        recorded = _Recorded(record)
        async with running(says_it_again_and_again()):
            await carol.levels(
                lambda now: now["bob"].speaking and now["alice"].speaking and 0.5 < now["alice"].level < 1
            )
            assert "alice" not in await alice.levels(lambda now: now[""].speaking)
            await carol.figures(
                lambda now: (
                    now["alice"].round_trip_ms is not None
                    and now["alice"].loss < 0.5
                    and now["alice"].received_kbps > 10
                    and 0 < now["alice"].delay_ms < 800
                )
            )
            await until(lambda: recorded.has(700, 0.15) and recorded.has(TONE_HZ, 0.2), "both in the record")
            await until(lambda: bob.all_of(orders.Ended), "the end of what he says")
        assert {ended.what for ended in bob.all_of(orders.Ended)} == {"audio_in"}
        alice.tell(orders.Speak(muted=True, deafened=False))
        await carol.comes_to(lambda now: not now["alice"].speaking and now["alice"].level == 0)
    finally:
        await asyncio.gather(alice.stop(), bob.stop(), carol.stop())
    assert loudest(read_any(record), 700) > 0.15
    assert loudest(read_any(record), TONE_HZ) > 0.2
    assert loudest(read_wav(heard), 700) < 0.01


def loudest(samples: Heard, hertz: float) -> float:
    """How loud that tone is in the fifth of a second where it is loudest."""
    return max(
        (strength(samples[at : at + PART], hertz) for at in range(0, len(samples) - PART, PART // 2)),
        default=0,
    )


class _Recorded:
    """A record that grows: it is read again where there is more of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._samples = np.zeros(0)

    def has(self, hertz: float, loud: float) -> bool:
        size = self._path.stat().st_size
        if size != self._size:
            self._size = size
            with suppress(av.FFmpegError):  # it has begun, and there is nothing in it yet
                self._samples = read_any(self._path)
        return loudest(self._samples, hertz) > loud


async def test_what_cannot_be_used_is_said_and_what_can_be_is_used() -> None:
    alice = await Studio.begin(
        "alice", audio_in="/none/voice.wav", audio_out="/none/heard.wav", record="/none/x.ogg"
    )
    try:
        ready = await alice.hears(orders.Ready)
        assert ready.problems == [
            "The call cannot be recorded to /none/x.ogg: No such file or directory.",
            "/none/voice.wav cannot be read: No such file or directory.",
            "What is heard cannot be written to /none/heard.wav: No such file or directory.",
        ]
        alice.tell(orders.Use(audio_in="tone", audio_out="none"))
        assert (await alice.hears(orders.Ready, audio_in="tone")).problems == [
            "The call cannot be recorded to /none/x.ogg: No such file or directory."
        ]
    finally:
        await alice.stop()


async def test_connections_that_begin_later_use_the_servers_that_were_told_last() -> None:
    alice = await Studio.begin("alice")
    asked: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class Server(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            del addr
            if not asked.done():
                asked.set_result(data)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Server, local_addr=("127.0.0.1", 0)
    )
    try:
        port = transport.get_extra_info("sockname")[1]
        alice.tell(orders.Servers(ice=[orders.Ice(urls=[f"stun:127.0.0.1:{port}"])]))
        alice.tell(orders.MakeOffer(party="bob", number=1))
        async with asyncio.timeout(PATIENCE_S):
            assert await asked
    finally:
        transport.close()
        await alice.stop()


async def test_what_one_part_of_a_call_does_wrong_ends_no_call() -> None:
    ends = os.pipe()
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(ends[1], "wb")
    )
    told = orders.Begin(ice=[], audio_in="tone", audio_out="none")
    given = asyncio.StreamReader()
    call = Call(Pipes(given, asyncio.StreamWriter(transport, protocol, None, loop)), told)
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        raise RuntimeError("a device that says something strange")

    async def deed() -> None:
        look()

    running = asyncio.create_task(call.run())
    try:
        call._spawn(call._every(0.0, look))
        call._spawn(deed())
        await until(lambda: looks > 3, "several looks")
        await until(lambda: call._sound.own.level > 0, "the tone")
        assert not running.done()
    finally:
        given.feed_eof()
        await running
        transport.close()
        os.close(ends[0])


async def test_a_frame_that_cannot_be_had_is_no_end_of_the_sound() -> None:
    asked = 0

    def legs() -> list[Leg]:
        nonlocal asked
        asked += 1
        if asked < 5:
            raise RuntimeError("strange")
        return []

    sound = Sound(legs, _Deaf(), process=False)
    await sound.use("tone", "none")
    running = asyncio.create_task(sound.run())
    try:
        await until(lambda: asked > 10 or running.done(), "frames after those that failed")
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait((running,))
        sound.close()


class _Deaf:
    """Is told, and does nothing."""

    def problem(self, text: str) -> None:
        del text

    def devices_changed(self) -> None:
        """Nothing."""

    def source_ended(self) -> None:
        """Nothing."""
