"""Who is named in a text by `@name`, so that counts are right whichever client wrote it.

A name is looked for as people write it: at the end of a sentence, in brackets, in any case; not within a
word or an address (`bob@alice`), and not in code. Who of these is in the room, the store knows.
"""

import re
from typing import Final, NamedTuple

from mesh_server.services.names import login_key
from protocol import limits
from protocol.rest import EVERYONE

READABLE: Final = frozenset({"text/markdown", "text/plain"})
"""Types of content that are looked into."""

_CODE: Final = re.compile(r"(`{3,}|~{3,})(?:(?!\1).)*(?:\1|\Z)|(`+)(?:(?!\2).)+?\2", re.DOTALL)
_NAME: Final = re.compile(rf"(?<![^\W_])(?<![@.])@(\w[\w.\-]{{0,{2 * limits.USERNAME_CHARS}}})")
_TAIL: Final = "._-"


class Named(NamedTuple):
    """The keys of the names in a text, in the order of coming, and whether it calls everyone."""

    keys: tuple[str, ...] = ()
    everyone: bool = False


def named_in(content: str, content_type: str = "text/markdown") -> Named:
    if "@" not in content or content_type not in READABLE:
        return Named()
    keys: dict[str, None] = {}
    everyone = False
    for found in _NAME.finditer(_CODE.sub(" ", content)):
        for name in dict.fromkeys((found[1], found[1].rstrip(_TAIL))):
            if name.casefold() == EVERYONE:
                everyone = True
            elif (key := login_key(name)) and len(keys) < limits.MENTIONS:
                keys[key] = None
    return Named(tuple(keys), everyone)
