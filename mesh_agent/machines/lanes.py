"""Further lanes of a meeting: each proves with its first frame that it belongs to the same two. No IO.

    opener    ──P2P_LANE (number, proof)──>    acceptor
              <──P2P_LANE_OK (number)──        or P2P_ERROR, and the lane is closed

The proof is an HMAC with the secret that the handshake has brought, over what the lane is. A number that
comes again is a lane that was opened anew: it takes the place of the one that had the number.
"""

import hashlib
import hmac
from typing import Final

from mesh_agent.net.base import Role
from protocol.errors import WrongLane
from protocol.peer import P2pLane, P2pLaneOk, PeerFrame

LABEL: Final = "mesh-p2p/1 lane"


def lane_proof(lane_key: bytes, session_id: str, number: int, opener: Role) -> bytes:
    """HMAC-SHA256, of label, session, number in decimal digits and who opens the lane, NULs between them."""
    text = "\0".join((LABEL, session_id, str(number), opener))
    return hmac.digest(lane_key, text.encode(), hashlib.sha256)


class LaneBook:
    """The further lanes of one meeting, at one end."""

    def __init__(self, role: Role, session_id: str, lane_key: bytes) -> None:
        self._role: Final = role
        self._session_id, self._lane_key = session_id, lane_key

    def opening(self, number: int) -> P2pLane:
        """What this end says first on a lane that it opens."""
        proof = lane_proof(self._lane_key, self._session_id, number, self._role)
        return P2pLane(session_id=self._session_id, lane=number, proof=proof)

    def require_ok(self, frame: PeerFrame, number: int) -> None:
        """What came back on such a lane. Raises: WrongLane."""
        if not isinstance(frame, P2pLaneOk) or frame.lane != number:
            raise WrongLane

    def admit(self, frame: PeerFrame) -> P2pLaneOk:
        """The first frame of a lane that the other end opens. Raises: WrongLane."""
        if not isinstance(frame, P2pLane) or frame.session_id != self._session_id:
            raise WrongLane
        other: Role = "asked" if self._role == "asker" else "asker"
        proof = lane_proof(self._lane_key, self._session_id, frame.lane, other)
        if not hmac.compare_digest(frame.proof, proof):
            raise WrongLane
        return P2pLaneOk(lane=frame.lane)
