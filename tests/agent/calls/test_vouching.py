"""A description is believed from the device that has signed it, for that leg, and in no other place."""

from typing import Any

import pytest

from mesh_agent.calls import vouching
from mesh_agent.client.folders import Profile
from mesh_agent.net.identity import Identity
from mesh_agent.net.known import KnownDevices
from protocol.calls import Leg
from protocol.errors import WrongSignature

CERTIFICATE = ":".join(["AB"] * 32)
OFFERED = ":".join(["CD"] * 32)
HERS = Identity(b"a" * 32)
LEG: dict[str, Any] = {
    "role": "answer",
    "call_id": "call",
    "number": 7,
    "sender": "alice-1",
    "receiver": "bob-1",
    "shown": CERTIFICATE,
    "offered": OFFERED,
}


def description(*certificates: str) -> str:
    lines = ["v=0", *(f"a=fingerprint:{each}" for each in certificates)]
    return "\r\n".join(lines) + "\r\n"


async def believed(leg: Leg, text: str, offered: str = OFFERED) -> None:
    """Raises: what `check` raises. Bob's device, of the call's seventh leg, checks alice's answer."""
    known = KnownDevices(Profile.open("bob"), clock=lambda: 1)
    await vouching.check(known, leg, "answer", "call", "alice", "alice-1", "bob-1", text, offered)


async def test_what_she_has_signed_is_believed() -> None:
    await believed(vouching.vouch(HERS, **LEG), description(f"sha-256 {CERTIFICATE}"))


@pytest.mark.parametrize(
    "other",
    [
        {"role": "offer"},
        {"call_id": "another"},
        {"sender": "alice-2"},
        {"receiver": "carol-1"},
        {"shown": OFFERED},
        {"offered": CERTIFICATE},
        {"offered": ""},
    ],
)
async def test_what_was_signed_for_another_place_is_not(other: dict[str, Any]) -> None:
    leg = vouching.vouch(HERS, **LEG | other)
    with pytest.raises(WrongSignature):
        await believed(leg, description(f"sha-256 {CERTIFICATE}"))


async def test_neither_is_another_number_or_somebody_elses_key() -> None:
    made = vouching.vouch(HERS, **LEG)
    key = Identity(b"m" * 32).public
    for leg in (Leg(8, made.key, made.signature), Leg(7, key, made.signature)):
        with pytest.raises(WrongSignature):
            await believed(leg, description(f"sha-256 {CERTIFICATE}"))


@pytest.mark.parametrize(
    "certificates",
    [
        (),
        (f"sha-1 {CERTIFICATE}",),
        (f"sha-256 {CERTIFICATE}", f"sha-256 {OFFERED}"),
        (f"sha-256 {CERTIFICATE}", f"sha-512 {CERTIFICATE}"),
        ("sha-256 AB:CD",),
    ],
)
async def test_a_description_names_one_certificate(certificates: tuple[str, ...]) -> None:
    with pytest.raises(WrongSignature):
        await believed(vouching.vouch(HERS, **LEG), description(*certificates))
