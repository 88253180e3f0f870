"""Killed at every step that touches the disk, then gone on with: the part or the whole, never half a file."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from mesh_agent.files.sink import Sink
from mesh_agent.files.source import Source
from tests.agent.files.carrying import PEER, carry, file, offer_of, parts, tree

MIB = 1024 * 1024
STEPS = frozenset(
    [
        "open",
        "pwrite",
        "ftruncate",
        "fsync",
        "rename",
        "unlink",
        "rmdir",
        "mkdir",
        "fchmod",
        "utime",
        "symlink",
        "close",
    ]
)
"""Of the system; those through the C library are counted beside them."""


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: a process that is killed takes nothing with it there either."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="mesh-test-") as place:
        yield Path(place)


def killed_at(step: int, run: Callable[[], object]) -> bool:
    """Runs it in a process of its own that is killed before its `step`th touch of the disk.

    Returns whether it was killed; False where it came to its end before.
    """
    child = os.fork()
    if not child:
        code = 1
        try:
            left = step

            def count(frame: FrameType, event: str, about: object) -> None:
                nonlocal left
                mine = frame.f_globals.get("__name__", "").startswith(("mesh_agent.files", "shutil"))
                native = event == "c_call" and getattr(about, "__name__", "") in STEPS and mine
                library = event in {"call", "return"} and frame.f_code.co_name == "_called" and mine
                if native or library:
                    left -= 1
                    if not left:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.setprofile(count)
            run()
            sys.setprofile(None)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def receive(source: Source, into: Path) -> None:
    sink = Sink.open(into, offer_of(source), peer=PEER, conflict="overwrite", links=True)
    carry(source, sink)
    sink.finish(source.whole_hash() if source.kind == "file" else b"")


def at_every_step(
    source: Source,
    into: Callable[[int], Path],
    look: Callable[[Path], None],
    *,
    first: int = 1,
    stride: int = 1,
) -> int:
    """At each `stride`th step; returns the step that was not reached any more."""
    step = first
    while killed_at(step, partial(receive, source, into(step))):
        look(into(step))
        receive(source, into(step))
        assert not parts(into(step)), step
        step += stride
    return step


def test_a_file(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 2 * MIB + 9)

    def whole_or_not_there(into: Path) -> None:
        if (into / "big").exists():
            assert (into / "big").read_bytes() == sent.read_bytes()
            assert (into / "big").stat().st_mtime_ns == sent.stat().st_mtime_ns

    source = Source.open(sent)
    steps = at_every_step(source, lambda step: tmp_path / f"into {step}", whole_or_not_there)
    assert steps > 30
    for step in range(1, steps):
        assert tree(tmp_path / f"into {step}") == {"big": sent.read_bytes()}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    top = tmp_path / "trip"
    file(top / "a", 10)
    file(top / "b", 0)
    file(top / "large", MIB + 9)
    file(top / "sub" / "c", 1_000)
    (top / "link").symlink_to("a")
    return Source.open(top)


def test_a_folder(tmp_path: Path, source: Source) -> None:
    sent = tree(tmp_path / "trip")

    def whole_or_not_there(into: Path) -> None:
        if (into / "trip").exists():
            assert tree(into / "trip") == sent

    steps = at_every_step(source, lambda step: tmp_path / f"into {step}", whole_or_not_there, stride=2)
    assert steps > 60
    for step in range(1, steps, 2):
        assert tree(tmp_path / f"into {step}" / "trip") == sent


def test_a_folder_that_is_there_already(tmp_path: Path, source: Source) -> None:
    sent = tree(tmp_path / "trip")
    old = {"a": b"old", "own": b"mine", "sub": None}

    def into(step: int) -> Path:
        place = tmp_path / f"into {step}"
        if not place.exists():
            (place / "trip" / "sub").mkdir(parents=True)
            (place / "trip" / "a").write_bytes(b"old")
            (place / "trip" / "own").write_bytes(b"mine")
        return place

    def old_or_new(into: Path) -> None:
        for name, what in tree(into / "trip").items():
            assert what in (sent.get(name), old.get(name)), name

    steps = at_every_step(source, into, old_or_new, first=2, stride=2)
    assert steps > 60
    for step in range(2, steps, 2):
        assert tree(into(step) / "trip") == {**sent, "own": b"mine"}
