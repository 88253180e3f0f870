"""What happens to an offer without asking, and how fast and over how many lines bytes may go. No IO."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mesh_agent.sharing.state import Conflict

LANES_DEFAULT: Final = 3
"""Connections beside the main one."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Attributes:
    downloads: where what arrives goes; None: the folder `Mesh` in the platform's downloads.
    accept: `ask`: the person decides on every offer; `verified`: those of compared devices are taken;
        `all`: every one is taken; `none`: every one is declined.
    people: ids of users whose offers are taken; where there are any, `all` means those of these.
    largest: bytes; of more than that the person is asked in any case. None: no such bound.
    conflict: what becomes of files whose names are taken, where nobody is asked.
    links: symbolic links are made, where they stay inside the folder that they came with.
    limit: bytes a second that go to each person; None: as fast as it goes.
    lanes: connections beside the main one, to and from other devices.
    quic_only: no connections of TLS over TCP.
    direct: addresses of this device are told to the other one; else everything goes over the relay.
    connect: whose devices this one connects to: everybody's in a room of mine, or only compared ones
        without asking first.
    """

    downloads: Path | None = None
    accept: Literal["ask", "verified", "all", "none"] = "ask"
    people: frozenset[str] = frozenset()
    largest: int | None = None
    conflict: Conflict = "rename"
    links: bool = False
    limit: int | None = None
    lanes: int = LANES_DEFAULT
    quic_only: bool = False
    direct: bool = True
    connect: Literal["everyone", "ask"] = "everyone"

    def decide(
        self, user_id: str, size: int, *, verified: bool, always: bool = False
    ) -> Literal["take", "ask", "refuse"]:
        """What is done with an offer of `size` bytes of that user, from a device that was compared or not.

        `always`: the person has said that whatever this device offers is taken. Where people are named who
        alone may send, that holds.
        """
        if self.accept == "none":
            return "refuse"
        wanted = user_id in self.people if self.people else self.accept == "all"
        wanted = wanted or (verified and (self.accept == "verified" or (always and self.accept == "ask")))
        if not wanted:
            return "ask" if self.accept != "all" else "refuse"
        return "take" if self.largest is None or size <= self.largest else "ask"

    @property
    def folder(self) -> Path:
        """Where what arrives goes; not made yet."""
        return self.downloads if self.downloads is not None else platform_downloads()


def platform_downloads() -> Path:
    from platformdirs import user_downloads_path

    return user_downloads_path() / "Mesh"
