"""A text in an editor of the person's own, such as vim, in the place of the program.

Strategy: the text goes into a file that only they can read, the terminal to the editor, and the loop runs
on without painting, so the line stays up. Whatever goes wrong, nothing is lost: what was written before
stays where it was, and a file that was changed and cannot be taken is left where it is, and said.
"""

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from textual.app import App, SuspendNotSupported

from protocol.errors import MeshError
from protocol.limits import CONTENT_CHARS
from protocol.text import clean_text

USUAL: Final = ("nano", "vim", "vi")
"""Editors that are looked for where none is named."""

TAKEN_BYTES: Final = 8 * CONTENT_CHARS
"""The largest file that is taken; far more than a message holds, since it can be shortened here."""


class EditorFailed(MeshError):
    """The editor could not be run, or what it left cannot be taken."""

    code = "client.editor"


def command(setting: str, environment: Mapping[str, str]) -> list[str]:
    """What is run; raises `EditorFailed` where there is nothing."""
    named = setting or environment.get("VISUAL") or environment.get("EDITOR") or ""
    try:
        words = shlex.split(named)
    except ValueError:
        raise EditorFailed(f"This cannot be a command: {named}") from None
    words = words or [found for found in map(shutil.which, USUAL) if found][:1]
    if not words:
        raise EditorFailed("There is no editor. Name one in EDITOR, or as writing.editor in the settings.")
    return words


async def edit(app: App[Any], text: str, words: list[str]) -> str:
    """`text` as it is after the editor `words` was run on it.

    Raises:
        EditorFailed: it could not be run, or ended with an error; the sentence says where a changed text is.
    """
    path = await asyncio.to_thread(_write, text)
    kept = False
    try:
        await _run(app, [*words, str(path)])
        return await asyncio.to_thread(_read, path)
    except EditorFailed as error:
        kept = await asyncio.to_thread(_is_worth_keeping, path, text)
        raise EditorFailed(f"{error.message} What you wrote is in {path}.") if kept else error from None
    finally:
        if not kept:
            path.unlink(missing_ok=True)


@contextmanager
def _aside(app: App[Any]) -> Iterator[None]:
    """The terminal is another program's; Textual's own way does not come back where something is raised."""
    raised: BaseException | None = None
    with app.batch_update(), app.suspend():
        try:
            yield
        except BaseException as error:  # noqa: BLE001 - raised below, also where this was cancelled
            raised = error
    if raised is not None:
        raise raised


async def _run(app: App[Any], words: list[str]) -> None:
    """Returns when the editor has ended well; the terminal is the program's again, however it ends."""
    try:
        with _aside(app):
            # Ctrl+C is the editor's now. A handler, unlike ignoring it, is not handed down to the editor.
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
            process = await asyncio.create_subprocess_exec(*words)
            code = await process.wait()
    except SuspendNotSupported:
        raise EditorFailed("This terminal cannot be handed to an editor.") from None
    except OSError as error:
        raise EditorFailed(f"{words[0]} could not be run: {error.strerror}.") from None
    if code != 0:
        raise EditorFailed(f"{words[0]} ended with an error ({code}).")


def _write(text: str) -> Path:
    try:
        descriptor, name = tempfile.mkstemp(prefix="mesh-", suffix=".md")  # mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}\n" if text else "")
    except OSError as error:
        raise EditorFailed(f"No file could be made for the editor: {error.strerror}.") from None
    return Path(name)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(TAKEN_BYTES + 1)
    except OSError as error:
        raise EditorFailed(f"What the editor left cannot be read: {error.strerror}.") from None
    if len(data) > TAKEN_BYTES:
        raise EditorFailed("That is far more than a message holds.")
    return clean_text(data.decode("utf-8", "replace")).rstrip("\n")


def _is_worth_keeping(path: Path, text: str) -> bool:
    try:
        return _read(path) != text
    except EditorFailed:
        return path.exists()
