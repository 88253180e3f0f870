"""What the program keeps of a profile besides rooms and messages: drafts, what was entered, the tour.

Strategy: each is a small file of its own (see `mesh_tui.kept`); here they are opened, saved and forgotten
together.
"""

from mesh_agent.client.folders import Profile
from mesh_tui.drafts import Drafts
from mesh_tui.kept import Kept
from mesh_tui.recall import Recall


class Written:
    """Of one profile. `toured` says whether the tour has been shown in it."""

    def __init__(self, profile: str) -> None:
        folder = Profile.open(profile).data
        self.drafts = Drafts(folder / "drafts.json")
        self.recall = Recall(folder / "entered.json")
        self.toured: Kept[bool] = Kept(folder / "toured.json", bool, bool)
        self.all = (self.drafts, self.recall, self.toured)

    async def load(self) -> None:
        for kept in self.all:
            await kept.load()

    def is_new(self) -> bool:
        """Whether the tour is due; from then on it no longer is."""
        new = not self.toured.content
        if new:
            self.toured.content = True
            self.toured.changed()
        return new

    async def save(self) -> None:
        """Writes what has changed; where the disk refuses, the log says why."""
        for kept in self.all:
            await kept.save()

    def forget(self) -> None:
        """Keeps nothing that was written."""
        self.drafts.forget()
        self.recall.forget()
