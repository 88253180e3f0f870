"""One end of a transfer as a program: it receives or sends through a courier, over QUIC and TLS on this
machine.

    python -m scripts.bench.transfer_end receive INTO
    python -m scripts.bench.transfer_end send PATH --to WHERE [--lanes N] [--quic-only]

The receiver says in a line of JSON where it is, for `--to`; both say in one how it went. What two devices
do to meet is left out: each lane is the other's because nobody else is here.
"""

import argparse
import asyncio
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from mesh_agent.files.sink import Sink
from mesh_agent.files.source import Source
from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Ended
from mesh_agent.net.base import Lane
from mesh_agent.net.certificates import Certificate, make_certificate
from mesh_agent.net.quic import QuicServer, connect_quic
from mesh_agent.net.tls import TlsServer, connect_tls
from mesh_agent.sharing.courier import Courier
from mesh_agent.sharing.transferring import Accept, Answer, Progress
from protocol.errors import MeshError

HERE = "127.0.0.1"
TRANSFER = "bench"


def _certificate() -> Certificate:
    return make_certificate(time.time())


def _say(**said: Any) -> None:
    print(json.dumps(said), flush=True)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _say_how(ended: Ended, seconds: float, cpu_s: float, size: int) -> None:
    _say(
        how=ended.how,
        reason=ended.reason,
        seconds=seconds,
        bytes=size,
        cpu_s=cpu_s,
        most_mib=_most_mib(),
    )


def _most_mib() -> float:
    """The most memory that was resident; `getrusage` would count that of whoever started this program."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmHWM")


async def receive(into: Path) -> None:
    """Until one transfer has come to its end."""
    lanes: asyncio.Queue[Lane] = asyncio.Queue()
    certificate = _certificate()
    quic = await QuicServer.listen([(HERE, 0)], lanes.put_nowait, certificate=certificate)
    tls = await TlsServer.listen([(HERE, 0)], lanes.put_nowait, certificate=certificate)
    port, tcp_port = quic.addresses[0][1], tls.addresses[0][1]
    _say(where=f"{port},{tcp_port},{certificate.fingerprint}")
    over: asyncio.Future[Progress] = asyncio.get_running_loop().create_future()

    async def accept(_: Offer) -> Answer:
        return Accept(into, "newer")

    def note(progress: Progress) -> None:
        if progress.ended is not None and not over.done():
            over.set_result(progress)

    further = []
    while (main := await lanes.get()).engine != "quic":
        further.append(main)  # whose handshake was quicker than that of the first
    courier = Courier(main, on_offer=accept, on_progress=note, open_sink=open_sink)
    running = asyncio.create_task(courier.run())
    for lane in further:
        courier.add_lane(lane)
    adding = asyncio.create_task(_add_all(lanes, courier))
    began, cpu_s = time.perf_counter(), _cpu_s()
    progress = await over
    assert progress.ended is not None
    _say_how(progress.ended, time.perf_counter() - began, _cpu_s() - cpu_s, progress.size)
    await asyncio.gather(running, return_exceptions=True)  # the sender ends it
    adding.cancel()
    await asyncio.gather(quic.close(), tls.close())


def open_sink(offer: Offer, answer: Accept) -> Sink:
    return Sink.open(answer.into, offer, conflict=answer.conflict)


async def _add_all(lanes: "asyncio.Queue[Lane]", courier: Courier) -> None:
    while True:
        courier.add_lane(await lanes.get())


async def send(path: Path, where: str, lanes: int, *, quic_only: bool) -> None:
    port, tcp_port, fingerprint = where.split(",")
    certificate = _certificate()

    async def over_quic() -> Lane:
        address = (HERE, int(port))
        return await connect_quic(None, address, certificate=certificate, peer_fingerprint=fingerprint)

    async def over_tls() -> Lane:
        return await connect_tls((HERE, int(tcp_port)), peer_fingerprint=fingerprint)

    async def refuse(_: Offer) -> Answer:
        raise MeshError

    courier = Courier(await over_quic(), on_offer=refuse)
    running = asyncio.create_task(courier.run())
    for _ in range(lanes):
        lane = await (over_quic() if quic_only else over_tls())
        await asyncio.sleep(0)
        courier.add_lane(lane)
    began, cpu_s = time.perf_counter(), _cpu_s()
    source = await asyncio.to_thread(Source.open, path)
    ended = await courier.offer(TRANSFER, source)
    _say_how(ended, time.perf_counter() - began, _cpu_s() - cpu_s, source.size)
    source.close()
    courier.close()
    await asyncio.gather(running, return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="transfer_end", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    receiving = verbs.add_parser("receive")
    receiving.add_argument("path", type=Path)
    sending = verbs.add_parser("send")
    sending.add_argument("path", type=Path)
    sending.add_argument("--to", required=True)
    sending.add_argument("--lanes", type=int, default=1, help="beside the first")
    sending.add_argument("--quic-only", action="store_true")
    options = parser.parse_args()
    gc.freeze()  # as each process of the agent does
    if options.verb == "receive":
        asyncio.run(receive(options.path))
    else:
        asyncio.run(send(options.path, options.to, options.lanes, quic_only=options.quic_only))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
