"""How far one room was really seen, and where the line "new" stands in it. Knows no screen.

Strategy: seen is what was wholly on the screen with the terminal in front of a person; whether that is told
to the server at once, the settings say. Whoever jumps past what they have not read has not seen it, until
they are at the end, or back where they had stopped. The line "new" stays while one reads below it, and
moves only when something comes while nobody looks.
"""

from protocol.rest import Room


class Marks:
    """Of one visit to a room. `unread_after`: the last message above the line "new"; None: no line."""

    def __init__(self) -> None:
        self.seen = 0
        self.unread_after: int | None = None
        self._jumped = False

    def begin(self, room: Room) -> None:
        """The room is shown from where its reader had stopped."""
        read = room.read_seq or 0
        self.seen = max(self.seen, read)
        self.unread_after = read if room.unread else None

    def jump(self, room: Room, seq: int) -> None:
        """The reader goes to a message, perhaps past others that they have not read."""
        self.seen = max(self.seen, room.read_seq or 0)
        self._jumped = seq > (room.read_seq or 0) + 1

    def returned(self) -> None:
        """The reader is where they had stopped: what they see from now on is read in its order."""
        self._jumped = False

    def look(self, upto: int, *, newest: int, at_end: bool, in_front: bool) -> bool:
        """What is on the screen ends with message `upto`; whether that is further than was seen before."""
        if at_end and upto and upto >= newest:
            self._jumped = False  # an empty screen is at its end too, and shows nothing
        if not in_front or self._jumped or upto <= self.seen:
            return False
        self.seen = upto
        return True

    def arrived(self, *, in_front: bool) -> bool:
        """Somebody else's message has come; whether the line "new" moves to what was not seen."""
        if in_front or (self.unread_after or 0) > self.seen:
            return False
        self.unread_after = self.seen
        return True

    def all_read(self, newest: int) -> None:
        """Nothing is new any more."""
        self.unread_after = None
        self.seen = max(self.seen, newest)
