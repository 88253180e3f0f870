"""What two ends say of the leg between them: ours go out vouched for, theirs are checked first.

Strategy: what others describe is checked one after the other, so that an answer never overtakes the offer it
belongs to; past a number that wait, more is left out. An answer vouches for the offer that it answers, and so
the last offers are kept, ours and theirs.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from mesh_agent.calls import vouching
from mesh_agent.client.errors import LocalError
from mesh_agent.machines.call import CallMachine
from mesh_agent.media import orders
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.state import IdentityChanged
from protocol import calls
from protocol.calls import Device, HangUp, Leg, Role
from protocol.errors import MeshError, PeerChanged
from protocol.signals import SendRtcAnswer, SendRtcOffer

if TYPE_CHECKING:
    from mesh_agent.net.known import Known

log = logging.getLogger(__name__)

CHECKS_MAX: Final = 64
"""Descriptions of others that wait to be checked; more are left out."""


class Described(NamedTuple):
    """What a device says of a leg to us."""

    role: Role
    device: Device
    name: str
    leg: Leg
    sdp: str


class Taker(Protocol):
    """Who has the legs."""

    def take(self, described: Described, known: "Known") -> bool:
        """It is as its device has said. Returns: it is taken as an offer that is to be answered."""

    def refuse(self, party: str, reason: HangUp, sentence: str) -> None:
        """That leg is not to be."""

    def complain(self, sentence: str) -> None:
        """Something here does not work; the leg is tried again."""

    def act(self) -> None:
        """Carries out what has come of what was taken."""


class Descriptions:
    """Of one call. `machine`: that of the call as it is now, which is another one after a merge."""

    def __init__(self, desk: Desk, machine: Callable[[], CallMachine], taker: Taker) -> None:
        self._desk, self._machine, self._taker = desk, machine, taker
        self._waiting: asyncio.Queue[Described] = asyncio.Queue(CHECKS_MAX)
        self._shown: dict[tuple[str, Role], tuple[int, str]] = {}
        """Numbers and fingerprints of the last offers, ours and theirs, for what answers them."""

    def forget(self, party: str) -> None:
        self._shown = {key: shown for key, shown in self._shown.items() if key[0] != party}

    # ── theirs ───────────────────────────────────────────────────────────────────────────────────

    def heard(self, described: Described) -> None:
        if not self._waiting.full():
            self._waiting.put_nowait(described)

    async def check(self) -> None:
        """For ever: one after the other."""
        while True:
            described = await self._waiting.get()
            try:
                await self._check(described)
            except Exception:  # what one party says ends no call
                log.exception("a description could not be checked")

    async def _check(self, said: Described) -> None:
        machine, peer = self._machine(), said.device.device_id
        offered = self._offered(peer, "answer", said.leg.number) if said.role == "answer" else ""
        if said.role == "answer" and not offered:
            log.info("an answer of %s is to no offer that counts", peer)  # there is a newer one by now
            return
        try:
            known = await vouching.check(
                self._desk.known,
                said.leg,
                said.role,
                machine.id,
                said.device.user_id,
                peer,
                machine.me.device_id,
                said.sdp,
                offered,
            )
        except PeerChanged:
            await self._changed(said)
            self._taker.refuse(peer, "identity", PeerChanged.text)
        except LocalError as error:  # our own files; the next description may find them well again
            log.warning("a description of %s cannot be checked: %s", peer, error.message)
            self._taker.complain(error.message)
        except MeshError as error:
            log.info("a description of %s is refused: %s", peer, error.message)
            if peer in self._machine().peers:
                self._taker.refuse(peer, "failed", error.message)
        else:
            if self._taker.take(said, known):
                self._shown[peer, "offer"] = said.leg.number, vouching.fingerprint(said.sdp)
            self._taker.act()

    async def _changed(self, said: Described) -> None:
        from mesh_agent.net.words import safety_words

        words = await asyncio.to_thread(safety_words, self._desk.identity.public, said.leg.key)
        self._desk.publish(IdentityChanged(said.device.user_id, said.name, said.device.device_id, words))

    def _offered(self, party: str, answered_as: Role, number: int) -> str:
        """The fingerprint in the offer of that leg; empty where it is not the last one."""
        last, shown = self._shown.get((party, answered_as), (0, ""))
        return shown if last == number else ""

    # ── ours ─────────────────────────────────────────────────────────────────────────────────────

    def vouched(self, told: orders.Described) -> SendRtcOffer | SendRtcAnswer | None:
        """What is to be said of ours; None: the leg is another one by now."""
        machine = self._machine()
        peer = machine.peers.get(told.party)
        if peer is None or peer.number != told.number:
            return None
        shown = vouching.fingerprint(told.sdp)
        offered = ""
        if told.kind == "offer":
            self._shown[told.party, "answer"] = told.number, shown
        else:
            offered = self._offered(told.party, "offer", told.number)
        leg = vouching.vouch(
            self._desk.identity,
            told.kind,
            machine.id,
            told.number,
            machine.me.device_id,
            told.party,
            shown,
            offered,
        )
        request = SendRtcOffer if told.kind == "offer" else SendRtcAnswer
        return request(
            call_id=machine.id,
            room_id=machine.room_id,
            to=told.party,
            sdp=told.sdp,
            payload=calls.write(leg),
        )
