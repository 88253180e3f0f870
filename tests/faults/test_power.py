"""Guarantee 2: an ack means that the message survives a power cut, which takes all that was not synced."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ledger import Truth
from tests.support.machine import Machine, needs_machine
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Person

pytestmark = needs_machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "data", tmp_path / "machine", remembers=True)


@pytest.fixture
def server(machine: Machine, tmp_path: Path) -> Iterator[ServerProcess]:
    (tmp_path / "data").mkdir()
    with running_server(tmp_path / "data", **machine.environment) as running:
        yield running


@pytest.mark.parametrize("torn", [False, True])
async def test_what_was_acknowledged_survives_power_cuts(
    server: ServerProcess, machine: Machine, alice: Person, room_id: str, torn: bool
) -> None:
    """`torn`: of what was not synced, any part may have reached the disk, in any order."""
    chance = random.Random(f"power, torn: {torn}")
    acked: dict[str, int] = {}
    for cut in range(4):
        async with alice.socket() as hers:
            for number in range(chance.randint(1, 40)):
                nonce = f"{cut}-{number}"
                acked[nonce] = (await hers.say(room_id, "x" * chance.randint(1, 7_000), nonce=nonce))["seq"]
                hers.seen.clear()
            # On its way when the power goes: it may be there afterwards, whole, or not at all.
            for number in range(20):
                await hers.send(
                    "chat.message.send", room_id=room_id, nonce=f"{cut}-late-{number}", content="?"
                )
            server.kill()
        machine.cut_power(chance if torn else None)
        server.start(server.url.removeprefix("http://"))
    server.stop()
    truth = Truth.read(server.folder / "mesh.db")
    assert truth.damage == []
    stored = {message["nonce"]: message["seq"] for message in truth.messages}
    assert sorted(stored.values()) == list(range(1, len(stored) + 1))
    assert {nonce: stored.get(nonce) for nonce in acked} == acked


async def test_the_first_start_survives_a_power_cut(
    server: ServerProcess, machine: Machine, alice: Person
) -> None:
    """An account is there as soon as its registration was answered."""
    server.kill()
    machine.cut_power()
    server.start(server.url.removeprefix("http://"))
    assert (await alice.call("GET", "/api/auth/me"))["username"] == alice.name
