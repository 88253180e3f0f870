"""Who is named in a text: `@name`, as people write it, to the ids that a message declares.

Strategy: only members are named, so each word after an `@` is looked up among them, without its last signs
where the whole is nobody ("Ask @bob."). What stands in code is no name.
"""

import re
from collections.abc import Iterable
from typing import Final

from protocol import limits
from protocol.rest import Member

_CODE: Final = re.compile(r"```.*?(```|\Z)|`[^`\n]+`", re.DOTALL)
_NAME: Final = re.compile(r"(?<![\w@./-])@([\w][\w.-]*)")


def may_name(content: str) -> bool:
    """Whether it is worth knowing the members."""
    return _NAME.search(content) is not None


def named(content: str, members: Iterable[Member]) -> tuple[str, ...]:
    """The ids of those whom `content` names, in its order."""
    by_name = {member.username.casefold(): member.user_id for member in members}
    found: dict[str, None] = {}
    for match in _NAME.finditer(_CODE.sub(" ", content)):
        name = match[1].casefold()
        while name and name not in by_name:
            shorter = name.rstrip(".-_")
            name = shorter if shorter != name else name.rpartition(".")[0]
        if name:
            found[by_name[name]] = None
    return tuple(found)[: limits.MENTIONS]
