"""What the other side sees of a shared folder: what is in it, and nothing else."""

import os
from pathlib import Path

import pytest

from mesh_agent.sharing.orders import Shown
from mesh_agent.sharing.shown import ShownFolders
from protocol.errors import PeerNotShared


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """With a link out of it, a pipe, and a file of somebody else beside it."""
    folder = tmp_path / "shelf"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "a.txt").write_text("a")
    (folder / "out").symlink_to(tmp_path)
    (folder / "note").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    (tmp_path / "secret").write_text("secret")
    return folder


@pytest.fixture
def shown(shelf: Path) -> ShownFolders:
    return ShownFolders([Shown("id", "shelf", str(shelf)), Shown("gone", "gone", str(shelf / "gone"))])


async def test_files_and_folders_are_seen_and_nothing_else(shown: ShownFolders) -> None:
    assert [(entry.path, entry.target) for entry in await shown.entries("", "")] == [("shelf", "id")]
    for name in ("id", "shelf"):
        assert [(entry.path, entry.kind) for entry in await shown.entries(name, "")] == [("below", "folder")]
    assert [(entry.path, entry.size) for entry in await shown.entries("id", "below")] == [("a.txt", 1)]


@pytest.mark.parametrize(
    "path",
    [
        "out",
        "out/secret",
        "note",
        "..",
        "../secret",
        "below/..",
        "/etc",
        "below//a.txt",
        ".",
        "a\x00b",
        "x/" * 200,
    ],
)
async def test_no_path_leads_out(shown: ShownFolders, path: str) -> None:
    with pytest.raises(PeerNotShared):
        await shown.entries("id", path)
    with pytest.raises(PeerNotShared):
        await shown.open("id", path)


async def test_what_is_not_shared_any_more_is_not_there(shown: ShownFolders) -> None:
    name, source = await shown.open("id", "below/a.txt")
    assert source.name == "a.txt"
    twice, second = await shown.open("id", "below/a.txt")
    assert twice != name
    await shown.close(source)
    await shown.close(second)
    # The same again has the same name, by which what has arrived of it is found.
    again, third = await shown.open("id", "below/a.txt")
    assert again == name
    await shown.close(third)
    shown.shares = []
    with pytest.raises(PeerNotShared):
        await shown.entries("id", "below")
