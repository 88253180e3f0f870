"""What carries files between two agents: each end a process of its own, on one machine.

Strategy: the lanes alone first, bytes from memory to memory: QUIC in Mesh's shell against the same engine in
aioquic's own asyncio shell, with datagrams of Ethernet's size and of loopback's, and TLS. The receiver counts
the time from the first byte to the last. The long lossy line does not exist: it is simulated in virtual time,
with Mesh's congestion control and with those that aioquic has. At the end, files from disk to disk, as
`transfer_files` has them by itself.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.cubic import CubicCongestionControl
from aioquic.quic.congestion.reno import RenoCongestionControl
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from mesh_agent.net.base import Lane
from mesh_agent.net.certificates import Certificate, make_certificate
from mesh_agent.net.connection import Connection, configuration
from mesh_agent.net.endpoint import Endpoint
from mesh_agent.net.engine import Engine
from mesh_agent.net.quic import QuicServer
from mesh_agent.net.tls import TlsServer, connect_tls
from mesh_agent.net.udp import open_socket
from scripts.bench import harness, transfer_files_bench
from scripts.bench.simulated import Link, World

HERE: Final = "127.0.0.1"
CHUNK: Final = 1 << 20
ETHERNET: Final = 1_452
LOOPBACK: Final = 16_384

RATE: Final = 50e6 / 8
ROUND_TRIP_S: Final = 0.060
LOSS: Final = 0.005


class Job:
    """What both processes know of a case."""

    def __init__(self, size: int, limit_bytes: int = 0) -> None:
        self.size = size
        self.limit_bytes = limit_bytes
        self.alice = make_certificate(time.time())
        self.bob = make_certificate(time.time())


End = Callable[[Job, Pipe], Awaitable[None]]


# ── lanes ────────────────────────────────────────────────────────────────────────────────────────


async def _read(lane: Lane, job: Job, pipe: Pipe) -> None:
    view = memoryview(bytearray(CHUNK))
    await lane.read_into(view)
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(job.size // CHUNK - 1):
        await lane.read_into(view)
    pipe.send((time.perf_counter() - began, time.process_time() - cpu))
    await lane.write(b"!")


async def _write(lane: Lane, job: Job) -> None:
    data = os.urandom(CHUNK)
    for _ in range(job.size // CHUNK):
        await lane.write(data)
    await lane.read(1)
    await lane.close()


async def quic_receiver(job: Job, pipe: Pipe) -> None:
    first: asyncio.Future[Lane] = asyncio.get_running_loop().create_future()
    server = await QuicServer.listen(
        [(HERE, 0)], first.set_result, certificate=job.bob, peer_fingerprint=job.alice.fingerprint
    )
    pipe.send(server.addresses[0])
    await _read(await first, job, pipe)
    await server.close()


async def quic_sender(job: Job, pipe: Pipe) -> None:
    endpoint = Endpoint.on(open_socket(HERE), limit_bytes=job.limit_bytes)
    address = pipe.recv()
    lane = await endpoint.connect(
        address, certificate=job.alice, peer_fingerprint=job.bob.fingerprint, owns=True
    )
    await _write(lane, job)


async def tls_receiver(job: Job, pipe: Pipe) -> None:
    first: asyncio.Future[Lane] = asyncio.get_running_loop().create_future()
    server = await TlsServer.listen([(HERE, 0)], first.set_result, certificate=job.bob)
    pipe.send(server.addresses[0])
    await _read(await first, job, pipe)
    await server.close()


async def tls_sender(job: Job, pipe: Pipe) -> None:
    await _write(await connect_tls(pipe.recv(), peer_fingerprint=job.bob.fingerprint), job)


# ── aioquic's own shell ──────────────────────────────────────────────────────────────────────────


def _stock(certificate: Certificate | None, job: Job) -> QuicConfiguration:
    made = QuicConfiguration(
        is_client=certificate is None,
        alpn_protocols=["bench"],
        max_datagram_size=job.limit_bytes,
        congestion_control_algorithm="cubic",
        verify_mode=ssl.CERT_NONE,
    )
    if certificate is not None:
        made.certificate = x509.load_der_x509_certificate(certificate.der)
        made.private_key = serialization.load_der_private_key(certificate.key, None)
    return made


async def stock_receiver(job: Job, pipe: Pipe) -> None:
    done = asyncio.Event()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(read(reader, writer)))

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got = len(await reader.read(CHUNK))
        began, cpu = time.perf_counter(), time.process_time()
        while got < job.size:
            got += len(await reader.read(CHUNK))
        pipe.send((time.perf_counter() - began, time.process_time() - cpu))
        writer.write(b"!")
        writer.write_eof()
        done.set()

    tasks: list[asyncio.Task[None]] = []
    # Its `serve` does not say which port it was given.
    with open_socket(HERE) as found:
        port = found.getsockname()[1]
    server = await serve(HERE, port, configuration=_stock(job.bob, job), stream_handler=accepted)
    pipe.send((HERE, port))
    await done.wait()
    await asyncio.sleep(0.5)
    server.close()


async def stock_sender(job: Job, pipe: Pipe) -> None:
    host, port = pipe.recv()
    data = os.urandom(CHUNK)
    async with connect(host, port, configuration=_stock(None, job)) as client:
        assert isinstance(client, QuicConnectionProtocol)
        reader, writer = await client.create_stream()
        for _ in range(job.size // CHUNK):
            writer.write(data)
            await asyncio.sleep(0)
        await reader.read(1)


# ── running ──────────────────────────────────────────────────────────────────────────────────────


def _run(end: End, job: Job, pipe: Pipe) -> None:
    asyncio.run(end(job, pipe))  # type: ignore[arg-type]


def carry(receiver: End, sender: End, job: Job) -> tuple[float, float]:
    """MB a second, and MB per second of the receiver's CPU."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    source, sink = context.Pipe()
    processes = [
        context.Process(target=_run, args=(receiver, job, far), daemon=True),
        context.Process(target=_run, args=(sender, job, sink), daemon=True),
    ]
    for process in processes:
        process.start()
    source.send(near.recv())
    seconds, cpu = near.recv()
    for process in processes:
        process.join(20)
        if process.is_alive():
            process.kill()
    return job.size / 1e6 / seconds, job.size / 1e6 / cpu


def lanes(mib: int, stock_mib: int) -> None:
    """The raw lanes, and what they are compared with."""
    size = mib * CHUNK
    cases: list[tuple[str, End, End, int, int]] = [
        ("aioquic's shell, 1,452-byte datagrams", stock_receiver, stock_sender, ETHERNET, stock_mib * CHUNK),
        ("one QUIC lane, 1,452-byte datagrams", quic_receiver, quic_sender, ETHERNET, size),
        ("one QUIC lane, loopback MTU", quic_receiver, quic_sender, LOOPBACK, size),
        ("one TLS lane", tls_receiver, tls_sender, 0, size),
    ]
    stock = 0.0
    for name, receiver, sender, limit, total in cases:
        speed, efficiency = carry(receiver, sender, Job(total, limit))
        more: dict[str, Any] = {"mib": total // CHUNK, "mb_per_cpu_s": round(efficiency, 1)}
        if limit == ETHERNET:
            stock = stock or speed
            more["times_stock"] = round(speed / stock, 2)
        harness.report("transfer", name, speed, "MB/s", **more)


# ── the line that does not exist ─────────────────────────────────────────────────────────────────


class _Paced:
    """What Mesh's engine asks of a congestion control, for those of aioquic."""

    datagram_bytes = ETHERNET
    congestion_window: int
    rtt = ROUND_TRIP_S

    @property
    def rate(self) -> float:
        return 1.25 * self.congestion_window / ROUND_TRIP_S

    def application_limited(self) -> None:
        """They do not ask."""


class Reno(_Paced, RenoCongestionControl):
    """RFC 9002's."""


class Cubic(_Paced, CubicCongestionControl):
    """RFC 9438's."""


register_congestion_control("paced-reno", Reno)
register_congestion_control("paced-cubic", Cubic)


def simulated(control: str, *, rate: float, rtt_s: float, loss: float, mib: int, lanes_: int = 1) -> float:
    """The share of the link that such connections use together, from the first byte to the last."""
    world, chance = World(), random.Random(7)
    links = [Link(rate, rtt_s / 2, loss, queue_bytes=rate * rtt_s, chance=chance) for _ in range(2)]
    settings = configuration(None, client=True, datagram_bytes=ETHERNET)
    settings.congestion_control_algorithm = control
    bob = make_certificate(0.0)
    answers = configuration(bob, client=False, datagram_bytes=ETHERNET)
    ends = []
    for _ in range(lanes_):
        connection = Connection(peer_fingerprint=bob.fingerprint, configuration=settings)
        connection.connect("server", now=0.0)
        ends.append(
            world.connect(
                Engine(connection, ETHERNET),
                lambda name: Engine.server(answers, None, destination=name),
                *links,
            )
        )
    world.run(lambda: all(near.engine.ready and far.engine.ready for near, far in ends))
    began, size = world.now, mib * CHUNK
    for near, _ in ends:
        near.left = size // lanes_
    world.run(lambda: sum(far.got for _, far in ends) >= size // lanes_ * lanes_, limit_s=3_600)
    return size / (world.now - began) / rate


def lossy(mib: int) -> None:
    """A long line that loses packets by itself."""
    for control in ("mesh", "paced-reno", "paced-cubic"):
        share = simulated(
            control, rate=RATE, rtt_s=ROUND_TRIP_S, loss=LOSS, mib=mib if control == "mesh" else mib // 8
        )
        harness.report(
            "transfer", f"simulated 50 Mbit/s, 60 ms, 0.5 % loss: {control}", 100 * share, "% of the link"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="transfer", description=__doc__)
    parser.add_argument("--mib", type=int, default=1_024, help="what goes over a lane, and of the large file")
    parser.add_argument("--stock-mib", type=int, default=256, help="what goes through aioquic's own shell")
    parser.add_argument("--line-mib", type=int, default=64, help="what goes over the simulated line")
    parser.add_argument("--only", choices=("lanes", "line", "files"))
    transfer_files_bench.add_options(parser)
    arguments = parser.parse_args()
    wanted = (arguments.only,) if arguments.only else ("lanes", "line", "files")
    if "lanes" in wanted:
        lanes(arguments.mib, arguments.stock_mib)
    if "line" in wanted:
        lossy(arguments.line_mib)
    if "files" in wanted:
        transfer_files_bench.measure(arguments)


if __name__ == "__main__":
    main()
