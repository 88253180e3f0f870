"""What gets its final name is on the disk before, and the name right after: power may fail at any time."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mesh_agent.files import assembling, placing
from tests.agent.files.carrying import file, send

FEW, MANY = assembling.FLUSHED_EACH - 2, assembling.FLUSHED_EACH + 3
ALL = "everything"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What is flushed and named, in order, by its inode; the system does all of it as ever."""
    seen: list[tuple[str, Any]] = []

    def watch(owner: Any, name: str, note: Callable[..., tuple[str, Any]]) -> None:
        real = getattr(owner, name)

        def noted(*arguments: Any, **options: Any) -> Any:
            seen.append(note(*arguments, **options))
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, noted)

    def named(own: str, *_: Any, src_dir_fd: int, **__: Any) -> tuple[str, Any]:
        return "named", os.stat(own, dir_fd=src_dir_fd, follow_symlinks=False).st_ino

    watch(os, "fsync", lambda fd: ("flushed", os.fstat(fd).st_ino))
    watch(os, "rename", named)
    watch(os, "link", named)
    watch(placing, "rename_new", lambda source, own, *_: named(own, src_dir_fd=source))
    watch(assembling, "flush_disk", lambda _: ("flushed", ALL))
    return seen


def inode(path: Path) -> int:
    return path.stat().st_ino


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, steps: list[tuple[str, Any]]) -> None:
    place = send(file(tmp_path / "report.pdf", 3_000_000), tmp_path / "into").place
    name = steps.index(("named", inode(place)))
    assert ("flushed", inode(place)) in steps[:name]
    assert ("flushed", inode(tmp_path / "into")) in steps[name:]


@pytest.mark.parametrize("there", [False, True], ids=["new", "merged"])
@pytest.mark.parametrize("count", [FEW, MANY])
def test_all_of_a_folder_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, steps: list[tuple[str, Any]], count: int, there: bool
) -> None:
    top = tmp_path / "trip"
    for number in range(count):
        file(top / f"day {number % 2}" / f"{number}", 0 if not number else 1_000)
    if there:
        (tmp_path / "into" / "trip").mkdir(parents=True)
    place = send(top, tmp_path / "into").place
    first = next(at for at, (what, _) in enumerate(steps) if what == "named")
    before = {about for what, about in steps[:first] if what == "flushed"}
    files = {inode(path) for path in place.rglob("*") if path.is_file()}
    assert len(files) == count
    assert files <= before or ALL in before, "no file has a name in a tree whose bytes may be lost"
    folders = {inode(path) for path in (place, *place.rglob("*")) if path.is_dir()}
    last = len(steps) if there else steps.index(("named", inode(place)))
    after = {about for what, about in steps[first:last] if what == "flushed"}
    assert folders <= after or ALL in after, "nor a folder whose entries may be"
    assert ("flushed", inode(tmp_path / "into")) in steps[last if not there else first :]
