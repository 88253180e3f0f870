"""Sends a real server frames that nobody foresaw, and prints what became of them as a line of JSON.

Ends with an error where the server did not stand it; the seed makes the same frames again.
"""

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from pathlib import Path

from tests.support import frame_fuzz
from tests.support.server import running_server


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/fuzz/frames", description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="a random one by default")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="mesh-fuzz-") as folder,
        running_server(Path(folder) / "data", **frame_fuzz.SETTINGS) as server,
    ):
        tally = asyncio.run(frame_fuzz.run(server, arguments.frames, arguments.seed))
        code = server.stop()
    figures = {
        "frames": tally.sent,
        "seed": arguments.seed,
        "seconds": round(time.monotonic() - began, 1),
        "connections": tally.connections,
        "answers": dict(tally.answers.most_common()),
        "closes": dict(sorted(tally.closes.items())),
        "messages_of_two_who_talked": tally.talked,
        "memory_grew_bytes": tally.grew_bytes,
        "tasks": tally.tasks,
        "exit_code": code,
    }
    print(json.dumps(figures))
    if code != 0:
        raise SystemExit("the server did not end as asked")


if __name__ == "__main__":
    main()
