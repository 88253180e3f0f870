"""`scripts/bench/call_video`: what the pictures of a call cost the processor.

`raster`, `encode` and `decode` are single steps, with pictures in which much moves. `call` is two processes
of a call as an agent starts them: one sends such a film, the other paints it; what is told is what each spent
for a picture that was painted, with everything around it (packets, encryption, pipes), less what the same
call costs without pictures.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av import VideoFrame

from mesh_agent.media import orders
from mesh_agent.media.video.encoding import Encoder
from mesh_agent.media.video.raster import Raster
from mesh_agent.media.video.rate import STEPS, Step
from scripts.bench import harness
from tests.agent.media.studio import Studio, connect

TILES: Final = ((80, 40), (160, 50))
STEP: Final[Step] = next(step for step in STEPS if step.kbps == 600)
RATE: Final = 15
PICTURES: Final = 150
CALL_S: Final = 8.0
CASES: Final = ("raster", "encode", "decode", "call")


def film() -> list[VideoFrame]:
    """A textured picture over which the camera moves, with a little noise: as hard as a real one."""
    random = np.random.default_rng(1)
    rough = random.integers(0, 160, (60, 90)).astype(np.float64)
    smooth = np.kron(rough, np.ones((12, 12)))
    shaded = smooth + np.linspace(0, 70, smooth.shape[1])[None, :]
    frames = []
    for number in range(PICTURES):
        top, left = 2 * number % 300, 3 * number % 600
        planes = np.full((720, 640), 128, np.uint8)
        seen = shaded[top : top + 360, left : left + 480]
        planes[:480] = np.clip(np.resize(seen, (480, 640)) + random.normal(0, 3, (480, 640)), 16, 235)
        planes[480:600] = 100 + number % 50
        frames.append(VideoFrame.from_ndarray(planes, format="yuv420p"))
    return frames


def _spent(work: Callable[[VideoFrame], Any], frames: Sequence[VideoFrame]) -> float:
    """CPU in ms a picture, of all threads."""
    begun = time.process_time()
    for frame in frames:
        work(frame)
    return (time.process_time() - begun) * 1_000 / len(frames)


def measure_steps(cases: Sequence[str]) -> None:
    frames = film()

    def encode(frame: VideoFrame) -> Any:
        return encoder.encode(frame, next(number) / RATE, STEP, screen=False, key=False)

    if "raster" in cases:
        for columns, rows in TILES:
            spent = _spent(Raster(orders.Tile("a", columns, rows)).painted, frames)
            harness.report("call_video", f"640x480 to {columns}x{rows} cells", spent, "ms CPU")
    encoder, number = Encoder(), iter(range(PICTURES))
    if "encode" in cases:
        harness.report("call_video", "640x480 scaled and encoded as sent", _spent(encode, frames), "ms CPU")
    encoder, number = Encoder(), iter(range(PICTURES))
    if "decode" in cases:
        sent = [found for frame in frames if (found := encode(frame)) is not None]
        decoder: Any = av.CodecContext.create("vp8", "r")
        packets = [b"".join(payload[4:] for payload in each.payloads) for each in sent]
        begun = time.process_time()
        for packet in packets:
            decoder.decode(av.Packet(packet))
        spent = (time.process_time() - begun) * 1_000 / len(packets)
        kbps = sum(map(len, packets)) * 8 * RATE / len(frames) / 1_000
        harness.report("call_video", "decoded", spent, "ms CPU", kbps=round(kbps))


def write(path: Path, frames: Sequence[VideoFrame]) -> None:
    """Three times over, as a file that is quickly read."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 640, 480, "yuv420p", 4_000_000
        for number in range(3 * len(frames)):
            frame = frames[number % len(frames)]
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


async def _during(studios: Sequence[Studio]) -> list[float]:
    """CPU seconds of each over `CALL_S`."""
    before = [harness.cpu_seconds(studio.helper.pid) for studio in studios]
    await asyncio.sleep(CALL_S)
    after = [harness.cpu_seconds(studio.helper.pid) for studio in studios]
    return [late - early for early, late in zip(before, after, strict=True)]


def _painted(studio: Studio) -> int:
    return sum(isinstance(report, orders.Painted) for report in studio.told)


async def measure_call(path: Path) -> None:
    for columns, rows in TILES:
        alice, bob = await asyncio.gather(Studio.begin("alice"), Studio.begin("bob"))
        try:
            await connect(alice, bob)
            await asyncio.sleep(1.0)
            without = await _during((alice, bob))
            bob.tell(orders.View(tiles=[orders.Tile("alice", columns, rows)], rate=RATE))
            alice.tell(orders.Show(video_in=str(path)))
            await bob.hears(orders.Painted)
            begun = _painted(bob)
            spent = await _during((alice, bob))
            painted = _painted(bob) - begun
        finally:
            await asyncio.gather(alice.stop(), bob.stop())
        case = f"{columns}x{rows} at {RATE} a second"
        for who, more, idle in zip(("sends", "paints"), spent, without, strict=True):
            harness.report(
                "call_video",
                f"{case}: who {who}",
                (more - idle) * 1_000 / painted,
                "ms CPU a picture",
                a_second=round(painted / CALL_S, 1),
                core_percent=round(100 * more / CALL_S, 1),
            )


async def measure(cases: Sequence[str]) -> None:
    measure_steps(cases)
    if "call" in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "film.mkv")
            await asyncio.to_thread(write, path, film())
            await measure_call(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="call_video", description=__doc__)
    parser.add_argument("--only", choices=CASES, help="leave out all others")
    only = parser.parse_args().only
    harness.run(measure(CASES if only is None else (only,)))


if __name__ == "__main__":
    main()
