"""Runs the checks that are not tests, each once, and goes on after one that fails.

Strategy: a check is a command with a name; its output is shown only when it fails. As many run at once as
there are cores, and each reports its result and its time when it is done.

Arguments name the checks to run; none means all.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent


def shell_files() -> list[str]:
    """Every shell program of the repository, and what they source."""
    candidates = [ROOT / ".ci/run", *sorted((ROOT / "scripts").rglob("*"))]
    return [str(path) for path in candidates if path.is_file() and is_shell(path)]


def is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".sh" or re.match(rb"#!.*\b(ba)?sh\b", file.readline(80)) is not None


def own(name: str, *arguments: str) -> list[str]:
    """A program of the environment that runs this."""
    return [str(Path(sys.prefix, "bin", name)), *arguments]


CHECKS: Final[dict[str, list[str]]] = {
    "types": own("mypy"),
    "wheel": own("python", "-m", "scripts.wheel"),
    "imports": own("lint-imports", "--no-cache", "--no-logo"),
    "lint": own("ruff", "check", "--output-format=concise", "."),
    "deploy": own("python", "-m", "scripts.manifests"),
    "format": own("ruff", "format", "--check", "."),
    "locks": own("python", "-m", "scripts.locks"),
    "shell": ["sh", "-c", 'for file; do sh -n "$file" || exit; done', "sh", *shell_files()],
}
"""The slowest first, so that the others run beside them."""


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    passed: bool
    seconds: float
    output: str


def run(name: str) -> Result:
    begun = time.monotonic()
    done = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return Result(name, done.returncode == 0, time.monotonic() - begun, done.stdout)


def report(result: Result) -> None:
    print(f"{result.name:<8} {'ok' if result.passed else 'FAILED':<6} {result.seconds:5.1f} s", flush=True)
    if not result.passed:
        print("".join(f"    {line}\n" for line in result.output.splitlines()), end="", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="check", description="Checks all that the tests do not.")
    parser.add_argument(
        "check", nargs="*", metavar="CHECK", help=f"one of {', '.join(CHECKS)}; without any, all"
    )
    names = parser.parse_args().check or list(CHECKS)
    if unknown := [name for name in names if name not in CHECKS]:
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in as_completed([pool.submit(run, name) for name in names]):
            report(done.result())
            if not done.result().passed:
                failed.append(done.result().name)
    print(f"failed: {', '.join(sorted(failed))}" if failed else f"{len(names)} checks, all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
