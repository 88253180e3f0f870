"""Descriptions of legs that come late, twice, or vouch for another offer than ours."""

import asyncio
from typing import Any, cast

import pytest

from mesh_agent.calls import vouching
from mesh_agent.calls.descriptions import Described, Descriptions
from mesh_agent.client.folders import Profile
from mesh_agent.machines.call import CallMachine
from mesh_agent.machines.call_legs import PAUSES_S
from mesh_agent.machines.call_parts import MakeOffer
from mesh_agent.media import orders
from mesh_agent.net.identity import Identity
from mesh_agent.net.known import Known, KnownDevices
from mesh_agent.sharing.desk import Desk
from protocol.calls import Again, Device, HangUp, Join
from tests.support.conditions import until

ALICE, BOB = Device("alice", "alice-1"), Device("bob", "bob-1")
HERS, HIS = Identity(b"a" * 32), Identity(b"b" * 32)
FIRST, SECOND, ANSWER = (":".join([pair] * 32) for pair in ("AB", "CD", "EF"))


def _sdp(certificate: str) -> str:
    return f"v=0\r\na=fingerprint:sha-256 {certificate}\r\n"


class Alice:
    """Her device, which makes the offers; she notes what becomes of his answers."""

    def __init__(self) -> None:
        self.machine = CallMachine(ALICE, "call", "room", wall_ms=lambda: 1)
        self.machine.join([BOB.device_id], 0.0)
        self.machine.heard(BOB, "bob", Join(fresh=True), 0.0)
        nothing = cast("Any", None)
        known = KnownDevices(Profile.open("alice"), clock=lambda: 1)
        desk = Desk(nothing, HERS, known, nothing, lambda _: None, lambda: 1)
        self.descriptions = Descriptions(desk, lambda: self.machine, self)
        self.taken: list[int] = []
        self.refused: list[tuple[str, HangUp]] = []
        self.complaints: list[str] = []

    def take(self, described: Described, known: Known) -> bool:
        del known
        self.taken.append(described.leg.number)
        return False

    def refuse(self, party: str, reason: HangUp, sentence: str) -> None:
        del sentence
        self.refused.append((party, reason))

    def complain(self, sentence: str) -> None:
        self.complaints.append(sentence)

    def act(self) -> None:
        """Nothing is carried out here."""

    def offer(self, certificate: str) -> int:
        """What the machine wants to offer goes out."""
        made = [effect for effect in self.machine.effects if isinstance(effect, MakeOffer)]
        self.machine.effects = []
        (number,) = (effect.number for effect in made)
        told = orders.Described(party=BOB.device_id, number=number, kind="offer", sdp=_sdp(certificate))
        assert self.descriptions.vouched(told) is not None
        return number

    def answered(self, number: int, offered: str) -> None:
        leg = vouching.vouch(HIS, "answer", "call", number, BOB.device_id, ALICE.device_id, ANSWER, offered)
        self.descriptions.heard(Described("answer", BOB, "bob", leg, _sdp(ANSWER)))


@pytest.mark.parametrize("wrong", [False, True])
async def test_an_answer_to_an_older_offer_is_nothing_and_a_wrong_one_to_the_last_is_refused(
    wrong: bool,
) -> None:
    alice = Alice()
    checking = asyncio.create_task(alice.descriptions.check())
    try:
        first = alice.offer(FIRST)
        alice.machine.heard(BOB, "bob", Again(number=first), 1.0)
        alice.machine.tick(1.0 + PAUSES_S[0])
        second = alice.offer(SECOND)
        assert second > first
        alice.answered(first, FIRST)
        alice.answered(second + 1, SECOND)
        alice.answered(second, FIRST if wrong else SECOND)
        await until(lambda: alice.taken or alice.refused, "the last answer to be checked")
        assert alice.taken == ([] if wrong else [second])
        assert alice.refused == ([(BOB.device_id, "failed")] if wrong else [])
    finally:
        checking.cancel()
        await asyncio.wait((checking,))


async def test_files_of_ours_that_cannot_be_used_put_nobody_out() -> None:
    alice = Alice()
    path = Profile.open("alice").known_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{")
    checking = asyncio.create_task(alice.descriptions.check())
    try:
        first = alice.offer(FIRST)
        alice.answered(first, FIRST)
        await until(lambda: alice.complaints or alice.refused, "the complaint")
        assert "is damaged" in alice.complaints[0]
        assert (alice.taken, alice.refused) == ([], [])
        path.unlink()
        alice.answered(first, FIRST)
        await until(lambda: alice.taken, "it to be taken once it can be")
    finally:
        checking.cancel()
        await asyncio.wait((checking,))
