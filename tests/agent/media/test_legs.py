"""Legs: what is no description, what comes twice, what vanishes; and that nothing is left of what is gone."""

import asyncio
import gc
import random
import threading
import weakref
from pathlib import Path

import pytest

from mesh_agent.media.leg import Leg, LegFailed
from tests.agent.media.ends import End, connected, hears
from tests.support.conditions import until


def open_files() -> int:
    place = Path("/proc/self/fd")
    return len(list(place.iterdir())) if place.exists() else 0


async def test_fifty_legs_leave_nothing() -> None:
    end = End()
    files, threads, tasks = open_files(), threading.active_count(), len(asyncio.all_tasks())
    legs: list[weakref.ref[Leg]] = []
    for number in range(50):
        if number % 2:
            here, there = await connected(end, end)
        else:
            # one that was only offered, and one that was answered and never met
            here, there = Leg(end, "other", 1, []), Leg(end, "one", 1, [])
            offer = await here.offer()
            if number % 4:
                await there.answer(offer)
        legs += [weakref.ref(here), weakref.ref(there)]
        await asyncio.gather(there.close(), here.close())
        del here, there
    end.heard.clear()
    await until(lambda: len(asyncio.all_tasks()) <= tasks, "the last task")
    gc.collect()
    assert not any(leg() for leg in legs)
    await until(
        lambda: threading.active_count() <= threads and open_files() <= files, "the last thread and file"
    )


def mangled(text: str, chance: random.Random) -> str:
    """A description in which some lines are missing, twice, elsewhere, or have other words and numbers."""
    lines = text.split("\r\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(1, len(lines))
        how = chance.randrange(5)
        if how == 0:
            del lines[at]
        elif how == 1:
            lines.insert(at, chance.choice(lines))
        elif how == 2:
            lines[at] = lines[at][: chance.randint(0, len(lines[at]))]
        elif how == 3:
            lines[at] = "".join(chance.choice("0123456789") if each.isdigit() else each for each in lines[at])
        else:
            words = lines[at].split(" ")
            words[chance.randrange(len(words))] = chance.choice(
                ["", "-1", "x", "99999999999999999999", "udp"]
            )
            lines[at] = " ".join(words)
    return "\r\n".join(lines)


async def test_no_description_whatever_does_anything_but_fail_its_own_leg() -> None:
    one, other, chance = End(), End(), random.Random(5)
    here, there = await connected(one, other)
    maker = Leg(one, "maker", 1, [])
    offer = await maker.offer()
    refused: list[str] = []
    answered = 0
    for number in range(150):
        leg = Leg(other, "strange", number, [])
        try:
            await leg.answer(mangled(offer, chance))
            answered += 1
        except LegFailed as failed:
            refused.append(failed.text)
        await leg.close()
    assert len(refused) > 20
    assert all(text.endswith(".") for text in refused)
    assert answered > 20  # a line that means nothing is none that matters
    await hears(other, there, here)
    await asyncio.gather(here.close(), there.close(), maker.close())


async def test_an_answer_that_is_none_fails_its_own_leg() -> None:
    end = End()
    for answer in ("", "v=0\r\n", "x" * 100_000):
        leg = Leg(end, "other", 1, [])
        await leg.offer()
        with pytest.raises(LegFailed):
            await leg.answered(answer)
        await leg.close()


async def test_what_comes_twice_or_at_the_wrong_time_changes_nothing() -> None:
    end = End()
    here, there = await connected(end, end)
    strange, late = Leg(end, "strange", 1, []), Leg(end, "late", 1, [])
    offer, other = await strange.offer(), await late.answer(await here_again(end))
    for wrong in (there.answer(offer), here.answer(offer), there.answered(offer), here.offer()):
        with pytest.raises(LegFailed):
            await wrong
    for again in ("v=0", offer, other):
        await here.answered(again)
    await hears(end, there, here)
    await asyncio.gather(*(leg.close() for leg in (here, there, strange, late)))


async def here_again(end: End) -> str:
    """An offer of somebody who is gone."""
    leg = Leg(end, "gone", 1, [])
    offer = await leg.offer()
    await leg.close()
    return offer


async def test_a_flood_of_candidates_is_bounded_and_hurts_nobody() -> None:
    end = End()
    here, there = await connected(end, end)
    for port in range(1_000, 3_000):
        await there.add_candidate(f"candidate:{port} 1 udp 1 192.0.2.{port % 200 + 1} {port} typ host")
    for text in ("", "candidate:", "candidate:1 1 udp 1 127.0.0.1 22 typ host", "x" * 10_000):
        await there.add_candidate(text)
    assert len(there._ice.remote_candidates) <= 32
    await hears(end, there, here)
    await asyncio.gather(here.close(), there.close())


async def test_a_party_that_is_closed_is_told_at_once_and_one_that_is_not_there_when_it_is_given_up() -> None:
    one, other = End(), End()
    here, there = await connected(one, other)
    await there.close()
    await until(lambda: one.told and one.told[-1][1] == "failed", "the end")
    assert one.told[-1][2] == "The other device has ended the connection."
    await here.close()
    nobody, gone = Leg(one, "nobody", 2, []), Leg(other, "gone", 2, [])
    answer = await gone.answer(await nobody.offer())
    await gone.close()
    await nobody.answered(answer)
    assert nobody.state == "connecting"
    await nobody.close()


async def test_the_end_of_a_connection_is_no_loss_where_its_party_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is said by way of the server, which takes longer."""
    monkeypatch.setattr("mesh_agent.media.leg.GOODBYE_S", 1_000.0)
    one, other = End(), End()
    here, there = await connected(one, other)
    await there.close()
    await until(lambda: here._connection.connectionState == "closed", "the end to be seen")
    assert here.state == "connected"
    await here.close()
    assert [state for _, state, _ in one.told] == ["connected"]


async def test_servers_whose_address_is_none_are_left_out() -> None:
    from mesh_agent.media.orders import Ice

    leg = Leg(End(), "other", 1, [Ice(urls=["", "http://192.0.2.1", "turn:", "stun:" + "x" * 3 + ":99:9"])])
    assert (await leg.offer()).startswith("v=0")
    await leg.close()


async def test_a_leg_that_is_closed_while_it_describes_itself_is_gone() -> None:
    end = End()
    leg = Leg(end, "other", 1, [])
    describing = asyncio.create_task(leg.offer())
    await asyncio.sleep(0)
    await leg.close()
    await asyncio.wait((describing,))
    assert describing.done()
    with pytest.raises(LegFailed):
        await leg.answered("v=0")
