"""The shell around `machines.hello`: frames to and from a lane, and the deadline.

Strategy: until the other end is known, bytes are taken one at a time, so that what follows the last frame of
the handshake stays in the lane for whoever reads it next; there are few of them, and their number is bounded.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

from mesh_agent.machines.hello import Hello, State
from mesh_agent.net.base import Lane, LaneLost
from protocol import limits
from protocol.errors import MeshError, PeerChanged, PeerFault, PeerFrameTooLarge
from protocol.peer import FrameReader, P2pError, PeerFrame, encode_frame

FIRST_FRAME_BYTES: Final = limits.TOKEN_CHARS + 4_096
"""The largest frame that is read before the other end is known."""


class ChangedIdentity(PeerChanged):
    """`identity`: what the other device shows now, and has proven."""

    def __init__(self, identity: bytes) -> None:
        super().__init__()
        self.identity: Final = identity


async def next_frame(lane: Lane) -> PeerFrame:
    """Raises: PeerFault, LaneLost."""
    reader = FrameReader()
    for _ in range(FIRST_FRAME_BYTES):
        byte = await lane.read(1)
        if not byte:
            raise LaneLost
        reader.feed(byte)
        frame = reader.frame()
        if frame is not None:
            return frame
    raise PeerFrameTooLarge


async def send_frames(lane: Lane, frames: Iterable[PeerFrame]) -> None:
    """Raises: LaneLost."""
    for frame in frames:
        await lane.write(encode_frame(frame))


async def refuse(lane: Lane, error: MeshError) -> None:
    """Tells the code, and closes. Never raises."""
    with contextlib.suppress(LaneLost):
        await send_frames(lane, [P2pError(code=error.code)])
    await lane.close()


async def say_hello(
    lane: Lane, machine: Hello, *, wall: Callable[[], int], first: PeerFrame | None = None
) -> None:
    """Returns once `machine` is open; otherwise the lane is closed. `first`: a frame that was read already.

    Raises:
        ChangedIdentity: it is another device than before, for all one knows.
        MeshError: what did not fit, or `HelloRefused`; LaneLost.
    """
    try:
        await _exchange(lane, machine, wall, first)
    except BaseException:
        await lane.close()
        raise
    if machine.fault is not None:
        await lane.close()
        if isinstance(machine.fault, PeerChanged) and machine.identity is not None:
            raise ChangedIdentity(machine.identity)
        raise machine.fault


async def _exchange(lane: Lane, machine: Hello, wall: Callable[[], int], first: PeerFrame | None) -> None:
    now = asyncio.get_running_loop().time
    await send_frames(lane, machine.start())
    try:
        async with asyncio.timeout_at(machine.deadline):
            while machine.state in (State.READY, State.SAID):
                frame, first = first or await next_frame(lane), None
                await send_frames(lane, machine.receive(frame, now=now(), wall=wall()))
    except TimeoutError:
        await send_frames(lane, machine.tick(machine.deadline))
    except PeerFault as fault:
        await send_frames(lane, machine.broken(fault))
