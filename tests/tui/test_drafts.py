"""Drafts: kept through everything, in a file that is nobody else's."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesh_tui.drafts import KEPT_CHARS, Drafts
from protocol.errors import MeshError
from tests.support.conditions import until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "drafts.json"


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def _mode(path: Path) -> int:
    return path.stat().st_mode


async def _reopened(path: Path) -> Drafts:
    drafts = Drafts(path)
    await drafts.load()
    return drafts


async def test_a_draft_is_there_again(path: Path) -> None:
    drafts = Drafts(path)
    drafts.put("r", "half a\nthought 👍🏽")
    await drafts.save()
    assert (await _reopened(path)).get("r") == "half a\nthought 👍🏽"
    assert _mode(path) & 0o077 == 0


async def test_what_began_to_be_saved_is_saved_also_at_the_end(path: Path) -> None:
    """The program ends while the threads are busy: who saved is cancelled, and the last save waits for it."""
    busy, drafts = threading.Event(), Drafts(path)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    loop.run_in_executor(None, busy.wait)
    saving = asyncio.create_task(drafts.keep_saving(lambda _: None))
    drafts.put("r", "text")
    await until(lambda: not drafts.unsaved, "it to begin")
    saving.cancel()
    await asyncio.gather(saving, return_exceptions=True)
    last = asyncio.create_task(drafts.save())
    busy.set()
    await last
    assert (await _reopened(path)).get("r") == "text"


async def test_white_space_is_no_draft_and_sending_takes_it_away(path: Path) -> None:
    drafts = Drafts(path)
    drafts.put("r", "text")
    drafts.put("r", " \n")
    await drafts.save()
    assert (await _reopened(path)).get("r") == ""


async def test_it_is_saved_by_itself_a_moment_later(path: Path) -> None:
    drafts = Drafts(path)
    saving = asyncio.create_task(drafts.keep_saving(lambda _: None))
    drafts.put("r", "text")
    await until(path.exists, "the file")
    saving.cancel()
    assert (await _reopened(path)).get("r") == "text"


@pytest.mark.parametrize("content", [b"\xff", b"[]", b'{"r": 1}', b"{", b'"' + b"x" * 2_000_000])
async def test_a_file_that_cannot_be_read_is_set_aside(path: Path, content: bytes) -> None:
    _write(path, content)
    drafts = await _reopened(path)
    assert drafts.get("r") == ""
    assert path.with_suffix(".unreadable").read_bytes() == content
    drafts.put("r", "text")
    await drafts.save()
    assert (await _reopened(path)).get("r") == "text"


async def test_a_disk_that_refuses_costs_nothing_that_is_in_memory(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "no such folder" / "drafts.json")
    drafts.put("r", "text")
    await drafts.save()
    assert drafts.get("r") == "text"


async def test_a_disk_that_refuses_is_told_once_and_what_it_missed_is_saved_later(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    drafts = Drafts(folder / "drafts.json")
    told: list[MeshError] = []
    saving = asyncio.create_task(drafts.keep_saving(told.append))
    for word in ("one", "two", "three"):
        drafts.put("r", word)
        await until(lambda: not drafts.unsaved, "a try")
    assert len(told) == 1
    folder.mkdir()
    drafts.put("r", "four")
    path = folder / "drafts.json"
    await until(lambda: path.exists() and "four" in path.read_text(), "the file with the last of it")
    saving.cancel()
    assert (await _reopened(path)).get("r") == "four"


async def test_the_oldest_go_first(path: Path) -> None:
    drafts = Drafts(path)
    for number in range(60):
        drafts.put(f"r{number}", "x" * (KEPT_CHARS // 50))
    assert drafts.get("r0") == ""
    assert drafts.get("r59")


async def test_what_a_file_brings_back_is_clean(path: Path) -> None:
    _write(path, b'{"r": "a\\u001b[31mb"}')
    assert (await _reopened(path)).get("r") == "a[31mb"


async def test_forgetting_leaves_nothing_on_the_disk(path: Path) -> None:
    drafts = Drafts(path)
    drafts.put("r", "secret")
    await drafts.save()
    drafts.forget()
    await drafts.save()
    assert "secret" not in _text(path)
