"""Messages for tests, and text that terminals and layouts find hard."""

from typing import Literal

from hypothesis import strategies as st

from mesh_agent.client.state import Outgoing, Page
from mesh_tui.layout.cells import paintable
from mesh_tui.layout.message import Me
from protocol.rest import Author, Message
from protocol.text import clean_text
from protocol.times import format_time

BEGAN_MS = 1_764_000_000_000
ALICE = Me("u-alice", "alice")
BOB = Me("u-bob", "bob")


def message(
    seq: int, content: str = "Hello!", *, by: Me = BOB, minutes: float | None = None, **more: object
) -> Message:
    """Message `seq` of a room, a minute after the one before unless `minutes` says when."""
    at = BEGAN_MS + round(60_000 * (seq if minutes is None else minutes))
    fields: dict[str, object] = {
        "id": f"m{seq}",
        "room_id": "r",
        "seq": seq,
        "rev": seq,
        "author": Author(id=by.id, username=by.username),
        "content": content,
        "content_type": "text/markdown",
        "created_at": format_time(at),
    }
    return Message(**(fields | more))  # type: ignore[arg-type]


def page(first: int, last: int, *, has_more: bool = False) -> Page:
    return Page([message(seq, f"message {seq}") for seq in range(first, last + 1)], has_more)


def outgoing(nonce: str, content: str = "Hi!", *, error: str = "", thread: str | None = None) -> Outgoing:
    state: Literal["pending", "failed"] = "failed" if error else "pending"
    return Outgoing(nonce, "r", content, format_time(BEGAN_MS), state, error, thread)


AWKWARD = (
    "plain words and more of them",
    "日本語のテキスト、全角。",
    "👍🏽 👨‍👩‍👧 🇩🇪 ❤️ #️⃣ ☎️",
    "नमस्ते สวัสดี مرحبا שלום",
    "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301 z\u200d\u200d\ufe0f \u200d👩",
    "a\tb\u00adc\u200bd",
    "**bold** `code` [x](http://y.z) > - 1. # | ``` ~~",
)

raw_text = st.lists(
    st.one_of(
        st.sampled_from(AWKWARD),
        st.text(max_size=20),
        st.sampled_from(["\n", " ", "\n\n", "```\n", "- ", "\x1b[31m"]),
    ),
    max_size=12,
).map("".join)

painted_text = raw_text.map(clean_text).map(paintable)
"""Text as it comes out of the client's entrance and into the layout."""
