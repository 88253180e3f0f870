"""The devices of other people, as this profile has met them, and the words by which they are compared."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.errors import PeerNotMember
from protocol.rest import Member
from protocol.text import clean_line

if TYPE_CHECKING:  # they import cryptography
    from mesh_agent.net.identity import Identity
    from mesh_agent.net.known import Known, KnownDevices


def find_member(members: Iterable[Member], name: str) -> Member:
    """The member of that id, or of that name in whichever case. Raises: PeerNotMember."""
    for member in members:
        if name in (member.user_id, member.username) or member.username.casefold() == name.casefold():
            return member
    raise PeerNotMember(f"{clean_line(name)} is not in this room.")


def is_among(members: Iterable[Member], name: str) -> bool:
    """Whether `find_member` finds somebody."""
    with contextlib.suppress(PeerNotMember):
        find_member(members, name)
        return True
    return False


@dataclass(frozen=True, slots=True)
class DeviceWords:
    """Attributes:
    words: those of the identity that the device shows now; both sides see the same.
    verified: the two persons have compared them.
    changed: it had another identity before, and everything with it is refused.
    always: what it offers is taken without asking.
    """

    device_id: str
    words: tuple[str, ...]
    verified: bool
    changed: bool
    always: bool = False


class People:
    """What is known of them; every method raises `FilesUnusable` where that cannot be read."""

    def __init__(self, identity: "Identity", known: "KnownDevices") -> None:
        self._identity, self._known = identity, known

    async def devices(self, user_id: str) -> "list[Known]":
        return await self._known.of(user_id)

    async def words(self, user_id: str) -> list[DeviceWords]:
        from mesh_agent.net.words import safety_words

        told = []
        for device in await self._known.of(user_id):
            shown = device.changed_identity or device.identity
            words = await asyncio.to_thread(safety_words, self._identity.public, shown)
            verified = device.compared and not device.changed
            always = verified and device.always
            told.append(DeviceWords(device.device_id, words, verified, device.changed, always))
        return told

    async def confirm(self, user_id: str, device_id: str) -> "Known":
        """Raises: UnknownDevice."""
        from mesh_agent.net.known import UnknownDevice

        device = await self._known.device(user_id, device_id)
        if device is None:
            raise UnknownDevice
        return await self._known.confirm(user_id, device_id, device.changed_identity or device.identity)

    async def trust(self, user_id: str, device_id: str) -> "Known":
        """Raises: UnknownDevice."""
        return await self._known.trust(user_id, device_id)

    async def take_always(self, user_id: str, device_id: str, *, always: bool) -> "Known":
        """Raises: UnknownDevice, NotCompared."""
        return await self._known.take_always(user_id, device_id, always=always)
