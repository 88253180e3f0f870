"""`scripts/bench/start`: from exec until the server listens, with a million messages in its database.

Each start but the first of a kind follows a stop in good order; for the last kind the server is killed after
some thousand messages more, so that the next one finds a log that was not moved to the database.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from scripts.bench import harness
from scripts.bench.seed import Person, large_room

AFTER_KILL = 5_000


def _start(folder: Path, stop: signal.Signals = signal.SIGTERM) -> tuple[float, float]:
    """Seconds until it listened, and of CPU until then."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "mesh_server", "--listen", "127.0.0.1:0", "--data", str(folder)],
        env=os.environ | {"MESH_LOG_LEVEL": "warning"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if not process.stdout.readline().startswith("mesh-server listening on "):
        raise SystemExit("the server did not start")
    took, cpu = time.perf_counter() - began, harness.cpu_seconds(process.pid)
    process.send_signal(stop)
    process.wait(40)
    return took, cpu


async def _write_and_kill(folder: Path, person: Person, room_id: str) -> None:
    with harness.running_server(folder) as server:
        sender = await harness.connect_sender(server, person, room_id)
        sender.start()
        await harness.until(lambda: sender.acked >= AFTER_KILL)
        sender.running = False
        os.kill(server.pid, signal.SIGKILL)
        sender.client.close()


def measure(messages: int, times: int, data: str | None) -> None:
    with harness.data_folder_named(data) as folder:
        people, room_id = large_room(folder, messages)
        _report(f"{messages:,} messages", [_start(folder) for _ in range(times)])
        killed = []
        for _ in range(3):
            asyncio.run(_write_and_kill(folder, people[0], room_id))
            killed.append(_start(folder))
        _report(f"{messages:,} messages, killed after {AFTER_KILL:,} more", killed)


def _report(case: str, starts: list[tuple[float, float]]) -> None:
    seconds = [took for took, _ in starts]
    harness.report(
        "start",
        case,
        harness.percentile(seconds, 0.5) * 1000,
        "ms until it listens",
        slowest_ms=round(max(seconds) * 1000),
        cpu_ms=round(harness.percentile([cpu for _, cpu in starts], 0.5) * 1000),
        of=len(starts),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="start", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--data", help="a data folder to make once and to keep")
    arguments = parser.parse_args()
    measure(arguments.messages, arguments.times, arguments.data)


if __name__ == "__main__":
    main()
