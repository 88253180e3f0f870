"""A transfer from disk to disk, killed at every frame of either side, then gone on with by new programs."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mesh_agent.files.sink import Sink
from mesh_agent.files.source import Source
from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Ended
from mesh_agent.net.base import LaneLost
from mesh_agent.sharing.transferring import Accept, Answer
from protocol.peer import PeerFrame
from tests.agent.couriers import DONE, Two
from tests.agent.files.carrying import PEER, file, parts, tree
from tests.support.virtual_time import virtually

MIB = 1024 * 1024


@pytest.fixture
def place() -> Iterator[Path]:
    """In memory where there is such a place: nothing here depends on how a disk keeps it."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(dir=memory, prefix="mesh-test-") as made:
        yield Path(made)


@pytest.fixture(params=["file", "folder"])
def sent(request: pytest.FixtureRequest, place: Path) -> Path:
    if request.param == "file":
        return file(place / "from" / "report", 2 * MIB + 9)
    top = place / "from" / "trip"
    file(top / "large", MIB + 9)
    file(top / "sub" / "small", 1_000)
    file(top / "none", 0)
    (top / "empty").mkdir()
    return top


class Counting:
    """Cuts the lane in the place of one frame; `at` None: of none."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.seen = 0

    def __call__(self, _: PeerFrame) -> bool:
        self.seen += 1
        return self.at is None or self.seen != self.at + 1


async def attempt(sent: Path, into: Path, killers: tuple[Counting, Counting]) -> tuple[Ended | None, int]:
    """How it ended, None where the line was lost; and the bytes that came. Nothing is kept but the disks."""

    async def ask(_: Offer) -> Answer:
        return Accept(into)

    def on_disk(offer: Offer, accept: Accept) -> Sink:
        return Sink.open(accept.into, offer, peer=PEER)

    source = Source.open(sent)
    both = Two(watch=killers, bob={"on_offer": ask, "open_sink": on_disk})
    try:
        ended: Ended | None = await both.alice.courier.offer("t", source)
    except LaneLost:
        ended = None
    finally:
        await both.close()
        source.close()
    return ended, both.bob.courier.received_bytes


@pytest.mark.parametrize("side", [0, 1], ids=["sender", "receiver"])
def test_at_every_frame(place: Path, sent: Path, side: int) -> None:
    """Nothing half has a name; what had come is not sent again, and all of it is there in the end."""
    whole = tree(sent.parent)
    counted = (Counting(), Counting())
    ended, size = virtually(attempt(sent, place / "whole", counted))
    assert ended == DONE
    assert counted[side].seen >= 3
    for at in range(counted[side].seen):
        into = place / f"into {at}"
        killers = (Counting(at), Counting()) if side == 0 else (Counting(), Counting(at))
        ended, before = virtually(attempt(sent, into, killers))
        assert ended is None
        had = tree(into) if into.exists() else {}
        if sent.name in had:
            assert {name: what for name, what in had.items() if not name.startswith(".")} == whole
        ended, after = virtually(attempt(sent, into, (Counting(), Counting())))
        assert ended == DONE, at
        assert before + after <= size + MIB, "at most what was on its way just then comes again"
        assert after < size or before < MIB
        assert tree(into) == whole
        assert not parts(into)
