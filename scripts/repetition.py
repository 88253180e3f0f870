"""Runs the same tests again and again, and stops at the first run in which one fails.

A test that fails once in a hundred runs says as much about the program as one that always does.

Strategy: each run is a pytest of its own, so that nothing is left over from the one before, with a seed of
its own for what hypothesis draws and for the order of sets. Runs are told on stderr as they end, and what
came of it all is one JSON object on stdout. The seeds are the numbers of the runs, so a run that failed is
made again by `--from` its number, `--times 1`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

OUTPUT_CHARS: Final = 20_000
"""How much of what a failing run printed is told: the end of it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `failed` names tests; it can also fail without any, and then `output` says why."""

    seed: int
    exit_code: int
    seconds: float
    tests: int
    skipped: int
    failed: list[str] = field(default_factory=list)
    output: str = ""


def runs(arguments: list[str], seeds: range) -> Iterator[Run]:
    """One run a seed, up to the first that fails."""
    for seed in seeds:
        made = run(arguments, seed)
        yield made
        if made.exit_code:
            return


def run(arguments: list[str], seed: int) -> Run:
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        own = ["-q", f"--junit-xml={report}", f"--hypothesis-seed={seed}"]
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *own, *arguments],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        seconds = time.monotonic() - begun
        cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    return Run(
        seed=seed,
        exit_code=done.returncode,
        seconds=round(seconds, 1),
        tests=len(cases),
        skipped=sum(case.find("skipped") is not None for case in cases),
        failed=[
            _name(case) for case in cases if any(case.find(tag) is not None for tag in ("failure", "error"))
        ],
        output=done.stdout[-OUTPUT_CHARS:] if done.returncode else "",
    )


def _name(case: ElementTree.Element) -> str:
    return f"{case.get('classname', '')}::{case.get('name', '')}"


def summary(made: list[Run]) -> dict[str, object]:
    last = made[-1]
    seconds = [run.seconds for run in made]
    return {
        "runs": len(made),
        "passed": sum(not run.exit_code for run in made),
        "tests": last.tests,
        "skipped": last.skipped,
        "seconds": {
            "median": statistics.median(seconds),
            "most": max(seconds),
            "all": round(sum(seconds), 1),
        },
        "failed": asdict(last) if last.exit_code else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="repeat",
        description="Runs tests again and again until one fails.",
        epilog="All other arguments go to pytest, for instance: repeat --times 5 tests/faults -n 2",
        allow_abbrev=False,
    )
    parser.add_argument("--times", type=int, default=20, help="how often; 20 by default")
    parser.add_argument(
        "--from", dest="first", type=int, default=1, help="the seed of the first run; 1 by default"
    )
    options, arguments = parser.parse_known_args()
    if options.times < 1 or options.first < 0:
        parser.error("--times is at least 1, --from at least 0")
    made: list[Run] = []
    for one in runs(arguments, range(options.first, options.first + options.times)):
        made.append(one)
        print(
            f"seed {one.seed}: {'FAILED' if one.exit_code else 'passed'}, {one.tests} tests, {one.seconds} s",
            file=sys.stderr,
            flush=True,
        )
    print(json.dumps(summary(made), indent=2))
    return 1 if made[-1].exit_code else 0


if __name__ == "__main__":
    sys.exit(main())
