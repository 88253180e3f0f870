"""Calls between agents at a real server: rung, answered, declined, missed, crossed, heard."""

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.calls import announcing
from mesh_agent.calls.call import Call
from mesh_agent.calls.errors import AlreadyInCall, CallOver, InCallBeside, NobodyToCall, NoSuchCall
from mesh_agent.calls.ringing import CALLS_MAX
from mesh_agent.calls.state import CallRinging, Media
from mesh_agent.terminal.ledger import Ledger, Left
from protocol.calls import Join, Ring, write
from protocol.signals import RtcAnswer, RtcOffer, Sender
from tests.agent.conftest import PASSWORD, OpenAgent, SignUp
from tests.agent.test_programs import COMMAND, environment
from tests.support.conditions import PATIENCE_S, until

SILENT = Media(audio_in="none", audio_out="none")
TONE = Media(audio_in="tone", audio_out="none")


async def rings(agent: Agent) -> str:
    """Returns the id of the call that rings there."""
    await until(lambda: agent.calls.ringing, "the ringing")
    return agent.calls.ringing[0].call_id


async def stands(*calls: Call) -> None:
    await until(
        lambda: all(
            call.phase == "open"
            and call.parties
            and all(party.state == "connected" for party in call.parties)
            for call in calls
        ),
        "the call",
    )


async def told(agent: Agent, room_id: str) -> announcing.Announced:
    await until(lambda: agent.is_current(room_id), "the messages")
    return (await agent.calls.announced(room_id))[0]


async def how_it_ended(agent: Agent, room_id: str) -> str:
    """What the room's last message about a call says, once that is over."""
    with closing(agent.subscribe()) as events:
        async with asyncio.timeout(PATIENCE_S):
            while (await told(agent, room_id)).running:
                await anext(events)
    return (await told(agent, room_id)).how


async def test_who_is_rung_answers_and_hears(people: tuple[Agent, Agent, str], tmp_path: Path) -> None:
    alice, bob, room_id = people
    heard = tmp_path / "heard.wav"
    hers = await alice.calls.call(room_id, media=TONE)
    assert hers.phase == "ringing"
    assert [(party.name, party.state) for party in hers.parties] == [(bob.profile, "ringing")]
    call_id = await rings(bob)
    ringing = bob.calls.ringing[0]
    assert (ringing.room_id, ringing.name, ringing.video, ringing.people) == (
        room_id,
        alice.profile,
        False,
        1,
    )
    assert (await told(bob, room_id)).running
    his = await bob.calls.answer(call_id, media=Media(audio_in="none", audio_out=str(heard)))
    assert bob.calls.ringing == []
    await stands(hers, his)
    assert his.parties[0].way == "direct"

    def samples() -> int:
        with wave.open(str(heard)) as file:
            return sum(file.readframes(file.getnframes())) if file.getnframes() else 0

    await until(lambda: heard.exists() and samples() > 0, "the tone")
    await until(lambda: his.parties[0].speaking or his.parties[0].level > 0, "the level")
    assert hers.parties[0].level == 0
    heard = tmp_path / "heard later.wav"
    his.use("tone", str(heard))
    await until(lambda: hers.parties[0].level > 0, "his new microphone at her end")
    await until(lambda: heard.exists() and samples() > 0, "the tone at his new loudspeaker")
    await his.leave()
    await hers.wait()
    assert hers.reason == f"{bob.profile} has left."
    assert alice.calls.current is bob.calls.current is None

    assert bob.profile in await how_it_ended(bob, room_id)


async def test_who_declines_is_told_of_and_so_is_the_room(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    hers = await alice.calls.call(room_id, [bob.profile], media=SILENT)
    bob.calls.decline(await rings(bob))
    await hers.wait()
    assert hers.reason == f"{bob.profile} declined."
    assert await how_it_ended(bob, room_id) == f"{bob.profile} declined."
    with pytest.raises(NoSuchCall):
        bob.calls.decline(hers.id)


async def test_who_is_busy_is_told_of_and_so_is_the_room(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    other = await bob.create_room(f"other {bob.profile}")
    await alice.join(other.id)
    his = await bob.calls.call(other.id, media=SILENT)
    await rings(alice)
    hers = await alice.calls.call(room_id, [bob.profile], media=SILENT)
    await hers.wait()
    assert hers.reason == f"{bob.profile} is in another call."
    assert await how_it_ended(bob, room_id) == f"{bob.profile} was in another call."
    await his.leave()
    await until(lambda: not alice.calls.ringing, "the end of the ringing")
    assert not await how_it_ended(alice, other.id)
    assert (await told(alice, other.id)).missed, "who takes it back has called, and nobody answered"


async def test_a_call_that_goes_on_is_joined_though_another_one_came_to_nothing_since(
    people: tuple[Agent, Agent, str], sign_up: SignUp, shared_server: str
) -> None:
    alice, bob, room_id = people
    carol = await sign_up(shared_server, "bob")
    await carol.join(room_id)
    await carol.wait_connected(PATIENCE_S)
    hers = await alice.calls.call(room_id, [bob.profile], media=SILENT)
    his = await bob.calls.answer(await rings(bob), media=SILENT)
    await stands(hers, his)
    refused = await carol.calls.call(room_id, [alice.profile], media=SILENT)
    await refused.wait()
    assert refused.id != hers.id
    assert "was in another call" in await how_it_ended(carol, room_id)
    joined = await carol.calls.call(room_id, media=SILENT)
    assert joined.id == hers.id
    await joined.leave()


async def test_who_takes_it_back_rings_no_more(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    hers = await alice.calls.call(room_id, media=SILENT)
    await rings(bob)
    await hers.leave()
    await until(lambda: not bob.calls.ringing, "the end of the ringing")
    with pytest.raises(NoSuchCall):
        await bob.calls.answer(hers.id)


async def test_a_ring_that_is_said_again_while_one_answers_means_nothing(
    people: tuple[Agent, Agent, str],
) -> None:
    alice, bob, room_id = people
    hers = await alice.calls.call(room_id, media=SILENT)
    call_id = await rings(bob)
    assert alice.user is not None
    sender = Sender(
        user_id=alice.user.id, username=alice.profile, device_id=alice.calls._introductions.device_id
    )
    answering = asyncio.create_task(bob.calls.answer(call_id, media=SILENT))
    await until(lambda: not bob.calls.ringing, "the answer")
    assert not answering.done()
    bob.calls._board.call_event(
        RtcOffer(call_id=call_id, room_id=room_id, sender=sender, payload=write(Ring()))
    )
    his = await answering
    await stands(hers, his)
    await asyncio.gather(hers.leave(), his.leave())


async def test_what_begins_to_ring_while_one_joins_rings_no_more(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    hers = await alice.calls.call(room_id, media=SILENT)
    call_id = await rings(bob)
    bob.calls._bell._rings.pop(call_id)  # as where the message was there before it rang
    assert alice.user is not None
    sender = Sender(
        user_id=alice.user.id, username=alice.profile, device_id=alice.calls._introductions.device_id
    )
    joining = asyncio.create_task(bob.calls.join(room_id, call_id, starter=alice.user.id, media=SILENT))
    await asyncio.sleep(0)  # it has seen that nothing rings, and an answer cannot have come yet
    bob.calls._board.call_event(
        RtcOffer(call_id=call_id, room_id=room_id, sender=sender, payload=write(Ring()))
    )
    assert [each.call_id for each in bob.calls.ringing] == [call_id]
    his = await joining
    assert bob.calls.ringing == []
    await stands(hers, his)
    await asyncio.gather(hers.leave(), his.leave())


async def test_only_the_room_of_a_call_is_heard_in_it(people: tuple[Agent, Agent, str]) -> None:
    """Who shares another room with somebody in it, and knows the call's name, has no part in it."""
    alice, bob, room_id = people
    other = await alice.create_room(f"{alice.profile} other")
    hers = await alice.calls.call(room_id, media=SILENT)
    call_id = await rings(bob)
    assert bob.user is not None
    sender = Sender(user_id=bob.user.id, username=bob.profile, device_id=bob.calls._introductions.device_id)
    join = write(Join(fresh=True))
    alice.calls._board.call_event(RtcAnswer(call_id=call_id, room_id=other.id, sender=sender, payload=join))
    assert (hers.phase, [party.device_id for party in hers.parties]) == ("ringing", [""])
    alice.calls._board.call_event(RtcAnswer(call_id=call_id, room_id=room_id, sender=sender, payload=join))
    assert hers.phase == "connecting"
    await hers.leave()


async def rings_no_more(agent: Agent, events: AsyncIterator[object]) -> CallRinging:
    """What it is told of the end of the ringing."""
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(event := await anext(events), CallRinging) or event.ringing is not None:
            pass
    assert agent.calls.ringing == []
    return event


async def test_one_device_or_program_deals_with_a_call_and_the_others_ring_no_more(
    people: tuple[Agent, Agent, str], shared_server: str, open_agent: OpenAgent
) -> None:
    alice, bob, room_id = people
    other = await open_agent(f"{bob.profile}-other", shared_server)
    await other.login(bob.profile, PASSWORD)
    beside = await open_agent(bob.profile)  # another program of the same device
    await beside.start()
    others = (other, beside)
    for agent in others:
        await agent.wait_connected(PATIENCE_S)
    with closing(other.subscribe()) as first, closing(beside.subscribe()) as second:
        hers = await alice.calls.call(room_id, media=SILENT)
        for agent in (bob, *others):
            await rings(agent)
        bob.calls.decline(hers.id)
        ends = [await rings_no_more(agent, events) for agent, events in ((other, first), (beside, second))]
        assert [(end.call_id, end.how, end.beside) for end in ends] == [
            (hers.id, "refused", False),
            (hers.id, "refused", True),
        ]
        await hers.wait()

        hers = await alice.calls.call(room_id, media=SILENT)
        for agent in (bob, *others):
            await rings(agent)
        his = await bob.calls.answer(hers.id, media=SILENT)
        ends = [await rings_no_more(agent, events) for agent, events in ((other, first), (beside, second))]
        assert [(end.call_id, end.how, end.beside) for end in ends] == [
            (hers.id, "elsewhere", False),
            (hers.id, "elsewhere", True),
        ]
    assert alice.user is not None
    sender = Sender(
        user_id=alice.user.id, username=alice.profile, device_id=alice.calls._introductions.device_id
    )
    for agent in others:  # she has not heard of it yet
        agent.calls._board.call_event(
            RtcOffer(call_id=hers.id, room_id=room_id, sender=sender, payload=write(Ring()))
        )
        assert agent.calls.ringing == []
    await stands(hers, his)
    with pytest.raises(InCallBeside):
        await beside.calls.call(room_id, media=SILENT)
    await stands(hers, his)
    await asyncio.gather(hers.leave(), his.leave())


async def test_who_calls_all_the_time_is_told_that_nobody_hears_it(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    assert alice.user is not None
    sender = Sender(
        user_id=alice.user.id, username=alice.profile, device_id=alice.calls._introductions.device_id
    )
    for number in range(CALLS_MAX):
        call_id = f"called-{number}"
        bob.calls._board.call_event(
            RtcOffer(call_id=call_id, room_id=room_id, sender=sender, payload=write(Ring()))
        )
        bob.calls.decline(call_id)
    hers = await alice.calls.call(room_id, media=SILENT)
    await hers.wait()
    assert hers.reason == f"{bob.profile} was called too often, and is not told for a minute."
    assert bob.calls.ringing == []


async def test_a_call_whose_program_was_killed_is_known_to_be_over(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    assert alice.user is not None
    call_id = "killedkilled"
    ledger = Ledger(alice.calls._seat._folder)
    left = Left(user=alice.user.id, room=room_id, terminal=call_id, command="")
    ledger.begin(left)
    message = await alice.calls._introductions.tell(
        room_id, announcing.beginning(call_id, video=False), announcing.CONTENT_TYPE
    )
    ledger.close()
    await until(lambda: bob.is_current(room_id), "the messages")

    async def dead() -> bool:
        first = (await bob.calls.announced(room_id))[0]
        return (first.message_id, first.running, "was ended" in first.how) == (message, False, True)

    with pytest.raises(CallOver):
        await bob.calls.join(room_id, call_id, starter=alice.user.id, media=SILENT)
    with closing(bob.subscribe()) as events:
        alice.calls._board.call_line_up()  # as the next program of the device does
        async with asyncio.timeout(2 * PATIENCE_S):
            while not await dead():
                await anext(events)
    await until(lambda: not list(alice.calls._seat._folder.glob("*.json")), "the end of what was kept of it")
    his = await bob.calls.call(room_id, media=SILENT)
    assert his.id != call_id
    await his.leave()


async def test_who_comes_by_a_dead_message_of_their_own_settles_it(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    assert alice.user is not None
    call_id = "deadbutmine1"
    content = announcing.beginning(call_id, video=False)
    await alice.calls._introductions.tell(room_id, content, announcing.CONTENT_TYPE)
    await until(lambda: bob.is_current(room_id), "the messages")
    with pytest.raises(CallOver):
        await alice.calls.join(room_id, call_id, starter=alice.user.id, media=SILENT)
    assert "was ended" in await how_it_ended(bob, room_id)


async def test_a_call_goes_on_without_the_program_that_began_it_and_its_next_one_tells_the_end(
    people: tuple[Agent, Agent, str], sign_up: SignUp, shared_server: str, open_agent: OpenAgent
) -> None:
    """It is killed while two others talk; the next one of her device sees that, and waits for their end."""
    alice, bob, room_id = people
    carol = await sign_up(shared_server, "bob")
    await carol.join(room_id)
    await alice.close()
    options = ("--audio-in", "none", "--audio-out", "none")
    verb = [*COMMAND, "--profile", alice.profile, "call", alice.profile, *options]
    killed = await asyncio.create_subprocess_exec(*verb, env=environment(), start_new_session=True)
    try:
        call_id = await rings(bob)
        his = await bob.calls.answer(call_id, media=SILENT)
        hers = await carol.calls.answer(await rings(carol), media=SILENT)
        await until(lambda: len(his.parties) == len(hers.parties) == 2, "all three")
        await stands(his, hers)
    finally:
        killed.kill()
        await killed.wait()
    again = await open_agent(alice.profile)
    await again.start()
    await until(lambda: again.calls._telling.has_begun(call_id), "the next program to take it over")
    assert (await told(again, room_id)).running
    await his.leave()
    with closing(again.subscribe()) as events:
        async with asyncio.timeout(2 * PATIENCE_S):
            while (await told(again, room_id)).running:
                await anext(events)
    assert "was ended" in (await told(again, room_id)).how
    await hers.leave()


async def test_both_call_each_other_and_are_in_one_call(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    hers, his = await asyncio.gather(
        alice.calls.call(room_id, media=SILENT), bob.calls.call(room_id, media=SILENT)
    )
    await stands(hers, his)
    assert hers.id == his.id
    for muted in (False, True):
        hers.mute(muted)
        hers.deafen(True)
        assert (hers.own.muted, hers.own.deafened) == (True, True)
        hers.deafen(False)
        assert (hers.own.muted, hers.own.deafened) == (muted, False)
    await until(lambda: his.parties[0].muted, "what she does")
    await hers.leave()
    await his.wait()


async def test_one_call_at_a_time_and_nobody_to_call(
    people: tuple[Agent, Agent, str], shared_server: str, sign_up: SignUp
) -> None:
    alice, bob, room_id = people
    alone = await alice.create_room(f"{alice.profile} alone")
    with pytest.raises(NobodyToCall):
        await alice.calls.call(alone.id, media=SILENT)
    hers = await alice.calls.call(room_id, media=SILENT)
    his = await bob.calls.answer(await rings(bob), media=SILENT)
    with pytest.raises(AlreadyInCall):
        await alice.calls.call(room_id, media=SILENT)
    carol = await sign_up(shared_server, "carol")
    await carol.join(room_id)
    await carol.wait_connected(PATIENCE_S)
    third = await carol.calls.call(room_id, [bob.profile], media=SILENT)
    await third.wait()
    assert third.reason == f"{bob.profile} is in another call."
    again = await carol.calls.join(room_id, hers.id, media=SILENT)
    await stands(hers, his, again)
    assert len(again.parties) == 2
    await asyncio.gather(*(call.leave() for call in (hers, his, again)))
    await carol.close()


async def test_an_identity_that_has_changed_is_refused(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    desk = await bob.sharing.desk()
    assert alice.user is not None
    await desk.known.remember(alice.user.id, alice.calls._introductions.device_id, b"x" * 32)
    hers = await alice.calls.call(room_id, media=SILENT)
    his = await bob.calls.answer(await rings(bob), media=SILENT)
    await asyncio.gather(hers.wait(), his.wait())
    assert "identity" in " ".join((hers.reason, his.reason, *his.own.problems)).lower()
    assert hers.begun is his.begun is None
