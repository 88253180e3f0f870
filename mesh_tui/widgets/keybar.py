"""The footer: the keys that work here and now."""

from textual import events
from textual.screen import Screen

from mesh_tui.actions import key_label
from mesh_tui.layout.cells import Fragment, width
from mesh_tui.widgets.bar import Bar


class KeyBar(Bar):
    """Follows the screen's active bindings; a click on a key is that key."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[tuple[str, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self.call_after_refresh(self._update, self.screen)

    def _update(self, screen: Screen[object]) -> None:
        if not screen.is_attached:
            return
        shown = {
            active.binding.action: (active.binding.key, active.binding.description)
            for active in screen.active_bindings.values()
            if active.binding.show and active.enabled
        }
        self._keys = list(dict.fromkeys(shown.values()))
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        """As many keys as fit; the last, less used ones go first."""
        fragments: list[Fragment] = []
        room = self.size.width
        for key, label in self._keys:
            item = [Fragment(f" {key_label(key)}", "key"), Fragment(f" {label} ", "muted")]
            room -= sum(width(fragment.text) for fragment in item)
            if room < 0:
                break
            fragments += item
        self.put(fragments)

    def on_click(self, event: events.Click) -> None:
        position = 0
        for key, label in self._keys:
            position += width(f" {key_label(key)} {label} ")
            if event.x < position:
                self.app.simulate_key(key)
                return
