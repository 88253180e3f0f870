"""No name of another person reaches the disk but through `safe_path`: the code is read, and watched."""

import ast
import sys
from functools import cache
from pathlib import Path

import blake3  # so that its own files are not opened while names are watched

import mesh_agent
from mesh_agent.files.safe_path import SafeName, SafeTarget
from mesh_agent.files.sink import Sink
from mesh_agent.machines.receiving import Offer
from protocol.peer import Entry, FileMeta
from tests.agent.files.carrying import PEER

TOP = Path(mesh_agent.__file__).parent
MADE_ONLY_THERE = {"SafeName", "SafePath", "SafeTarget"}
SENDING = {"files/scan.py", "files/source.py", "files/shared.py"}
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


def test_every_name_that_reaches_the_system_was_made_safe(tmp_path: Path) -> None:
    """The system is given the very objects that `safe_path` made, and the folder that the person chose."""
    global _seen
    into = tmp_path / "into"
    (into / "Evil _[2J").mkdir(parents=True)
    entries = [
        Entry("plain", "file", 0, 5, 0o644),
        Entry("a\x1b[2J/b\u202e", "file", 0, 5, 0o644),
        Entry("A_[2j/c", "file", 0, 5, 0o644),
        Entry("con", "folder", 0, 5, 0o755),
        Entry("link", "link", 0, 5, 0o777, "plain"),
        Entry("big", "file", 0, 5, 0o644),
    ]
    meta = FileMeta(
        transfer="t", name="Evil \x1b[2J", size=0, mtime=0, mode=0o755, kind="folder", entries=len(entries)
    )
    _seen = []
    try:
        sink = Sink.open(into, Offer(meta, entries), peer=PEER, links=True)
        place = sink.finish().place
    finally:
        seen, _seen = _seen, None
    assert sorted(str(path.relative_to(place)) for path in place.rglob("*")) == [
        "A_[2j (2)", "A_[2j (2)/c", "_con", "a_[2J", "a_[2J/b_", "big", "link", "plain",
    ]  # fmt: skip
    assert blake3
    assert len(seen) > 30
    unsafe = {name for _, name in seen if not isinstance(name, SafeName | SafeTarget)}
    # What is left of the part is removed under the names that it has there, all of them Mesh's own.
    assert unsafe <= {str(into), "lock", "journal", *map(str, range(len(entries)))}
