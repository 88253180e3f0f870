"""Frames that nobody foresaw; `scripts/fuzz/frames` sends a hundred thousand of them, and this a few."""

from pathlib import Path
from random import Random

from protocol.codec import FORMATS
from tests.protocol import examples
from tests.support import frame_fuzz
from tests.support.server import running_server


async def test_a_server_stands_it(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", **frame_fuzz.SETTINGS) as server:
        tally = await frame_fuzz.run(server, 4_000, seed=1)
        assert server.stop() == 0
    assert tally.talked > 0
    assert {"Pong", "message.invalid", "message.unknown_type", "frame.malformed"} <= set(tally.answers)
    assert tally.closes


def test_a_seed_makes_the_same_frames_again() -> None:
    known = {examples.ROOM: "room"}
    for wire in FORMATS.values():
        one, other = (frame_fuzz.FrameMaker(Random(7), wire, known) for _ in range(2))
        assert [one.next() for _ in range(200)] == [other.next() for _ in range(200)]
