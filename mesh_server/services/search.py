"""Search: what a person types becomes a query, and what is found is theirs to see.

The words of a query all have to occur; the last letters of a word may be left out; `"quoted words"` stand
together. `from:alice in:lobby before:2026-01-31 after:2026-01-01` narrow it down. Nothing that is typed
reaches the index's own query language but as a quoted string (https://www.sqlite.org/fts5.html#fts5_strings).
"""

import asyncio
import contextlib
import re
from datetime import UTC, datetime
from typing import Final

from mesh_server.services.names import login_key, name_key
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.services.views import message_view, room_view
from mesh_server.store.base import SearchQuery, SearchStore
from protocol import limits
from protocol.errors import QueryInvalid, StorageUnavailable
from protocol.rest import SearchHit, SearchPage
from protocol.times import parse_time

INDEX_EVERY_S: Final = 1.0
INDEX_STEP: Final = 500
INDEX_PAUSE_S: Final = 0.05
"""Between two steps, so that messages on their way to the disk need not wait for many."""

CATCH_UP: Final = 2_000
"""Messages that a search puts into the index before it looks; the rest is put there in the background."""

CATCH_UP_ROUNDS: Final = 20

_TERM: Final = re.compile(r'"([^"]*)"?|(\S+)')
_FILTER: Final = re.compile(r"(from|in|before|after):(.*)", re.IGNORECASE)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class SearchService:
    def __init__(self, search: SearchStore, rooms: RoomService) -> None:
        self._search, self._rooms = search, rooms

    async def keep_index(self) -> None:
        """For ever: puts what was written into the index, and takes what was deleted out of it for good."""
        while True:
            await asyncio.sleep(INDEX_EVERY_S)
            with contextlib.suppress(StorageUnavailable):
                await self._tidy()

    async def _tidy(self) -> None:
        more = True
        while more:
            more = await self._search.index_next(INDEX_STEP) == INDEX_STEP or await self._search.purge()
            await asyncio.sleep(INDEX_PAUSE_S)

    async def find(
        self,
        who: Principal,
        text: str,
        *,
        room_id: str | None = None,
        author: str | None = None,
        before: str | None = None,
        after: str | None = None,
        cursor: int | None = None,
        limit: int = limits.PAGE_DEFAULT,
    ) -> SearchPage:
        """Messages of my rooms, the newest first.

        Raises:
            QueryInvalid: nothing to search for, too long, or a filter that cannot be read.
            RoomNotFound, NotMember: `room_id` is not a room of mine.
        """
        if not 1 <= limit <= limits.PAGE_MAX:
            raise QueryInvalid(f"limit is a whole number from 1 to {limits.PAGE_MAX}.")
        if room_id is not None:
            await self._rooms.require_member(who, room_id)
        given = {"from": author, "before": before, "after": after}
        query = parse(text, {name: value for name, value in given.items() if value}, room_id, cursor)
        for _ in range(CATCH_UP_ROUNDS):
            if await self._search.index_next(CATCH_UP) < CATCH_UP:
                break
        found, more = await self._search.find(who.user_id, query, limit)
        return SearchPage(
            hits=[
                SearchHit(
                    room_id=hit.message.room_id,
                    room_name=room_view(hit.my_room).name,
                    message=message_view(hit.message, nonce=hit.message.author_id == who.user_id),
                )
                for hit in found
            ],
            has_more=more is not None,
            next=None if more is None else str(more),
        )


def parse(
    text: str, filters: dict[str, str], room_id: str | None = None, cursor: int | None = None
) -> SearchQuery:
    """What was typed, and filters that came beside it, which win. Raises: QueryInvalid."""
    if len(text) > limits.QUERY_CHARS:
        raise QueryInvalid(f"A search has at most {limits.QUERY_CHARS} characters.")
    words: list[str] = []
    typed: dict[str, str] = {}
    for phrase, word in _TERM.findall(text):
        narrows = _FILTER.fullmatch(word)
        if narrows is not None:
            typed[narrows[1].lower()] = narrows[2]
        elif any(letter.isalnum() for letter in phrase or word):
            words.append(_quote(phrase) if phrase else f"{_quote(word)} *")
    if not words:
        raise QueryInvalid("Type at least one word to search for.")
    chosen = typed | filters
    return SearchQuery(
        words=" ".join(words),
        room_id=room_id,
        room_key=name_key(chosen["in"].lstrip("#")) if chosen.get("in") else None,
        author_key=login_key(chosen["from"].lstrip("@")) if chosen.get("from") else None,
        before=_moment("before", chosen),
        after=_moment("after", chosen),
        cursor=cursor,
    )


def _quote(words: str) -> str:
    return '"' + words.replace('"', '""') + '"'


def _moment(name: str, filters: dict[str, str]) -> int | None:
    """A day (UTC) or an RFC 3339 time, in milliseconds."""
    value = filters.get(name)
    if not value:
        return None
    try:
        if _DAY.fullmatch(value):
            return int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() * 1000)
        return parse_time(value)
    except ValueError:
        raise QueryInvalid(f"{name} is a day such as 2026-01-31, or an RFC 3339 time.") from None
