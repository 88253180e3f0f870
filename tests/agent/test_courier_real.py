"""Couriers over real lanes on this machine, QUIC and TLS, from disk to disk."""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mesh_agent.files.source import Source
from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Ended
from mesh_agent.net.base import Lane, LaneLost
from mesh_agent.net.quic import QuicServer, connect_quic
from mesh_agent.net.tls import TlsServer, connect_tls
from mesh_agent.sharing.courier import Courier
from mesh_agent.sharing.transferring import Accept, Answer
from tests.agent.couriers import DONE
from tests.support.conditions import until
from tests.support.lanes import certificate

HERE = "127.0.0.1"
ALICE, BOB = certificate("alice"), certificate("bob")
MIB = 2**20
BYTES = random.Random(1).randbytes(5 * MIB + 17)


class Ends:
    """Alice's courier and Bob's, with a QUIC lane between them; more with `add_quic` and `add_tls`."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._came: asyncio.Queue[Lane] = asyncio.Queue()

    async def open(self) -> None:
        self._quic = await QuicServer.listen(
            [(HERE, 0)], self._came.put_nowait, certificate=BOB, peer_fingerprint=ALICE.fingerprint
        )
        self._tls = await TlsServer.listen([(HERE, 0)], self._came.put_nowait, certificate=BOB)
        self.main = await self._over_quic()
        self.alice = Courier(self.main, on_offer=self._accept)
        self.bob = Courier(await self._came.get(), on_offer=self._accept)
        self.running = [asyncio.create_task(each.run()) for each in (self.alice, self.bob)]

    async def _accept(self, _: Offer) -> Answer:
        return Accept(self._into)

    async def _over_quic(self) -> Lane:
        address = self._quic.addresses[0]
        return await connect_quic(None, address, certificate=ALICE, peer_fingerprint=BOB.fingerprint)

    async def add_quic(self) -> Lane:
        return await self._add(await self._over_quic())

    async def add_tls(self) -> Lane:
        return await self._add(await connect_tls(self._tls.addresses[0], peer_fingerprint=BOB.fingerprint))

    async def _add(self, lane: Lane) -> Lane:
        self.alice.add_lane(lane)
        self.bob.add_lane(await self._came.get())
        return lane

    async def send(self, path: Path, limit: int | None = None) -> object:
        source = await asyncio.to_thread(Source.open, path)
        try:
            return await self.alice.offer("t", source, limit=limit)
        finally:
            source.close()

    async def close(self) -> None:
        self.alice.close()
        self.bob.close()
        await asyncio.gather(*self.running, return_exceptions=True)
        await asyncio.gather(self._quic.close(), self._tls.close())


@asynccontextmanager
async def ends(into: Path) -> AsyncIterator[Ends]:
    made = Ends(into)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def content(folder: Path) -> dict[str, bytes | None]:
    """Everything in it by its path; None for a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def there(tmp_path: Path) -> Path:
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.bin"
    path.write_bytes(BYTES)
    return path


@pytest.mark.parametrize("lanes", [[], ["quic", "tls"]], ids=["one", "many"])
async def test_a_file_goes_from_disk_to_disk(lanes: list[str], big: Path, there: Path) -> None:
    async with ends(there) as both:
        for lane in lanes:
            await (both.add_tls() if lane == "tls" else both.add_quic())
        assert await both.send(big) == DONE
    assert content(there) == {"big.bin": BYTES}
    assert os.stat(there / "big.bin").st_mtime_ns == os.stat(big).st_mtime_ns  # noqa: PTH116


async def test_a_folder_goes_from_disk_to_disk(tmp_path: Path, there: Path) -> None:
    stuff = tmp_path / "out" / "stuff"
    (stuff / "empty").mkdir(parents=True)
    for at in range(300):
        (stuff / f"{at}.txt").write_bytes(b"%d" % at * at)
    (stuff / "large.bin").write_bytes(random.Random(2).randbytes(2 * MIB))
    async with ends(there) as both:
        await both.add_tls()
        assert await both.send(stuff) == DONE
    assert content(there) == content(tmp_path / "out")


async def test_further_lanes_that_die_cost_nothing_but_their_chunks(big: Path, there: Path) -> None:
    async with ends(there) as both:
        lanes = [await both.add_tls(), await both.add_quic()]
        sending = asyncio.create_task(both.send(big, limit=20 * MIB))
        await until(lambda: both.bob.received_bytes >= 2 * MIB, "some of it")
        for lane in lanes:
            await lane.close()
        assert await sending == DONE
        assert both.alice.lanes == 1
    assert content(there) == {"big.bin": BYTES}


async def test_what_was_interrupted_is_gone_on_with(big: Path, there: Path) -> None:
    async with ends(there) as both:
        sending = asyncio.create_task(both.send(big, limit=2 * MIB))
        await until(lambda: both.bob.received_bytes >= 2 * MIB, "some of it")
        await both.main.close()
        with pytest.raises(LaneLost):
            await sending
    assert "big.bin" not in content(there), "nothing half has a name"
    async with ends(there) as both:
        assert await both.send(big) == DONE
        assert 0 < both.bob.received_bytes < 5 * MIB, "only what was missing came"
    assert content(there) == {"big.bin": BYTES}


async def test_a_file_that_changes_is_told_on_both_sides_and_nothing_is_left(
    tmp_path: Path, there: Path
) -> None:
    path = tmp_path / "changes.bin"
    path.write_bytes(bytes(MIB))
    async with ends(there) as both:
        source = await asyncio.to_thread(Source.open, path)
        path.write_bytes(b"other" * MIB)
        ended = await both.alice.offer("t", source)
        source.close()
        assert isinstance(ended, Ended)
        assert (ended.how, ended.code) == ("failed", "changed")
        await until(lambda: not any(there.iterdir()), "the part to go")


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells how much memory was used"
)
def test_neither_end_needs_more_memory_for_a_larger_file(tmp_path: Path) -> None:
    """A sparse file of 4 GiB with some bytes in it, between two processes."""
    path, into = tmp_path / "sparse.img", tmp_path / "into"
    into.mkdir()
    with path.open("wb") as file:
        for at in range(40):
            file.seek(at * 100 * MIB)
            file.write(os.urandom(MIB))
        file.truncate(4 * 1024 * MIB)
    program = [sys.executable, "-m", "scripts.bench.transfer_end"]
    with subprocess.Popen([*program, "receive", str(into)], stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        where = json.loads(receiver.stdout.readline())["where"]
        send = [*program, "send", str(path), "--to", where]
        sent = subprocess.run(send, stdout=subprocess.PIPE, text=True, check=True)
        received = receiver.stdout.readline()
    for said in (json.loads(sent.stdout), json.loads(received)):
        assert said["how"] == "done", said
        assert said["most_mib"] < 150, said
    there = (into / "sparse.img").stat()
    assert there.st_size == 4 * 1024 * MIB
    assert there.st_blocks * 512 < 200 * MIB, "what is sparse stays sparse"
