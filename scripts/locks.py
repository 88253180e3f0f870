"""Checks that the lock files agree with pyproject.toml and with one another, and name nothing but packages.

Strategy: what a lock may say is narrow (a pinned name, perhaps a marker, hashes, and comments that say who
asked for it), so anything else in one is a fault, the address of an index included. Whether a lock is
complete is not asked here: installers do, since with hashes each package needs an entry.
"""

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent
PIN: Final = re.compile(r"([a-z0-9.-]+)==(\S+)(?: ; ([^\\]+?))?((?: --hash=sha256:[0-9a-f]{64})+)")
ADDRESS: Final = "://"
Pinned = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of a lock file."""

    name: str
    version: str
    hashes: frozenset[str]
    direct: bool
    """The project itself asks for it, not only a package that it asks for."""


def asked_for(project: Mapping[str, Any]) -> dict[str, list[Requirement]]:
    """What each lock file is made from, out of pyproject.toml."""
    runtime = project["project"]["dependencies"]
    texts = {
        "requirements.lock": runtime,
        "requirements-build.lock": project["build-system"]["requires"],
        "requirements-test.lock": runtime + project["project"]["optional-dependencies"]["test"],
    }
    return {lock: [Requirement(text) for text in asked] for lock, asked in texts.items()}


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each entry as one line, with the comments below it."""
    for block in re.split(r"\n(?=\S)", text.strip("\n")):
        lines = [line.strip().removesuffix("\\").rstrip() for line in block.splitlines()]
        entry = " ".join(line for line in lines if not line.startswith("#"))
        yield entry, [line for line in lines if line.startswith("#")]


def pins(text: str) -> Iterator[Pin | str]:
    """The entries of a lock file; a text instead of a pin says what is wrong with an entry."""
    for entry, comments in blocks(text):
        found = PIN.fullmatch(entry)
        if found is None:
            yield f"is no pinned version with hashes: {entry[:100]!r}"
        elif wrong := [each for each in comments if ADDRESS in each]:
            yield f"names an address: {wrong[0]!r}"
        else:
            name, version, _marker, hashes = found.groups()
            asking = [each.removeprefix("# via").strip(" #") for each in comments]
            others = [each for each in asking if each and not each.startswith("-c ")]
            direct = not others or any("pyproject.toml" in each for each in others)
            yield Pin(name, version, frozenset(hashes.split()), direct)


def disagreements(asked: list[Requirement], locked: list[Pin]) -> Iterator[str]:
    """What one lock file has too little, too much, or in a version that is not wanted."""
    versions = defaultdict(set)
    for pin in locked:
        versions[pin.name].add(pin.version)
    for requirement in asked:
        name = canonicalize_name(requirement.name)
        if name not in versions:
            yield f"lacks {name}"
        for version in versions[name]:
            if not requirement.specifier.contains(version, prereleases=True):
                yield f"has {name} {version}, where {requirement} is asked for"
    wanted = {canonicalize_name(requirement.name) for requirement in asked}
    for stray in sorted({pin.name for pin in locked if pin.direct} - wanted):
        yield f"has {stray}, which nothing asks for"


def differences(locks: Mapping[str, list[Pin]]) -> Iterator[str]:
    """Packages that two lock files pin differently."""
    first: dict[str, tuple[str, set[Pinned]]] = {}
    for lock, locked in locks.items():
        here: dict[str, set[Pinned]] = defaultdict(set)
        for pin in locked:
            here[pin.name].add((pin.version, pin.hashes))
        for name, pinned in here.items():
            other, known = first.setdefault(name, (lock, pinned))
            if pinned != known:
                yield f"{other} and {lock} pin {name} differently"


def faults(root: Path) -> Iterator[str]:
    """All that is wrong with the lock files of this folder, a sentence each."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    locks: dict[str, list[Pin]] = {}
    for lock, asked in asked_for(project).items():
        read = list(pins((root / lock).read_text()))
        locks[lock] = [each for each in read if isinstance(each, Pin)]
        wrong = [each for each in read if isinstance(each, str)]
        yield from (f"{lock} {fault}" for fault in (*wrong, *disagreements(asked, locks[lock])))
    yield from differences(locks)


def main() -> int:
    found = list(faults(ROOT))
    for fault in found:
        print(fault)
    if found:
        print("./scripts/lock writes the lock files anew.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
