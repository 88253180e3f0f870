"""No name of another person reaches the disk but through `safe_path`: the code is read, and watched."""

import ast
import sys
from functools import cache
from pathlib import Path
from typing import Literal

import blake3  # so that its own files are not opened while names are watched
import pytest

import mesh_agent
from mesh_agent.files.safe_path import SafeName, SafeTarget
from mesh_agent.files.sink import Sink
from mesh_agent.machines.receiving import Offer
from mesh_agent.sharing.state import Conflict
from protocol.peer import Entry, EntryKind, FileMeta
from tests.agent.files.carrying import PEER, claimed

TOP = Path(mesh_agent.__file__).parent
MADE_ONLY_THERE = {"SafeName", "SafePath", "SafeTarget"}
SENDING = {"files/scan.py", "files/source.py"}
"""They open what is on this disk, under names that this disk gave."""

BY_DESCRIPTOR = {"files/folders.py", "files/placing.py", "files/staging.py", "files/system.py"}
"""They touch the disk by a folder's descriptor and a `SafeName`; no other receiving module does."""

DISK = {
    "open",
    "mkdir",
    "makedirs",
    "rename",
    "replace",
    "renames",
    "link",
    "symlink",
    "unlink",
    "remove",
    "rmdir",
}
OF_PEER = {("entry", "path"), ("entry", "target"), ("meta", "name"), ("frame", "name")}


@cache
def modules(folder: Path) -> list[tuple[str, ast.Module]]:
    return [
        (str(path.relative_to(TOP)), ast.parse(path.read_text())) for path in sorted(folder.rglob("*.py"))
    ]


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def test_only_safe_path_makes_safe_names() -> None:
    found = {
        (name, called(node))
        for name, tree in modules(TOP)
        for node in ast.walk(tree)
        if called(node) in MADE_ONLY_THERE or _casts_to_safe(node)
    }
    assert {name for name, _ in found} == {"files/safe_path.py"}


def _casts_to_safe(node: ast.AST) -> bool:
    return called(node) == "cast" and any(kind in ast.dump(node) for kind in MADE_ONLY_THERE)


def test_only_few_modules_touch_what_is_received_and_by_descriptor() -> None:
    for name, tree in modules(TOP / "files"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (function := _of_disk(node.func)):
                assert name in BY_DESCRIPTOR | SENDING, (name, node.lineno)
                keywords = {keyword.arg for keyword in node.keywords}
                chosen = function == "open" and ast.unparse(node.args[0]) == "place"
                if name in BY_DESCRIPTOR:
                    assert chosen or keywords & {"dir_fd", "src_dir_fd"}, (name, node.lineno)


def _of_disk(function: ast.expr) -> str | None:
    """`open` of `os.open`, and the like."""
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
        return None
    return function.attr if function.value.id in {"os", "shutil"} and function.attr in DISK else None


def test_no_path_is_joined_from_what_a_peer_says() -> None:
    """`Path(entry.path)`, `into / meta.name` and the like, anywhere in the agent."""
    for name, tree in modules(TOP):
        for node in ast.walk(tree):
            for part in _joined(node):
                said = {
                    (_last(each.value), each.attr)
                    for each in ast.walk(part)
                    if isinstance(each, ast.Attribute)
                }
                assert not said & OF_PEER, (name, ast.unparse(node))


def _joined(node: ast.AST) -> list[ast.expr]:
    """What a path is made of there."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return [node.left, node.right]
    if isinstance(node, ast.Call) and called(node) in {"Path", "PurePath", "joinpath", "with_name", "join"}:
        return node.args
    return []


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


WATCHED = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.remove",
    "os.rmdir",
    "os.utime",
    "os.chmod",
}
_seen: list[tuple[str, object]] | None = None


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _seen is not None and event in WATCHED:
        names = arguments[:1] if event == "open" else arguments
        _seen.extend((event, name) for name in names if isinstance(name, str | bytes))


sys.addaudithook(_watch)


BYTES = b"some bytes"


def entry(path: str, kind: EntryKind = "file", target: str = "") -> Entry:
    return Entry(path, kind, len(BYTES) if kind == "file" else 0, 5, 0o644, target)


FOLDER = [
    entry("plain"),
    entry("a\x1b[2J/b\u202e"),
    entry("A_[2j/c"),
    entry("con", "folder"),
    entry("link", "link", "plain"),
    entry("big"),
]
ARRIVES = ["A_[2j (2)", "A_[2j (2)/c", "_con", "a_[2J", "a_[2J/b_", "big", "link", "plain"]
OWN = {"lock", "journal", "tree", *map(str, range(len(FOLDER)))}
"""What Mesh itself calls things in a part."""


def offer(kind: Literal["file", "folder"]) -> Offer:
    entries = FOLDER if kind == "folder" else []
    size = len(BYTES) * (sum(each.kind == "file" for each in entries) or 1)
    meta = FileMeta(
        transfer="t",
        name="Evil \x1b[2J",
        size=size,
        mtime=0,
        mode=0o755,
        kind=kind,
        entries=len(entries),
        chunk_bytes=64 * 1024,
    )
    return Offer(meta, entries)


def receive(into: Path, made: Offer, conflict: Conflict, *, again: bool) -> Path:
    """`again`: it is interrupted, and gone on with."""
    data = memoryview(BYTES * (made.meta.size // len(BYTES)))
    digest = blake3.blake3(data).digest()
    sink = Sink.open(into, made, peer=PEER, conflict=conflict, links=True)
    if again:
        sink.write(0, data, digest)
        sink.abandon(keep=True)
        sink = Sink.open(into, made, peer=PEER, conflict=conflict, links=True)
    if not claimed(sink):
        sink.write(0, data, digest)
    return sink.finish(digest if made.meta.kind == "file" else b"").place


@pytest.mark.parametrize("again", [False, True], ids=["at once", "resumed"])
@pytest.mark.parametrize("conflict", ["rename", "skip", "overwrite", "newer"])
@pytest.mark.parametrize("there", [False, True], ids=["new", "taken"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_every_name_that_reaches_the_system_was_made_safe(
    tmp_path: Path, kind: Literal["file", "folder"], there: bool, conflict: Conflict, again: bool
) -> None:
    """The system is given the very objects that `safe_path` made, and the folder that the person chose."""
    global _seen
    into = tmp_path / "into"
    into.mkdir()
    if there and kind == "folder":
        (into / "Evil _[2J" / "a_[2J").mkdir(parents=True)
        (into / "Evil _[2J" / "plain").write_text("mine")
        (into / "Evil _[2J" / "a_[2J" / "b_").write_text("mine")
    elif there:
        (into / "Evil _[2J").write_text("mine")
    before = {str(path.relative_to(into)) for path in into.rglob("*")}
    _seen = []
    try:
        place = receive(into, offer(kind), conflict, again=again)
    finally:
        seen, _seen = _seen, None
    after = {str(path.relative_to(place)) for path in place.rglob("*")}
    if kind == "folder" and not there:
        assert sorted(after) == ARRIVES
    assert before <= {str(path.relative_to(into)) for path in into.rglob("*")}
    assert len(seen) > 10
    unsafe = {name for _, name in seen if not isinstance(name, SafeName | SafeTarget)}
    # What is left of the part is removed under the names that it has there, all of them Mesh's own.
    assert unsafe <= {str(into), *OWN}
