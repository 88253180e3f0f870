"""What agent and process tell each other: it comes out as it went in, and nothing else comes out at all."""

import asyncio

from mesh_agent.sharing.orders import (
    LENGTH_BYTES,
    ORDER_BYTES,
    Accept,
    Ended,
    Limit,
    Lost,
    Moved,
    Stop,
    next_order,
    next_report,
    pack,
)


def reader(*data: bytes) -> asyncio.StreamReader:
    stream = asyncio.StreamReader()
    for piece in data:
        stream.feed_data(piece)
    stream.feed_eof()
    return stream


async def test_what_goes_in_comes_out() -> None:
    orders = (Accept(id="t", into="/in", conflict="newer"), Limit(limit=None), Stop())
    stream = reader(*[pack(order) for order in orders])
    assert tuple([await next_order(stream) for _ in orders]) == orders
    assert await next_order(stream) is None
    moved = Moved(id="t", phase="running", done=1, rate=2.0, size=3, files=1, lanes=4, way="direct")
    reports = (moved, Ended(id="t", phase="done", place="/in/t"), Lost(code="c", message="m"))
    stream = reader(*[pack(report) for report in reports])
    assert tuple([await next_report(stream) for _ in reports]) == reports


async def test_what_is_cut_too_long_or_nonsense_is_the_end() -> None:
    whole = pack(Stop())
    for broken in (
        whole[:-1],
        (ORDER_BYTES + 1).to_bytes(LENGTH_BYTES) + b"x",
        (3).to_bytes(LENGTH_BYTES) + b"\xc1\xc1\xc1",
        pack(Lost(code="c", message="m")),
    ):
        assert await next_order(reader(broken)) is None
