"""Which of some rooms a person means by what was typed: an id, or a name as exactly as it is known.

Strategy: the most exact match wins, so that a room can always be reached, whatever others are called.
"""

from protocol import limits
from protocol.errors import RoomNotFound
from protocol.rest import Room
from protocol.text import clean_line, clean_name


def find_room(rooms: list[Room], name_or_id: str, *, public: bool = False) -> Room:
    """The room of that id, or of that name in whichever case, which may have a `#` before it.

    `public`: `rooms` are those that anyone may join, and the error says so.

    Raises:
        RoomNotFound: none of `rooms` is it.
    """
    name = clean_name(name_or_id)
    folded = name.casefold()
    for wanted in (
        [room for room in rooms if room.id == name_or_id],
        [room for room in rooms if room.name == name],
        [room for room in rooms if room.name.casefold() == folded],
        [room for room in rooms if f"#{room.name.casefold()}" == folded],
    ):
        if wanted:
            return wanted[0]
    none = "No room that anyone may join" if public else "None of your rooms"
    raise RoomNotFound(f"{none} is called {clean_line(name_or_id)[: limits.NAME_CHARS]!r}.")
