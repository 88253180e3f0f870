"""`scripts/bench/chaos`: a server at work while everything around it breaks, and what it kept.

Writers, readers and agents with their outboxes share a few rooms while the server is killed, the power cut,
the disk full, failing or hanging, the clock set, and lines stall, trickle, break and die unnoticed. What
happens, and when, is drawn from `--seed`. It ends with the last of `--kills`, or after `--minutes`, and
prints one object of JSON. The exit code is 1 where anything acknowledged was lost, doubled, out of order or
unseen.

With `--nodes N` they are at N nodes on one PostgreSQL and one NATS, of which each breaks, as do the lines
between them, until `--breaks` things have broken.
`tests/support/chaos.py` and `chaos_nodes.py` say how it is judged.
"""

import argparse
import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from scripts.bench.harness import percentile
from tests.support import chaos, chaos_nodes
from tests.support.machine import can_fail

KINDS = (
    "lost",
    "doubled",
    "out of order",
    "gap in seq",
    "gap in rev",
    "unseen",
    "undone",
    "rolled back",
    "signed out",
)
"""What is told even where it never happened."""


def figures(found: chaos.Findings) -> dict[str, Any]:
    plan, ledger = found.plan, found.ledger
    wrong = dict.fromkeys(KINDS, 0) | dict(ledger.trouble)
    return {
        "bench": "chaos",
        "seed": plan.seed,
        "nodes": getattr(plan, "nodes", 1),
        "breaks": found.breaks,
        "kills": found.kills,
        "seconds": round(found.seconds, 1),
        "good": found.is_good,
        **found.figures,
        "wrong": wrong,
        "examples": ledger.examples,
        "faults": dict(sorted(found.faults.items())),
        "start_s": spread(found.start_s),
        "first_ack_s": spread(found.recovery_s),
        "stop_s": spread(found.stop_s),
        "away_s": spread(found.away_s),
        "machine_fails": can_fail,
        "cores": os.cpu_count(),
    }


def spread(seconds: list[float]) -> dict[str, float]:
    """How long something took, over all the times that it happened."""
    if not seconds:
        return {}
    shares = {"p50": 0.5, "p95": 0.95}
    found = {name: round(percentile(seconds, share), 3) for name, share in shares.items()}
    return found | {"max": round(max(seconds), 3), "times": len(seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="kills to survive (default 200)")
    parser.add_argument("--nodes", type=int, default=1, help="nodes of the server (default 1)")
    parser.add_argument("--breaks", type=int, default=100, help="with several nodes: faults (default 100)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end sooner, after so long")
    parser.add_argument("--seed", type=int, default=1, help="draws the script (default 1)")
    for name in ("rooms", "writers", "readers", "agents"):
        default = getattr(chaos.Plan, name)
        parser.add_argument(f"--{name}", type=int, default=default, help=f"(default {default})")
    arguments = parser.parse_args()
    settings = {
        "seed": arguments.seed,
        "kills": arguments.kills,
        "seconds": arguments.minutes * 60,
        "rooms": arguments.rooms,
        "writers": arguments.writers,
        "readers": arguments.readers,
        "agents": arguments.agents,
    }
    with tempfile.TemporaryDirectory(prefix="mesh-chaos-", dir=os.environ.get("MESH_BENCH_DIR")) as folder:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
            os.environ[name] = str(Path(folder) / "home")
        if arguments.nodes > 1:
            plan = chaos_nodes.NodesPlan(**settings, nodes=arguments.nodes, breaks=arguments.breaks)
            found = asyncio.run(chaos_nodes.run(plan, Path(folder)))
        else:
            found = asyncio.run(chaos.run(chaos.Plan(**settings), Path(folder)))
    print(json.dumps(figures(found), indent=1, ensure_ascii=False))
    raise SystemExit(0 if found.is_good else 1)


if __name__ == "__main__":
    main()
