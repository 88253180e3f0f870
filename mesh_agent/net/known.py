"""Which identity each device of each person has shown: remembered, compared, refused once it changes.

    nobody seen ──remember──> seen ──confirm──> compared
                                └── another identity is shown ──> changed, refused ──trust──> seen

Strategy: one small file of the profile, read before and replaced after each change, under a lock of its own,
since several processes of a profile may meet people at once. Users and devices are told apart by their ids
alone, whatever address the server goes by now: ids that come back elsewhere are rather refused than met for
the first time again. A damaged file is not begun anew by itself, because that would forget in silence.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct, structs

from mesh_agent.client.errors import FilesUnusable, FileTooNew, LocalError
from mesh_agent.client.folders import Profile, locked, read_small, replace_file
from protocol import limits
from protocol.errors import PeerChanged

FILE_VERSION: Final = 1
DEVICES_MAX: Final = 2_500
"""Devices that are remembered (all of them fit in a small file); past it those seen longest ago are
forgotten, but none that was compared or has changed."""

Id = Annotated[str, Meta(min_length=1, max_length=limits.ID_CHARS)]


class Known(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device of somebody. Times are milliseconds since 1970.

    Attributes:
        key: the identity, base64url without padding, as are all here.
        seen_at: when it was met first.
        compared_at: when the two persons compared the words; None where they did not.
        changed_to: the identity that it shows now, and that is refused.
        always: what it offers is taken without asking; of the identity that was compared, and no other.
    """

    user_id: Id
    device_id: Id
    key: str
    seen_at: int
    compared_at: int | None = None
    changed_to: str | None = None
    always: bool = False

    def __post_init__(self) -> None:
        for text in (self.key, self.changed_to):
            if text is not None and len(_bytes(text)) != 32:
                raise ValueError("an identity has 32 bytes")

    @property
    def identity(self) -> bytes:
        return _bytes(self.key)

    @property
    def changed_identity(self) -> bytes | None:
        return None if self.changed_to is None else _bytes(self.changed_to)

    @property
    def compared(self) -> bool:
        return self.compared_at is not None

    @property
    def changed(self) -> bool:
        return self.changed_to is not None


class UnknownDevice(LocalError):
    """Nothing was ever heard of this device."""

    code = "client.unknown_device"
    text = "This device has never been met, so there is nothing to compare yet."


class NotCompared(LocalError):
    """Only for a device whose words were compared."""

    code = "client.not_compared"
    text = "Compare the safety words with this person first."


class _Versioned(Struct):
    version: int


class _File(Struct, kw_only=True):
    version: int = FILE_VERSION
    devices: list[Known] = []


class KnownDevices:
    """What one profile knows. Each call reads the file; `clock` is in milliseconds since 1970.

    All raise `FilesUnusable` where the file cannot be used, and `FileTooNew`.
    """

    def __init__(self, profile: Profile, *, clock: Callable[[], int]) -> None:
        self._path, self._lock_path, self._clock = profile.known_path, profile.known_lock_path, clock

    async def of(self, user_id: str) -> list[Known]:
        """The devices of a person, as they were met."""
        devices = await asyncio.to_thread(self._read)
        return [known for known in devices if known.user_id == user_id]

    async def device(self, user_id: str, device_id: str) -> Known | None:
        return next((known for known in await self.of(user_id) if known.device_id == device_id), None)

    async def remember(self, user_id: str, device_id: str, identity: bytes) -> Known:
        """This device has proven `identity`.

        Raises:
            PeerChanged: it had another one before; from now on it stands there as changed.
        """
        shown = _text(identity)
        known = await self.device(user_id, device_id)
        if known is not None and known.key == shown and not known.changed:
            return known  # nothing is to be written, so nobody is waited for
        async with self._changing() as devices:
            before = devices.get((user_id, device_id))
            if before is None:
                now = Known(user_id=user_id, device_id=device_id, key=shown, seen_at=self._clock())
            elif before.key == shown:
                now = structs.replace(before, changed_to=None)
            else:
                now = structs.replace(before, changed_to=shown)
            devices[user_id, device_id] = now
        if now.changed:
            raise PeerChanged
        return now

    async def confirm(self, user_id: str, device_id: str, identity: bytes) -> Known:
        """The persons compared the words of `identity`, and they were the same.

        Raises:
            UnknownDevice: this is not an identity that the device has or shows.
        """
        async with self._changing() as devices:
            before = devices.get((user_id, device_id))
            if before is None or _text(identity) not in (before.key, before.changed_to):
                raise UnknownDevice
            always = before.always and before.key == _text(identity)
            now = structs.replace(
                before, key=_text(identity), compared_at=self._clock(), changed_to=None, always=always
            )
            devices[user_id, device_id] = now
        return now

    async def trust(self, user_id: str, device_id: str) -> Known:
        """The identity that it shows now takes the place of the old one; nobody has compared it.

        Raises:
            UnknownDevice
        """
        async with self._changing() as devices:
            now = devices.get((user_id, device_id))
            if now is None:
                raise UnknownDevice
            if now.changed_to is not None:
                now = Known(user_id=user_id, device_id=device_id, key=now.changed_to, seen_at=self._clock())
                devices[user_id, device_id] = now
        return now

    async def take_always(self, user_id: str, device_id: str, *, always: bool) -> Known:
        """From now on what this device offers is taken without asking, or not any more.

        Raises:
            UnknownDevice
            NotCompared: nobody has compared the words of the identity that it has.
        """
        async with self._changing() as devices:
            before = devices.get((user_id, device_id))
            if before is None:
                raise UnknownDevice
            if always and (before.changed or not before.compared):
                raise NotCompared
            now = devices[user_id, device_id] = structs.replace(before, always=always)
        return now

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[dict[tuple[str, str], Known]]:
        async with locked(self._lock_path):
            found = await asyncio.to_thread(self._read)
            devices = {(known.user_id, known.device_id): known for known in found}
            before = devices.copy()
            yield devices
            if devices != before:
                await asyncio.to_thread(self._write, devices)

    def _read(self) -> list[Known]:
        data = read_small(self._path)
        if data is None:
            return []
        try:
            if msgspec.json.decode(data, type=_Versioned).version > FILE_VERSION:
                raise FileTooNew(f"{self._path} was written by a newer Mesh. Update this one.")
            return msgspec.json.decode(data, type=_File).devices
        except (msgspec.DecodeError, RecursionError):
            raise FilesUnusable(
                f"{self._path} is damaged. It says which devices are known: put back a copy of it, or move it"
                " away and compare the safety words with everybody again."
            ) from None

    def _write(self, devices: dict[tuple[str, str], Known]) -> None:
        excess = len(devices) - DEVICES_MAX
        if excess > 0:
            plain = [name for name, known in devices.items() if not (known.compared or known.changed)]
            if len(plain) <= excess:  # the last one of them is the one that is to be remembered
                raise FilesUnusable(f"{self._path} is full: {DEVICES_MAX:,} devices were compared.")
            for name in sorted(plain, key=lambda name: devices[name].seen_at)[:excess]:
                del devices[name]
        replace_file(self._path, msgspec.json.encode(_File(devices=list(devices.values()))))


def _text(identity: bytes) -> str:
    return base64.urlsafe_b64encode(identity).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
