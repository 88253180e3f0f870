"""Who was to come into a call, or rang, and is not there any more: known over the server, not by patience."""

import asyncio
from contextlib import closing

from mesh_agent.agent import Agent
from mesh_agent.calls.state import CallRinging, Media
from protocol.calls import Join, write
from protocol.signals import RtcAnswer, Sender
from tests.agent.test_programs import COMMAND, environment
from tests.support.conditions import PATIENCE_S, until

SILENT = Media(audio_in="none", audio_out="none")


def joins(agent: Agent, call_id: str, room_id: str, bob: Agent, device_id: str) -> None:
    """`agent` hears that a device of bob comes in."""
    assert bob.user is not None
    sender = Sender(user_id=bob.user.id, username=bob.profile, device_id=device_id, peer_id="p")
    join = write(Join(fresh=True))
    agent.calls._board.call_event(RtcAnswer(call_id=call_id, room_id=room_id, sender=sender, payload=join))


async def test_a_device_whose_agent_knows_nothing_of_the_call_any_more_has_left(
    people: tuple[Agent, Agent, str],
) -> None:
    """It came in, and its program ended before it was answered; another one of that device says so."""
    alice, bob, room_id = people
    hers = await alice.calls.call(room_id, [bob.profile], media=SILENT)
    joins(alice, hers.id, room_id, bob, bob.calls._introductions.device_id)
    assert [party.state for party in hers.parties] == ["connecting"]
    await hers.wait()
    assert hers.reason == f"{bob.profile} has left."


async def test_a_device_whose_person_has_no_line_does_not_come(people: tuple[Agent, Agent, str]) -> None:
    alice, bob, room_id = people
    hers = await alice.calls.call(room_id, [bob.profile], media=SILENT)
    stopped = hers._clock()
    hers._clock = lambda: stopped  # so nothing is over for having taken long
    joins(alice, hers.id, room_id, bob, "another-device")
    assert [party.state for party in hers.parties] == ["connecting"]
    await bob.close()
    await hers.wait()
    assert hers.reason == f"{bob.profile} could not be reached."


async def test_what_a_killed_program_has_begun_to_ring_rings_no_more(
    people: tuple[Agent, Agent, str],
) -> None:
    alice, bob, room_id = people
    await alice.close()
    stopped = bob.calls._bell._clock()
    bob.calls._bell._clock = lambda: stopped
    verb = [*COMMAND, "--profile", alice.profile, "call", alice.profile, "--audio-in", "none"]
    with closing(bob.subscribe()) as events:
        killed = await asyncio.create_subprocess_exec(
            *verb, "--audio-out", "none", env=environment(), start_new_session=True
        )
        try:
            await until(lambda: bob.calls.ringing, "the ringing")
        finally:
            killed.kill()
            await killed.wait()
        await until(lambda: not bob.calls.ringing, "the end of the ringing")
        async with asyncio.timeout(PATIENCE_S):
            while not (isinstance(event := await anext(events), CallRinging) and event.ringing is None):
                pass
    assert (event.how, event.name) == ("missed", alice.profile)
    assert room_id
