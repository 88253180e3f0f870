"""The public keys that let me in at the server's ssh door."""

from typing import Final

from mesh_agent.client.network import Network
from protocol.errors import SshKeyInvalid
from protocol.rest import SshKey, SshKeyRequest

PRIVATE: Final = "This is the private half of a key, which stays with you. Take the line of its .pub file."


class SshKeys:
    """Every call raises `Unreachable` or a kind of it where there is no answer, else the server's refusal."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def list(self) -> list[SshKey]:
        return await (await self._network.rest()).ssh_keys()

    async def add(self, key: SshKeyRequest) -> SshKey:
        """What looks like a private key is not sent. Raises: SshKeyInvalid."""
        if "PRIVATE KEY" in key.key:
            raise SshKeyInvalid(PRIVATE)
        return await (await self._network.rest()).add_ssh_key(key)

    async def remove(self, key_id: str) -> None:
        await (await self._network.rest()).remove_ssh_key(key_id)
