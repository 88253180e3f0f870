"""My account: how I am shown, the password, and where else I am signed in."""

from mesh_agent.client.network import Network
from protocol.errors import PasswordInvalid
from protocol.rest import Device, PasswordRequest, ProfileRequest, User
from protocol.text import clean_line


class OwnAccount:
    """Every call raises `Unreachable` or a kind of it where there is no answer, else the server's refusal."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def me(self) -> User:
        """As the server has me now."""
        return await (await self._network.rest()).me()

    async def rename(self, display_name: str) -> User:
        """I am shown by this name; I still sign in with the other."""
        return await self._change(ProfileRequest(display_name=clean_line(display_name)))

    async def hide_reads(self, hides: bool) -> User:
        """Whether others do not see how far I have read, wherever a room shows that."""
        return await self._change(ProfileRequest(hides_reads=hides))

    async def change_password(self, current: str, new: str) -> None:
        """Every other device of mine is signed out."""
        request = PasswordRequest(current=sendable(current), new=sendable(new))
        await (await self._network.rest()).change_password(request)

    async def devices(self) -> list[Device]:
        """My devices that are signed in."""
        return await (await self._network.rest()).devices()

    async def sign_out_device(self, device_id: str) -> None:
        """Ends the session of another device of mine, or of this one."""
        await (await self._network.rest()).delete_device(device_id)

    async def sign_out_others(self, *, ssh_keys: bool) -> None:
        """Every other device of mine, and every personal token; `ssh_keys`: those let nobody in any more."""
        await (await self._network.rest()).delete_other_devices(ssh_keys=ssh_keys)

    async def _change(self, request: ProfileRequest) -> User:
        return await (await self._network.rest()).update_me(request)


def sendable(password: str) -> str:
    """`password` as it is, if it can be written as UTF-8: it must not be changed on its way.

    Raises:
        PasswordInvalid
    """
    try:
        password.encode()
    except UnicodeEncodeError:
        raise PasswordInvalid from None
    return password
