"""Whether the other end of a line is still there.

Strategy: who has been silent for a heartbeat is asked, and given up where no answer comes. The silence alone
says nothing: a server that was held up itself, by its machine or by whoever stopped it, finds all silent
and has asked nobody. So the answer has its time from the question on.
"""

from typing import Final, Literal

GONE: Final = 1.75
"""Heartbeats of silence: with the time between two looks less than two."""

ANSWERS: Final = 0.5
"""Heartbeats that an answer may take at least."""

Step = Literal["wait", "ask", "give up"]


def next_step(now: float, heard_at: float, asked_at: float, heartbeat_s: float) -> Step:
    """`asked_at`: of the last question, perhaps one that was answered. All are seconds of one clock."""
    silent_s = now - heard_at
    if silent_s <= heartbeat_s:
        return "wait"
    if asked_at <= heard_at:
        return "ask"
    if silent_s > GONE * heartbeat_s and now - asked_at > ANSWERS * heartbeat_s:
        return "give up"
    return "wait"
