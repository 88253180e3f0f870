"""Keys for an app that runs without a screen, and the moment in which it is done with them.

Strategy: Textual's own pilot takes it for done once the processor has been idle for a moment; on a machine
that does much besides, that is so at any time. Here each widget has to wait for a message, with none on its
way, and what is shown has to be laid out. Work in threads, over the line and in workers is not waited for:
for what that changes a test waits itself.
"""

import asyncio
import unicodedata
from collections.abc import Iterator
from typing import Any

from textual import events
from textual.app import App
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.message_pump import MessagePump

from tests.support.conditions import until

SETTLED_S = 60.0
"""A key may begin what a machine that is held up takes long for; only an app that hangs takes it all."""


def key_event(key: str) -> events.Key:
    """What Textual makes of a key by this name: a letter, a sign, or such as `ctrl+k`."""
    name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
    character: str | None
    try:
        character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(name, name)))
    except KeyError:
        character = name if len(name) == 1 else None
    return events.Key(name, character)


async def press(app: App[Any], *keys: str) -> None:
    """One after another, each when the app is done with the last."""
    for key in keys:
        await press_at(app, 0.0, key)


async def press_at(app: App[Any], at: float, *keys: str) -> None:
    """All of them in one piece, and read at that time of Textual's clock; 0: now."""
    for event in map(key_event, keys):
        event.time = at or event.time
        event.set_sender(app)
        app.post_message(event)
    await settled(app, f"the app to be done with {', '.join(keys)}")


async def settled(app: App[Any], what: str = "the app to be done") -> None:
    """Returns once the app has handled all that it was told, and what it shows is laid out."""
    while not is_settled(app):
        try:
            await until(lambda: is_settled(app), what, SETTLED_S)
        except AssertionError as error:
            busy = [pump for pump in _pumps(app) if not _waits(pump)]
            raise AssertionError(f"{error}: {app.screen} or {busy} still has something to do") from None
        if app.is_running:
            await app.animator.wait_until_complete()


def is_settled(app: App[Any]) -> bool:
    if app._exception is not None or not (app.is_running and app.screen_stack):
        return True
    return all(map(_waits, _pumps(app))) and _is_laid_out(app)


def _pumps(app: App[Any]) -> Iterator[MessagePump]:
    yield app
    for screen in app.screen_stack:
        yield from screen.walk_children(with_self=True)


def _waits(pump: MessagePump) -> bool:
    """Whether nothing is there for it and it does nothing; so it is with one that has ended."""
    ready: asyncio.Event = pump._message_queue.ready_event
    return not pump.is_running or (not ready.is_set() and bool(ready._waiters))


def _is_laid_out(app: App[Any]) -> bool:
    screen = app.screen
    return not (screen._layout_required or screen._scroll_required or screen._callbacks)
