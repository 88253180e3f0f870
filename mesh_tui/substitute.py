"""`s/old/new/`: a slip in the last message put right, as people type it everywhere.

Strategy: the words are taken as they are, not as a pattern: nobody needs one to mend a slip, and some
patterns take for ever. A slash in the words is written `\\/`, a backslash `\\\\`. The last slash is needed,
so that a sentence that happens to begin with `s/he` is none.
"""

import re
from typing import Final, NamedTuple

_FORM: Final = re.compile(r"s/((?:[^\\/\n]|\\.)+)/((?:[^\\/\n]|\\.)*)/(g?)")
_ESCAPED: Final = re.compile(r"\\([\\/])")


class Substitution(NamedTuple):
    """`everywhere`: not only where `old` comes first."""

    old: str
    new: str
    everywhere: bool

    def of(self, text: str) -> str | None:
        """`text` with it; None where `old` is not in it."""
        return text.replace(self.old, self.new, -1 if self.everywhere else 1) if self.old in text else None


def parse(text: str) -> Substitution | None:
    """None where it is something else."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    return Substitution(_ESCAPED.sub(r"\1", match[1]), _ESCAPED.sub(r"\1", match[2]), bool(match[3]))
