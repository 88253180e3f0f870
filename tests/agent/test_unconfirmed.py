"""What was written to a QUIC stream, in place of aioquic's array of bytes."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.net.unconfirmed import SMALL_BYTES, Unconfirmed
from scripts.bench.simulated import Link, World
from tests.support.lanes import opened

STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "cut", "read"]), st.integers(0, 3 * SMALL_BYTES), st.floats(0, 1)),
    max_size=60,
)


@given(STEPS)
def test_it_holds_what_an_array_of_bytes_would(steps: list[tuple[str, int, float]]) -> None:
    held, array = Unconfirmed(), bytearray()
    source = random.Random(1)
    for what, size, share in steps:
        if what == "write":
            data = source.randbytes(size)
            held += data
            array += data
        elif what == "cut":
            del held[: int(share * len(array))]
            del array[: int(share * len(array))]
        elif array:
            start = int(share * (len(array) - 1))
            stop = min(len(array), start + 1 + size)
            assert bytes(held[start:stop]) == array[start:stop]
        assert len(held) == len(array)
    assert not array or bytes(held[0 : len(array)]) == array


def test_what_was_written_is_copied_once_whatever_comes_after_it() -> None:
    held = Unconfirmed()
    memory = bytearray(b"a" * 2 * SMALL_BYTES)
    held += memoryview(memory)
    first = held[10:20]
    memory[:] = b"b" * len(memory)  # it serves the next
    held += memory
    del held[:5]
    again = held[5:15]
    assert isinstance(first, memoryview)
    assert isinstance(again, memoryview)
    assert again.obj is first.obj
    assert bytes(again) == b"a" * 10


def test_small_pieces_are_put_together_and_what_arrived_is_let_go() -> None:
    held = Unconfirmed()
    for _ in range(1_000):
        held += b"twenty bytes of frame"[:20]
    assert len(held._pieces) <= 1 + 20_000 // (SMALL_BYTES - 20)
    del held[:19_990]
    assert len(held._pieces) == 1
    del held[:10]
    assert not held._pieces
    held += b"more"
    assert bytes(held[1:3]) == b"or"


@pytest.mark.parametrize("end", [0, 1])
def test_both_ends_of_a_connection_keep_it_so(end: int) -> None:
    world = World()
    link = {"rate": 4e6, "delay_s": 0.01, "loss": 0.02}
    alice, bob = opened(world, *(Link(chance=random.Random(seed), **link) for seed in (1, 2)))  # type: ignore[arg-type]
    writer, reader = (alice, bob) if end == 0 else (bob, alice)
    sent = random.Random(3).randbytes(300_000)
    writer.engine.write(sent)
    reader.kept = []
    sender: Any = writer.engine.connection.stream().sender
    assert isinstance(sender._buffer, Unconfirmed)
    assert world.run(lambda: reader.got == len(sent) and not writer.engine.unconfirmed)
    assert b"".join(reader.kept) == sent
    assert not len(sender._buffer)
