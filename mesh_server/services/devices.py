"""One's own devices: what they are called, and signing them out."""

from mesh_server.ids import Clock
from mesh_server.services import names
from mesh_server.services.principal import Principal
from mesh_server.services.sessions import Sessions
from mesh_server.services.views import device_view
from mesh_server.store.base import AccountStore, DeviceRecord
from protocol.errors import DeviceNotFound, PasswordRequired
from protocol.rest import Device, DeviceRequest


class DeviceService:
    """A personal token may sign out itself, and nothing else."""

    def __init__(self, store: AccountStore, *, sessions: Sessions, clock: Clock) -> None:
        self._store, self._sessions, self._clock = store, sessions, clock

    async def logout(self, who: Principal) -> None:
        await self._revoke(who.user_id, who.device_id)

    async def list_mine(self, who: Principal) -> list[Device]:
        """Those that are signed in, the last seen first."""
        found = [self._view(device, who) for device in await self._store.list_devices(who.user_id)]
        return sorted(found, key=lambda device: device.last_seen_at, reverse=True)

    async def rename(self, who: Principal, device_id: str, body: DeviceRequest) -> Device:
        """Raises: DeviceNotFound, PasswordRequired."""
        if who.by_token:
            raise PasswordRequired
        name = names.device_name(body.name)
        device = await self._store.set_device_name(who.user_id, device_id, name)
        if device is None:
            raise DeviceNotFound
        return self._view(device, who)

    async def sign_out(self, who: Principal, device_id: str) -> None:
        """Raises: DeviceNotFound, PasswordRequired."""
        if who.by_token and device_id != who.device_id:
            raise PasswordRequired
        if not await self._revoke(who.user_id, device_id):
            raise DeviceNotFound

    async def sign_out_others(self, who: Principal, *, ssh_keys: bool = False) -> None:
        """Every other device, and every personal token; `ssh_keys`: the keys that let in by ssh go too.

        Raises: PasswordRequired.
        """
        if who.by_token:
            raise PasswordRequired
        await self._store.revoke_other_devices(
            who.user_id,
            who.device_id,
            now=self._clock(),
            on_revoked=self._sessions.revoked,
            ssh_keys=ssh_keys,
        )

    async def _revoke(self, user_id: str, device_id: str) -> bool:
        return await self._store.revoke_device(
            user_id, device_id, now=self._clock(), on_revoked=self._sessions.revoked
        )

    def _view(self, device: DeviceRecord, who: Principal) -> Device:
        seen_at = self._sessions.seen_at(device.id)
        return device_view(device, last_seen_at=seen_at, current=device.id == who.device_id)
