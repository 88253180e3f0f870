"""A registration whose answer never came: the account may be there all the same.

Strategy: a server that is short of time may make an account after the client has given up, and then says of
the next try that the name is taken. So it is remembered what was asked for, as a digest; where the very same
is asked for again and the name is taken, signing in with it shows whose account it is. No other password is
ever tried.
"""

import hashlib
from typing import TYPE_CHECKING, Final

from mesh_agent.client.errors import LineLost, TimedOut
from protocol.errors import CredentialsInvalid, MeshError, UsernameTaken
from protocol.rest import LoginRequest, RegisterRequest, Session

if TYPE_CHECKING:
    from mesh_agent.client.rest import Rest

MAYBE: Final = "The account may have been made all the same: try again with the same name and password."


class Registering:
    """Of one agent, which speaks to one server."""

    def __init__(self) -> None:
        self._unanswered = b""

    async def register(self, calls: "Rest", request: RegisterRequest) -> Session:
        """Makes the account, or signs in where the last try had made it.

        Raises:
            TimedOut, LineLost: there is no answer; the sentence says that it may have worked.
            MeshError: the server's refusal, or why it cannot be asked.
        """
        digest = hashlib.sha256(f"{request.username}\0{request.password}".encode()).digest()
        try:
            return await calls.register(request)
        except (TimedOut, LineLost) as error:
            self._unanswered = digest
            raise type(error)(f"{error.message} {MAYBE}") from error
        except UsernameTaken as taken:
            if digest != self._unanswered:
                raise
            return await _sign_in(calls, request, taken)


async def _sign_in(calls: "Rest", request: RegisterRequest, taken: MeshError) -> Session:
    try:
        return await calls.login(
            LoginRequest(
                username=request.username, password=request.password, device_name=request.device_name
            )
        )
    except CredentialsInvalid:
        raise taken from None  # somebody else was quicker
