"""That whoever is waited for gets the processor first, and this process what is left.

Strategy: it is made nicer. Linux weighs whole sessions against each other first where it groups by session
(`autogroup`), and this process is alone in one of its own: niceness counts for nothing there against the
program that somebody types into, and so the group is made nicer, too. Only some: with the most, somebody who
compiles would never see a file arrive.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

NICENESS: Final = 10
"""So much less the processor is ours than that of others who want it; alone, all of it is."""

GROUP_NICENESS: Final = 5
"""The same for the group of the session: a third of what another one gets that is as busy."""

GROUP: Final = Path("/proc/self/autogroup")


def give_way() -> None:
    """Of the process that calls it, which leads a session; as far as the system knows of such things."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)
    with contextlib.suppress(OSError):
        GROUP.write_text(str(GROUP_NICENESS), "ascii")
