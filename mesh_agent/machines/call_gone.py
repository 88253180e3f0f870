"""Who is not in a call any more, or never came: sentences for people, and what others need to know. No IO."""

from collections.abc import Collection, Iterable
from typing import Final

from mesh_agent.machines.call_parts import NOBODY, SENTENCES, Peer, Rung, nobody_came
from protocol.calls import HangUp


class Gone:
    """Attributes:
    sentences: about each of them, the latest last; count: how many there were.
    left_behind: devices that were in it, and heard, when we left.
    fallen: users who are out since nothing came from them any more, and have not come again.
    """

    SENTENCES_MAX: Final = 8

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.count = 0
        self.left_behind: set[str] = set()
        self.fallen: set[str] = set()

    def add(self, reason: HangUp, name: str) -> None:
        sentence = SENTENCES.get(reason, SENTENCES["left"]).format(name)
        self.sentences = [*self.sentences, sentence][-self.SENTENCES_MAX :]
        self.count += 1

    def why(self, rung: Collection[Rung], *, begun: bool) -> str:
        """Why nobody is left, as a sentence. `begun`: somebody was there."""
        if len(self.sentences) == 1:
            return self.sentences[0]
        return NOBODY if begun else nobody_came(rung, self.sentences[-1])

    def leave(self, peers: Iterable[Peer]) -> None:
        """We go, and these are there."""
        peers = list(peers)
        self.left_behind = {peer.device.device_id for peer in peers if peer.state != "lost"}
        self.fallen |= {peer.device.user_id for peer in peers if peer.state == "lost"}
