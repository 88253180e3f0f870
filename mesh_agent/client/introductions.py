"""What the server does for two devices that want to meet: it introduces them, vouches for them, and helps.

Strategy: everything above (`sharing`) knows the account and the server through this alone, so that it needs
neither the line nor the calls themselves.
"""

import secrets

from mesh_agent.client.calling import Calling
from mesh_agent.client.network import Network
from mesh_agent.client.session import ProfileSession
from mesh_agent.client.signalling import Signalling
from mesh_agent.client.state import Page
from mesh_agent.client.workspace import Workspace
from protocol.errors import NotMember
from protocol.events import EditMessage, MessageAck, SendMessage
from protocol.rest import IceServer, IceServerList, Member, PublicKey, User


class Introductions:
    """One account, at its server. Calls raise `Unreachable` or a kind of it, else the server's refusal.

    Attributes:
        signalling: sessions between two devices. calling: signals of calls.
        user: who is signed in.
        device_id: this device, as the server knows it.
        server: the server's address.
    """

    def __init__(self, workspace: Workspace, network: Network, session: ProfileSession) -> None:
        assert session.account is not None
        self._workspace, self._network, self._session = workspace, network, session
        self.signalling: Signalling = workspace.signalling
        self.calling: Calling = workspace.calling
        self.user: User = session.account.user
        self.device_id: str = session.account.device_id
        self.server: str = session.server

    async def server_keys(self) -> list[PublicKey]:
        """They verify what the server says of another device."""
        return await (await self._network.rest()).keys()

    async def ice(self) -> IceServerList:
        """STUN and TURN servers, and for how many seconds what is told of them is good."""
        return await (await self._network.rest()).ice()

    async def ice_servers(self) -> list[IceServer]:
        return (await self.ice()).ice_servers

    async def access_token(self) -> str:
        """A secret that says who this is; good for some minutes."""
        return await self._session.token((await self._network.rest()).refresh)

    async def members(self, room_id: str) -> list[Member]:
        """Who is in the room, as last known where the server cannot be asked. Raises: NotMember."""
        return await self._workspace.history.members(room_id, line_up=self._workspace.line_up)

    async def messages(self, room_id: str, before: int | None, limit: int) -> Page:
        """A page of the room's messages, the newest or those below `before`. Raises: NotMember."""
        return await self._workspace.history.before(room_id, before, limit)

    def require_room(self, room_id: str) -> None:
        """Raises: NotMember."""
        if self._workspace.sync.line(room_id) is None:
            raise NotMember

    async def tell(self, room_id: str, content: str, content_type: str) -> str:
        """A message that goes now or not at all; returns its id."""
        request = SendMessage(
            room_id=room_id, nonce=secrets.token_hex(16), content=content, content_type=content_type
        )
        answer: MessageAck = await self._workspace.asking.ask(request)
        return answer.message_id

    async def amend(self, room_id: str, message_id: str, content: str) -> None:
        """A message of ours says this from now on."""
        request = EditMessage(room_id=room_id, message_id=message_id, content=content)
        await self._workspace.asking.ask(request)
