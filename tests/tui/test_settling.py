"""When an app is done with a key: once all that came of it has been handled and laid out."""

from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.widgets import Static

from tests.tui.settling import is_settled, press, settled

HOPS = 20


class _Hop(Message):
    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left


class _Hopping(Static, can_focus=True):
    """What a key does here takes several messages, and changes the layout in the end."""

    typed = ""

    def on_key(self, event: events.Key) -> None:
        assert event.character is not None
        self.typed += event.character
        self.post_message(_Hop(HOPS))

    def on__hop(self, hop: _Hop) -> None:
        hop.stop()
        if hop.left:
            self.post_message(_Hop(hop.left - 1))
        else:
            self.update("\n".join(self.typed))


class _App(App[None]):
    CSS = "_Hopping { height: auto; }"

    def compose(self) -> ComposeResult:
        yield _Hopping()


async def test_each_key_has_had_its_whole_effect_before_the_next() -> None:
    app = _App()
    async with app.run_test(size=(20, 10)):
        hopping = app.query_one(_Hopping)
        hopping.focus()
        await settled(app)
        for typed in ("a", "a?", "a?Z", "a?Z "):
            await press(app, {" ": "space"}.get(typed[-1], typed[-1]))
            assert hopping.typed == typed
            assert hopping.size.height == len(typed)
        hopping.post_message(_Hop(HOPS))
        assert not is_settled(app)
        await settled(app)
        app.exit()
        await press(app, "a")
