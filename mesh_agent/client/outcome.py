"""What follows from an arrival, to be done by whoever has the cache, the screen and the connection."""

from dataclasses import dataclass, field

from mesh_agent.client.changes import Change
from mesh_agent.client.state import AgentEvent


@dataclass(slots=True)
class Outcome:
    """Collected by all who have a part in one arrival.

    Attributes:
        changes: for the cache.
        events: for whoever looks on.
        rooms: whether the list of rooms, or what is shown in it, has changed.
        lost: a change is missing: connect again and resume.
    """

    changes: list[Change] = field(default_factory=list)
    events: list[AgentEvent] = field(default_factory=list)
    rooms: bool = False
    lost: bool = False
