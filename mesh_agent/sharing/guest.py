"""A session for files that somebody else has asked for: what they send, and fetch from shares of ours."""

from typing import TYPE_CHECKING

from mesh_agent.sharing.attempt import Attempt
from mesh_agent.sharing.carrying import Carrying
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.orders import Shares
from mesh_agent.sharing.taking import Taking
from protocol.signals import SessionCreated

if TYPE_CHECKING:
    from mesh_agent.net.certificates import Certificate


class Guest(Carrying, Taking):
    """One session, from `created` until it is over."""

    def __init__(self, desk: Desk, created: SessionCreated) -> None:
        asker = created.peers[0]
        super().__init__(desk, created.room_id, asker.user_id, asker.username, takes_offers=True)
        self.take(created)

    def make_attempt(self, certificate: "Certificate") -> Attempt:
        return Attempt(self.desk, "asked", certificate, self.report)

    def show(self) -> None:
        """What is shared has changed."""
        if self.attempt is not None:
            self.attempt.tell(Shares(shares=self.desk.shown_to(self.room_id)))
