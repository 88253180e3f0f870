"""Search over one's own rooms."""

from typing import Protocol

from msgspec import Struct

from mesh_server.store.base.log import MessageRecord
from mesh_server.store.base.rooms import MyRoom


class SearchQuery(Struct, kw_only=True, frozen=True):
    """`words` in the index's own language; keys as `services.names` makes them; times in milliseconds."""

    words: str
    room_id: str | None = None
    room_key: str | None = None
    author_key: str | None = None
    before: int | None = None
    after: int | None = None
    cursor: int | None = None


class Found(Struct, kw_only=True, frozen=True):
    my_room: MyRoom
    message: MessageRecord


class SearchStore(Protocol):
    async def index_next(self, limit: int) -> int:
        """Puts the next messages into the index; how many there were to look at."""
        ...

    async def purge(self) -> bool:
        """Takes deleted words out of the index for good, a step at a time; whether there is more to do."""
        ...

    async def find(self, user_id: str, query: SearchQuery, limit: int) -> tuple[list[Found], int | None]:
        """The newest first, only from rooms of this user; and the cursor of the next page."""
        ...
