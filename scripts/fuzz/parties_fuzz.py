"""`scripts/fuzz/parties`: calls between real `mesh-agent` programs under hard circumstances.

    six       six parties, each with a tone of its own: everybody hears everybody, and not themselves
    garbage   two parties talk, and a third member of the room says everything that is wrong: both go on
    move      a party loses its address during the call, and has another one: the call finds its way again

Strategy: what a party hears is read out of what its program writes (`parties`). Garbage is made from a seed,
by a member with a plain WebSocket, at a server without rates, so that the programs themselves take it. Prints
a line of JSON for each case; ends with 1 where something is not as it should be.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from scripts.bench import harness
from scripts.bench.seed import Person
from scripts.fuzz.garbage import Garbage
from scripts.fuzz.parties import PASSWORD, RATE, Party, longest_gap_ms, loudness, people, written
from scripts.fuzz.two_ways import INSIDE, SERVER, Network, in_a_network_of_its_own, why_not

NAMES: Final = ("alice", "bob", "carol", "dave", "erin", "frank")
LISTEN_S: Final = 2.0
TONE_S: Final = 120.0
GAP_MS: Final = 400
"""The longest silence of somebody who talks, beside a flood on two cores."""


AT_ONCE: Final = 50
PAUSE_S: Final = 0.02
"""Of what is wrong, so many messages are said between two pauses."""

Result = dict[str, Any]


async def ended(parties: Sequence[Party]) -> list[str]:
    """What went wrong at the end: nobody may have crashed or complained."""
    wrong = []
    for party in parties:
        code = await party.end()
        if code not in (0, 130, -signal.SIGINT):  # the last one may be ending by itself
            wrong.append(f"{party.name} ended with {code}")
        wrong += [f"{party.name}: {line}" for line in party.complaints if "Traceback" in line]
    return wrong


async def all_in_a_call(parties: Sequence[Party]) -> float:
    """Returns after how many seconds everybody is connected with everybody."""
    begun = time.monotonic()
    first, *others = parties
    await first.begin()
    await first.tells(lambda said: any(each.get("phase") == "ringing" for each in said), "ringing")
    for party in others:
        await party.begin()
    names = [party.name for party in parties]
    await asyncio.gather(*(each.connected(*(set(names) - {each.name})) for each in parties))
    return time.monotonic() - begun


async def six(folder: Path, count: int, seed: int) -> Result:
    del seed
    with harness.running_server() as server:
        parties, _ = await people(server.url, NAMES[:count], folder, seconds=TONE_S)
        try:
            seconds = await all_in_a_call(parties)
            for party in parties:
                await party.until_it_hears([each for each in parties if each is not party])
            await asyncio.sleep(LISTEN_S)
            wrong, levels = [], []
            for party in parties:
                newest = written(party.heard)[-int(LISTEN_S * RATE) :]
                levels += [loudness(newest, each.hertz) for each in parties if each is not party]
                if set(party.hears(parties, LISTEN_S)) != {each.name for each in parties} - {party.name}:
                    wrong.append(f"{party.name} hears {party.hears(parties, LISTEN_S)}")
            wrong += await ended(parties)
        finally:
            await asyncio.gather(*(party.kill() for party in parties))
    figures = {"parties": count, "connected_s": round(seconds, 1), "quietest": round(min(levels), 3)}
    return {**figures, "loudest": round(max(levels), 3), "wrong": wrong}


async def garbage(folder: Path, count: int, seed: int) -> Result:
    del count
    with harness.running_server() as server:
        (*two, carol), room_id = await people(server.url, NAMES[:3], folder, seconds=TONE_S)
        try:
            await all_in_a_call(two)
            for party, other in zip(two, reversed(two), strict=True):
                await party.until_it_hears([other])
            begun = time.monotonic()
            said = await _say_garbage(server, carol, room_id, two, seed)
            seconds = time.monotonic() - begun
            before = [len(written(party.heard)) for party in two]
            await asyncio.sleep(LISTEN_S)
            wrong, gaps = [], []
            for party, other, at in zip(two, reversed(two), before, strict=True):
                samples = written(party.heard)
                gaps.append(longest_gap_ms(samples[at - int(seconds * RATE) :], other.hertz))
                if other.name not in party.hears([other]):
                    wrong.append(f"{party.name} does not hear {other.name} any more")
                if party.states().get(other.name) != "connected":
                    wrong.append(f"{party.name}: {other.name} is {party.states().get(other.name)}")
            if max(gaps) > GAP_MS:
                wrong.append(f"silences of {gaps} ms")
            wrong += await ended(two)
        finally:
            await asyncio.gather(*(party.kill() for party in two))
    return {"messages": said, "seconds": round(seconds, 1), "longest_gap_ms": max(gaps), "wrong": wrong}


async def _say_garbage(
    server: harness.Server, carol: Party, room_id: str, two: Sequence[Party], seed: int
) -> int:
    """Everything that is wrong, by a member of the room. Returns how many messages that was."""
    call_id = next(each["call"] for each in two[0].said if "call" in each)
    devices = [
        next(each["device"] for each in other.said if each.get("user") == party.name and each.get("device"))
        for party, other in zip(two, reversed(two), strict=True)
    ]
    said = 0
    async with harness.rest(server) as rest:
        answer = await rest.post("/api/auth/login", username=carol.name, password=PASSWORD)
        person = Person(carol.name, answer["access_token"], carol.user_id)
        device_id = answer["device"]["id"]
        made = Garbage(seed, call_id, room_id, device_id, devices, [party.user_id for party in two])
        for what, batch in made.batches():
            client = await harness.connect(server, person)
            for message in batch:
                if client.closed is not None:  # the server has had enough of it
                    client = await harness.connect(server, person)
                client.send(**message)
                said += 1
                if said % AT_ONCE == 0:
                    await asyncio.sleep(PAUSE_S)
            await asyncio.sleep(PAUSE_S)
            client.close()
            for party in two:
                if not party.runs:
                    raise SystemExit(f"{party.name} ended at: {what}: {party.complaints}")
    return said


async def move(folder: Path, count: int, seed: int) -> Result:
    del count, seed
    with Network() as network, harness.running_server(listen=SERVER, MESH_REGISTRATION="open") as server:
        (alice, bob), _ = await people(server.url, NAMES[:2], folder, seconds=TONE_S)
        bob.prefix = network.away
        both = ((alice, bob), (bob, alice))
        try:
            await all_in_a_call([alice, bob])
            for party, other in both:
                await party.until_it_hears([other])
            network.leave_first_way()
            begun = time.monotonic()
            await asyncio.gather(*(party.until_silence() for party, _ in both))
            silent = time.monotonic() - begun
            for party, other in both:
                await party.until_it_hears([other])
            heard = time.monotonic() - begun
            states = {
                party.name: {
                    each["state"]: round(each["at"] - begun, 1) for each in party.said if "state" in each
                }
                for party, _ in both
            }
            wrong = await ended([alice, bob])
        finally:
            await asyncio.gather(alice.kill(), bob.kill())
    figures = {"silent_after_s": round(silent, 1), "heard_again_after_s": round(heard, 1)}
    return {**figures, "states": states, "wrong": wrong}


def _in_another_network() -> bool:
    """The case that needs one. Returns whether it failed."""
    if reason := why_not():
        print(json.dumps({"fuzz": "parties", "case": "move", "skipped": reason}), flush=True)
        return False
    return bool(in_a_network_of_its_own("scripts.fuzz.parties_fuzz", "move"))


CASES: Final[dict[str, Callable[[Path, int, int], Awaitable[Result]]]] = {
    "six": six,
    "garbage": garbage,
    "move": move,
}


async def main(cases: Sequence[str], count: int, seed: int) -> int:
    failed = False
    for name in cases or CASES:
        if name == "move" and INSIDE not in os.environ:
            failed = _in_another_network() or failed
            continue
        with tempfile.TemporaryDirectory() as folder:
            result = await CASES[name](Path(folder), count, seed)
        print(json.dumps({"fuzz": "parties", "case": name, **result}), flush=True)
        failed = failed or bool(result["wrong"])
    return int(failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/fuzz/parties", description=__doc__)
    parser.add_argument(
        "cases", metavar="CASE", nargs="*", choices=[[], *CASES], help="all, where none is named"
    )
    parser.add_argument("--parties", metavar="N", type=int, default=6, help="of the first case (%(default)d)")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="of the garbage (%(default)d)")
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.cases, given.parties, given.seed)))
