"""What every `MessageStore` does: the log's numbers, its nonces, its pages and what changed."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import structs

from mesh_server.store.base import (
    Appended,
    AppendOutcome,
    Edit,
    Erase,
    MessageRecord,
    NewMessage,
    ReadMark,
    SearchQuery,
    Settings,
    Store,
    UserRecord,
)
from protocol.errors import MeshError, NonceConflict, NotMember, ReferenceUnknown, RoomForbidden, RoomNotFound
from protocol.rest import EVERYONE, Role
from tests.contracts.people import NOW, add_room, add_user, join

_numbers = itertools.count(1)


def new(author: UserRecord, room_id: str, content: str = "Hello!", **other: object) -> NewMessage:
    number = next(_numbers)
    message = NewMessage(
        id=f"message-{number}",
        room_id=room_id,
        author_id=author.id,
        author_name=author.username,
        device_id=f"{author.username}-laptop",
        nonce=f"nonce-{number}",
        content=content,
        content_type="text/markdown",
        created_at=NOW,
    )
    return structs.replace(message, **other)


async def append(store: Store, *batch: NewMessage) -> list[Appended | MeshError]:
    done: asyncio.Future[AppendOutcome] = asyncio.get_running_loop().create_future()
    store.messages.append(batch, done.set_result)
    outcome = await done
    assert isinstance(outcome, list)
    return outcome


def records(outcome: Sequence[Appended | MeshError]) -> list[MessageRecord]:
    assert all(isinstance(result, Appended) for result in outcome)
    return [result.record for result in outcome if isinstance(result, Appended)]


@pytest.fixture
async def alice(store: Store) -> UserRecord:
    return await add_user(store, "alice")


@pytest.fixture
async def bob(store: Store) -> UserRecord:
    return await add_user(store, "bob")


@pytest.fixture
async def room_id(store: Store, alice: UserRecord) -> str:
    return (await add_room(store, "lobby", alice)).my_room.room.id


async def test_numbers_have_no_gap_over_batches_and_rooms(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    other = (await add_room(store, "kitchen", alice)).my_room.room.id
    batch = [new(alice, room_id), new(alice, other), new(alice, room_id)]
    first = records(await append(store, *batch))
    second = records(await append(store, new(alice, room_id), new(alice, other)))
    assert [(r.room_id, r.seq, r.rev) for r in first + second] == [
        (room_id, 1, 1),
        (other, 1, 1),
        (room_id, 2, 2),
        (room_id, 3, 3),
        (other, 2, 2),
    ]


async def test_a_member_change_takes_a_rev_but_no_seq(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await append(store, new(alice, room_id))
    await join(store, room_id, bob)
    (after,) = records(await append(store, new(bob, room_id)))
    assert (after.seq, after.rev) == (2, 3)


async def test_a_refused_message_takes_no_number_and_harms_no_other(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    attic = (await add_room(store, "attic", alice, "private")).my_room.room.id
    outcome = await append(
        store,
        new(alice, room_id),
        new(bob, room_id),
        new(bob, attic),
        new(alice, "nowhere"),
        new(alice, room_id, reply_to="nothing"),
        new(alice, room_id, thread="nothing"),
        new(alice, room_id),
    )
    kinds = [type(result) for result in outcome]
    refused = [NotMember, RoomNotFound, RoomNotFound, ReferenceUnknown, ReferenceUnknown]
    assert kinds == [Appended, *refused, Appended]
    assert [record.seq for record in records([outcome[0], outcome[-1]])] == [1, 2]


async def test_a_nonce_sent_again_returns_the_first_message(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    message = new(alice, room_id)
    (first,) = records(await append(store, message))
    await append(store, *[new(alice, room_id) for _ in range(5)])
    again = structs.replace(message, id="another-id", created_at=NOW + 9)
    (result,) = await append(store, again)
    assert isinstance(result, Appended)
    assert (result.new, result.record) == (False, first)


async def test_a_nonce_twice_in_one_batch_creates_one_message(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    message = new(alice, room_id)
    outcome = await append(store, message, structs.replace(message, id="another-id"))
    assert [isinstance(result, Appended) and result.new for result in outcome] == [True, False]
    assert len({record.id for record in records(outcome)}) == 1


@pytest.mark.parametrize(
    "change", [{"content": "Bye!"}, {"content_type": "text/plain"}], ids=["content", "content_type"]
)
async def test_a_nonce_used_with_other_content_is_refused(
    store: Store, alice: UserRecord, room_id: str, change: dict[str, str]
) -> None:
    message = new(alice, room_id)
    await append(store, message)
    (result,) = await append(store, structs.replace(message, id="another-id", **change))
    assert isinstance(result, NonceConflict)


async def test_a_nonce_belongs_to_a_device_and_a_room(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    other = (await add_room(store, "kitchen", alice)).my_room.room.id
    outcome = await append(
        store,
        new(alice, room_id, nonce="same"),
        new(bob, room_id, nonce="same"),
        new(alice, other, nonce="same"),
    )
    assert [result.new for result in outcome if isinstance(result, Appended)] == [True, True, True]


async def test_a_message_sent_before_leaving_is_still_acknowledged_after(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    message = new(bob, room_id)
    (first,) = records(await append(store, message))
    await store.rooms.remove_member(room_id, bob.id, lambda _left: None)
    assert records(await append(store, message)) == [first]


async def test_replies_may_name_a_message_of_the_same_batch(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    first = new(alice, room_id)
    outcome = records(await append(store, first, new(alice, room_id, reply_to=first.id, thread=first.id)))
    assert (outcome[1].reply_to, outcome[1].thread) == (first.id, first.id)


async def test_only_members_can_be_mentioned_and_each_once(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    named = (bob.id, "user-nobody", bob.id, alice.id)
    (record,) = records(await append(store, new(alice, room_id, mentions=named)))
    assert record.mentions == (bob.id, alice.id)
    mine = await store.rooms.get_room(room_id, bob.id)
    assert mine is not None
    assert mine.mentions == 1


async def test_concurrent_batches_keep_the_numbers_whole(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    outcomes = await asyncio.gather(
        *(append(store, *[new(alice, room_id) for _ in range(7)]) for _ in range(20))
    )
    seqs = [record.seq for outcome in outcomes for record in records(outcome)]
    assert sorted(seqs) == list(range(1, 141))


async def test_a_large_batch_with_refusals_in_it_numbers_the_rest_and_reads_back_the_same(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    other = (await add_room(store, "kitchen", alice)).my_room.room.id
    await append(store, new(alice, room_id))
    batch = [new(alice, other if number % 3 else room_id, f"number {number}") for number in range(700)]
    batch[100] = structs.replace(batch[100], author_id=bob.id)
    batch[200] = structs.replace(batch[200], room_id="nowhere")
    batch[400] = structs.replace(batch[399], id="sent-again")
    batch[699] = structs.replace(batch[699], mentions=(alice.id,), reply_to=batch[0].id)
    outcome = await append(store, *batch)
    refused = {number: type(result) for number, result in enumerate(outcome) if isinstance(result, MeshError)}
    assert refused == {100: NotMember, 200: RoomNotFound}
    again = outcome.pop(400)
    assert isinstance(again, Appended)
    assert (again.new, again.record.id) == (False, batch[399].id)
    written = [result.record for result in outcome if isinstance(result, Appended)]
    for room in (room_id, other):
        here = [record for record in written if record.room_id == room]
        past = 1 if room == room_id else 0
        assert [record.seq for record in here] == list(range(past + 1, past + len(here) + 1))
        kept, _ = await store.messages.list_messages(
            room, after=past, before=10_000, limit=1_000, newest=False
        )
        assert kept == here
        mine = await store.rooms.get_room(room, alice.id)
        assert mine is not None
        assert mine.room.last_seq == here[-1].seq
        assert mine.room.rev == here[-1].rev


# ── search ───────────────────────────────────────────────────────────────────────────────────────


async def test_what_one_person_wrote_is_found(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    private = (await add_room(store, "kitchen", alice, "private")).my_room.room.id
    authors = [alice, bob, alice, bob, alice]
    await append(
        store, *[new(author, room_id, "tea or not") for author in authors], new(alice, private, "tea")
    )
    await store.search.index_next(100)

    async def found(asking: UserRecord, author: UserRecord) -> list[tuple[str, int]]:
        query = SearchQuery(words="tea", author_key=author.username_key)
        hits, _ = await store.search.find(asking.id, query, 50)
        return [(hit.message.room_id, hit.message.seq) for hit in hits]

    assert await found(bob, alice) == [(room_id, 5), (room_id, 3), (room_id, 1)]
    assert await found(bob, bob) == [(room_id, 4), (room_id, 2)]
    assert await found(alice, alice) == [(private, 1), (room_id, 5), (room_id, 3), (room_id, 1)]
    # Whose message it is, is not among its words.
    for word in (alice.id, "author_id"):
        assert await store.search.find(alice.id, SearchQuery(words=f'"{word}" *'), 50) == ([], None)


async def test_what_is_no_text_has_no_words(store: Store, alice: UserRecord, room_id: str) -> None:
    kinds = ["text/plain", "application/json", "text/markdown"]
    await append(store, *[new(alice, room_id, "tea", content_type=kind) for kind in kinds])
    assert await store.search.index_next(2) == 2
    assert await store.search.index_next(2) == 1
    hits, _ = await store.search.find(alice.id, SearchQuery(words='"te" *'), 50)
    assert [hit.message.seq for hit in hits] == [3, 1]


async def test_a_search_by_time_finds_all_of_it_though_the_clock_was_set_back(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    """A message every ten minutes for two days; thrice the clock goes back by up to two hours."""
    minute = 60_000
    times = [NOW + number * 10 * minute - number // 72 * 40 * minute for number in range(288)]
    times[100:110] = [time - 120 * minute for time in times[100:110]]
    await append(store, *[new(alice, room_id, "tea", created_at=time) for time in times])
    await store.search.index_next(1_000)
    for place in range(0, len(times), 9):
        moment = times[place]
        for query, expected in (
            (SearchQuery(words="tea", before=moment), [time < moment for time in times]),
            (SearchQuery(words="tea", after=moment), [time >= moment for time in times]),
            (
                SearchQuery(words="tea", after=moment - 60 * minute, before=moment + 60 * minute),
                [moment - 60 * minute <= time < moment + 60 * minute for time in times],
            ),
        ):
            hits, _ = await store.search.find(alice.id, query, 1_000)
            found = [hit.message.seq for hit in reversed(hits)]
            assert found == [seq for seq, fits in enumerate(expected, 1) if fits]


# ── unread ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", [1, 2, 7, 40])
async def test_unread_leaves_out_ones_own_wherever_the_marker_stands(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str, step: int
) -> None:
    """Small steps and large ones, near the beginning and near the end."""
    await join(store, room_id, bob)
    authors = [(alice, bob)[number * number % 7 % 2] for number in range(40)]
    for begin in range(0, 40, 8):  # several of one author in a batch
        await append(store, *[new(author, room_id) for author in authors[begin : begin + 8]])
    for seq in [*range(0, 40, step), 40]:
        await store.rooms.set_read(room_id, bob.id, seq)
        mine = await store.rooms.get_room(room_id, bob.id)
        assert mine is not None
        assert mine.unread == authors[seq:].count(alice), seq


async def test_unread_counts_what_others_wrote_past_the_marker(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await append(store, new(alice, room_id))
    await join(store, room_id, bob)
    await append(store, new(alice, room_id), new(bob, room_id), new(alice, room_id))

    async def unread(user: UserRecord) -> int | None:
        mine = await store.rooms.get_room(room_id, user.id)
        assert mine is not None
        return mine.unread

    assert (await unread(alice), await unread(bob)) == (1, 2)
    assert await store.rooms.set_read(room_id, bob.id, 3) == ReadMark(seq=3, moved=True, shown=False)
    assert await unread(bob) == 1
    assert await store.rooms.set_read(room_id, bob.id, 1) == ReadMark(seq=3, moved=False, shown=False)
    assert await store.rooms.set_read(room_id, bob.id, 1_000) == ReadMark(seq=4, moved=True, shown=False)
    assert await unread(bob) == 0


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("after", "before", "limit", "newest", "seqs", "more"),
    [
        (0, 100, 3, True, [8, 9, 10], True),
        (0, 8, 3, True, [5, 6, 7], True),
        (0, 3, 3, True, [1, 2], False),
        (0, 4, 3, True, [1, 2, 3], False),
        (7, 100, 3, False, [8, 9, 10], False),
        (6, 100, 3, False, [7, 8, 9], True),
        (10, 100, 3, False, [], False),
    ],
)
async def test_pages(
    store: Store,
    alice: UserRecord,
    room_id: str,
    after: int,
    before: int,
    limit: int,
    newest: bool,
    seqs: list[int],
    more: bool,
) -> None:
    written = records(await append(store, *[new(alice, room_id) for _ in range(10)]))
    page, has_more = await store.messages.list_messages(
        room_id, after=after, before=before, limit=limit, newest=newest
    )
    assert page == [written[seq - 1] for seq in seqs]
    assert has_more is more


# ── what changed ─────────────────────────────────────────────────────────────────────────────────


async def test_an_overview_shows_my_rooms_and_which_have_a_gap(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await add_room(store, "kitchen", bob)
    await append(store, *[new(alice, room_id) for _ in range(5)])

    async def gaps(since: int) -> set[str]:
        overview = await store.messages.get_overview(alice.id, {room_id: since, "room-kitchen": 0}, 3)
        assert [mine.room.id for mine in overview.rooms] == [room_id]
        return overview.gaps

    assert await gaps(5) == set()
    assert await gaps(2) == set()
    assert await gaps(1) == {room_id}
    assert await gaps(6) == {room_id}


async def test_member_changes_alone_make_no_gap(store: Store, alice: UserRecord, room_id: str) -> None:
    for number in range(5):
        await join(store, room_id, await add_user(store, f"user{number}"))
    overview = await store.messages.get_overview(alice.id, {room_id: 0}, 3)
    assert (overview.rooms[0].room.rev, overview.gaps) == (5, set())


async def test_changes_between_two_revs_and_who_is_there(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    written = records(await append(store, *[new(alice, room_id) for _ in range(5)]))
    await join(store, room_id, bob)
    changes = await store.messages.list_changes(room_id, 2, 4)
    assert changes.messages == written[2:4]
    assert [member.username for member in changes.members] == ["alice", "bob"]


# ── who is mentioned, and counted ────────────────────────────────────────────────────────────────

HERALDS: frozenset[Role] = frozenset({"owner"})


async def append_as(store: Store, *batch: NewMessage) -> list[Appended | MeshError]:
    done: asyncio.Future[AppendOutcome] = asyncio.get_running_loop().create_future()
    store.messages.append(batch, done.set_result, heralds=HERALDS)
    outcome = await done
    assert isinstance(outcome, list)
    return outcome


async def counts(store: Store, room_id: str, user: UserRecord) -> tuple[int | None, int | None]:
    """Unread, and those of them that mention the user."""
    mine = await store.rooms.get_room(room_id, user.id)
    assert mine is not None
    return mine.unread, mine.mentions


async def test_names_in_the_text_mention_as_declared_ones_do(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    stranger = await add_user(store, "stranger")
    (first, second) = records(
        await append_as(
            store,
            new(alice, room_id, named=("bob", "nobody", "alice", "stranger")),
            new(alice, room_id, named=("bob",), mentions=(bob.id, stranger.id)),
        )
    )
    assert (first.mentions, second.mentions) == ((bob.id, alice.id), (bob.id,))
    assert await counts(store, room_id, bob) == (2, 2)
    assert await counts(store, room_id, alice) == (0, 0)


async def test_everyone_is_called_by_who_may_and_counted_once(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    by_alice, by_bob, refused = await append_as(
        store,
        new(alice, room_id, mentions=(EVERYONE, bob.id), named=("bob",)),
        new(bob, room_id, calls_room=True),
        new(bob, room_id, mentions=(EVERYONE,)),
    )
    assert [record.mentions for record in records([by_alice, by_bob])] == [(EVERYONE, bob.id), ()]
    assert isinstance(refused, RoomForbidden)
    (again,) = records(await append_as(store, new(alice, room_id, calls_room=True)))
    assert (again.mentions, again.seq) == ((EVERYONE,), 3)
    late = await add_user(store, "late")
    await join(store, room_id, late)
    assert await counts(store, room_id, bob) == (2, 2)
    assert await counts(store, room_id, alice) == (1, 0)
    assert await counts(store, room_id, late) == (0, 0)


async def test_counts_are_right_after_all_that_can_happen(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    named, called, plain = records(
        await append_as(
            store,
            new(alice, room_id, named=("bob",)),
            new(alice, room_id, calls_room=True),
            new(alice, room_id),
        )
    )

    async def change(record: MessageRecord, what: Edit | Erase) -> None:
        await store.messages.change_message(
            room_id, record.id, alice.id, what, lambda _who: None, lambda _outcome: None
        )

    def edit(content: str, **more: Any) -> Edit:
        readable = frozenset({"text/markdown"})
        return Edit(content=content, now=NOW, readable=readable, heralds=HERALDS, mentions=(), **more)

    assert await counts(store, room_id, bob) == (3, 2)
    await change(named, edit("Nobody"))
    assert await counts(store, room_id, bob) == (3, 1)
    await change(plain, edit("@bob, @room", named=("bob",), calls_room=True))
    assert await counts(store, room_id, bob) == (3, 2)
    await change(called, Erase(now=NOW))
    assert await counts(store, room_id, bob) == (2, 1)
    await store.rooms.set_read(room_id, bob.id, 1)
    assert await counts(store, room_id, bob) == (1, 1)
    settings = Settings(retention_s=1)
    await store.order.update_room(room_id, alice.id, settings, NOW, lambda _who: None, lambda _outcome: None)
    await store.upkeep.erase_expired(room_id, NOW + 60_000, 10, lambda _records: None)
    assert await counts(store, room_id, bob) == (0, 0)
    await append_as(store, new(alice, room_id, calls_room=True), new(alice, room_id, named=("bob",)))
    assert await counts(store, room_id, bob) == (2, 2)
    await store.order.kick(room_id, alice.id, bob.id, lambda _who: None, lambda _left: None)
    assert await counts(store, room_id, bob) == (None, None)
    await append_as(store, new(alice, room_id, calls_room=True, named=("bob",)))
    await join(store, room_id, bob)
    assert await counts(store, room_id, bob) == (0, 0)
    await append_as(store, new(bob, room_id, named=("bob",)), new(alice, room_id, named=("bob",)))
    assert await counts(store, room_id, bob) == (1, 1)


async def test_a_type_that_cannot_be_read_is_not_looked_into_when_it_is_edited(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    (sealed,) = records(await append(store, new(alice, room_id, content_type="application/x-sealed")))
    what = Edit(content="@bob", now=NOW, mentions=(), named=("bob",), readable=frozenset({"text/plain"}))
    record = await store.messages.change_message(
        room_id, sealed.id, alice.id, what, lambda _who: None, lambda _outcome: None
    )
    assert record.mentions == ()


# ── who sees how far others have read ────────────────────────────────────────────────────────────


async def test_read_markers_are_shown_where_room_and_reader_agree(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await join(store, room_id, bob)
    await append(store, *[new(alice, room_id) for _ in range(3)])

    async def seen() -> dict[str, int | None]:
        return {member.username: member.read_seq for member in await store.rooms.list_members(room_id)}

    assert not (await store.rooms.set_read(room_id, bob.id, 1)).shown
    assert await seen() == {"alice": None, "bob": None}
    settings = Settings(receipts=True)
    mine = await store.order.update_room(
        room_id, alice.id, settings, NOW, lambda _who: None, lambda _outcome: None
    )
    assert mine.room.receipts
    assert await store.rooms.set_read(room_id, bob.id, 2) == ReadMark(seq=2, moved=True, shown=True)
    assert await seen() == {"alice": 0, "bob": 2}
    await store.accounts.set_hides_reads(bob.id, True)
    assert await store.rooms.set_read(room_id, bob.id, 3) == ReadMark(seq=3, moved=True, shown=False)
    assert await seen() == {"alice": 0, "bob": None}
