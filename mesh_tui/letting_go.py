"""What Textual would hold of screens and widgets that are gone, let go.

Strategy: three of Textual's parts never forget a widget. A signal keeps its subscribers by weak keys, but
what it keeps of each holds it; what watches an attribute of the app stays until that attribute changes; and
the colours of a widget's edges are kept by which widget asked. Each time that a room is opened from Home
there is another screen, so in a day that was most of what the program grew by.
"""

from collections.abc import Callable
from functools import lru_cache
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakMethod, ref

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.signal import Signal
from textual.style import Style

if TYPE_CHECKING:
    from textual.dom import DOMNode

Told = TypeVar("Told")

GROUNDS_KEPT: Final = 256
"""Pairs of colours; there are a few for each theme."""


class LooseSignal(Signal[Told]):
    """Holds neither who subscribed nor what is called."""

    def subscribe(self, node: "DOMNode", callback: Callable[[Told], Any], immediate: bool = False) -> None:
        """`callback`: held only where it is no method; what a method is of, somebody else holds."""
        listening = ref(node)
        method = WeakMethod(callback) if isinstance(callback, MethodType) else lambda: callback

        def tell(data: Told) -> None:
            there, call = listening(), method()
            if there is None or call is None:
                return
            if immediate:
                call(data)
            else:
                there.call_next(call, data)

        super().subscribe(node, tell, immediate=True)


def unwatch(node: "DOMNode", watched: "DOMNode") -> None:
    """What `node`, which goes, watched of `watched`, it does not watch any more."""
    for watchers in getattr(watched, "__watchers", {}).values():
        watchers[:] = [watcher for watcher in watchers if watcher[0] is not node]


@lru_cache(maxsize=GROUNDS_KEPT)
def _grounds(beneath: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=beneath + background), Style(background=beneath)


def _inner_outer(_: StylesCache, beneath: Color, background: Color) -> tuple[Style, Style]:
    """As Textual's own, which has a cache of 1,024 that holds whose cache of rows asked, rows and all."""
    return _grounds(beneath, background)


def let_styles_go() -> None:
    """From now on no widget is held for the colours of its edges; each makes a `StylesCache` of Textual's."""
    StylesCache.get_inner_outer = _inner_outer  # type: ignore[method-assign, assignment]
