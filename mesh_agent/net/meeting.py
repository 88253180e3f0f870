"""Two devices of a session meet: they find a way to each other, and know who is on the other side.

    listen ──> tell where ──> hear where ──> try all ways ──> the best one ──hello──> Meeting
                                                └── none within `MEET_S`: NoWay

Strategy: who was asked listens, by every way at once; who asked connects, takes the best way that comes in
time (`machines.ways`), and says who it is on that one alone, so that the token is spent once. Lanes that
bring no hello are of ways that lost, and end by themselves. Both ends go on listening for further lanes.

A certificate that was not announced never gets as far as a lane: both ends compare it while they connect. So
whoever gets to say hello is the other device, or the server has lied, and what the hello brings is final.
"""

import time
from collections.abc import Callable
from typing import Final

from mesh_agent.net.asked import Asked
from mesh_agent.net.asker import Asker
from mesh_agent.net.base import Lane, Listener, Way, WrongCertificate
from mesh_agent.net.handshake import ChangedIdentity
from mesh_agent.net.setup import NoWay, Options, Setup, Signals
from protocol.capability import SpentTokens

__all__ = ["ChangedIdentity", "Meeting", "NoWay", "Options", "Setup", "Signals", "meet"]


class Meeting:
    """The other device is there, and is who it has to be.

    Attributes:
        main: the lane on which the hello was said.
        way: how the main lane travels.
        peer_identity: what the other device has proven; whether it is remembered is the caller's to do.
        better, better_way: a better way than `way` has come up; a new meeting would find it (tell it as
            `Options.hoped`). Only who asked looks for it.
    """

    def __init__(self, end: Asker | Asked, main: Lane, peer_identity: bytes) -> None:
        """Use `meet`."""
        self._end = end
        self.main: Final = main
        self.way: Final[Way] = main.way
        self.peer_identity: Final = peer_identity
        self.better: Final = end.better

    @property
    def better_way(self) -> Way | None:
        return self._end.better_way

    async def open_lanes(self, count: int) -> list[Lane]:
        """Up to `count` further lanes, TLS before QUIC; both ends call it, each gets those that it opened.

        What the other end opens goes to the listener of `on_lane`. Takes a few seconds where a firewall
        answers nothing; fewer lanes than asked for, or none, are no error.
        """
        return await self._end.open_lanes(count)

    def on_lane(self, listener: Listener) -> None:
        """`listener` is given each lane that the other end opens, also those that came before."""
        self._end.further.result().listen(listener)

    def forget(self, lane: Lane) -> None:
        """A further lane is lost; another may be opened in its place."""
        self._end.further.result().forget(lane)

    async def close(self) -> None:
        """Ends all lanes and whatever they went through. Never raises; twice does no harm."""
        await self._end.close()


def _wall() -> int:
    return time.time_ns() // 1_000_000


async def meet(
    setup: Setup,
    signals: Signals,
    *,
    spent: SpentTokens | None = None,
    wall: Callable[[], int] = _wall,
) -> Meeting:
    """Meets the other device. `spent`: tokens that were taken before; `wall`: milliseconds since 1970.

    Raises:
        NoWay: it cannot be reached; the sentence says what was tried.
        ChangedIdentity: it shows another identity than the one that is remembered; `identity` is that one.
        HelloRefused: it does not want to meet this device.
        PeerStranger, CapabilityError: it is not who it has to be.
        WrongCertificate, LaneLost: who answers has another certificate; or the line was lost meanwhile.
    """
    if not setup.peer_certificate_fingerprint:
        raise WrongCertificate("The server does not say which certificate the other device has.")
    made = Asker if setup.role == "asker" else Asked
    end = made(setup, signals, wall=wall, spent=SpentTokens() if spent is None else spent)
    try:
        main, machine = await end.run()
    except BaseException:
        await end.close()
        raise
    assert machine.identity is not None
    return Meeting(end, main, machine.identity)
