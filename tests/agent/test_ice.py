"""A hole through which nobody answers any more is closed (RFC 7675): what went through it is told."""

import asyncio

import aioice.ice
import pytest

from mesh_agent.net.base import LaneLost
from mesh_agent.net.ice import Ice, IcePath
from tests.support.conditions import PATIENCE_S

QUICK_S = 0.05
"""Between two questions, of which aioice asks six before it gives up; by itself it takes 5 s for each."""


async def hole() -> tuple[Ice, IcePath, Ice, IcePath]:
    """Both ends of one, on this machine."""
    ends = Ice(controlling=True, servers=()), Ice(controlling=False, servers=())
    sides = [await end.gather() for end in ends]
    assert sides[0] is not None
    assert sides[1] is not None
    paths = await asyncio.gather(
        ends[0].punch(sides[1], same_machine=True), ends[1].punch(sides[0], same_machine=True)
    )
    return ends[0], paths[0], ends[1], paths[1]


async def test_consent_that_is_lost_ends_the_hole_of_who_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bob's end falls silent without a word, as a machine does that is gone; bytes of hers still leave."""
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", QUICK_S)
    alice, hers, bob, his = await hole()
    await hers.send([b"\x40 first"])
    async with asyncio.timeout(PATIENCE_S):
        assert list(await his.receive()) == [b"\x40 first"]
    bob.close()
    with pytest.raises(LaneLost):
        async with asyncio.timeout(PATIENCE_S):
            await hers.receive()
    with pytest.raises(LaneLost):
        await hers.send([b"\x40 more"])
    alice.close()
    await asyncio.gather(alice.ended(), bob.ended())
