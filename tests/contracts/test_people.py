"""What every store of people, tokens, rooms from outside and the audit log does."""

import asyncio

import pytest
from msgspec import structs

from mesh_server.store.base import (
    AccountQuery,
    Actor,
    AuditQuery,
    Departure,
    DeviceRecord,
    RefreshRecord,
    RoomQuery,
    RoomRecord,
    ServerInviteRecord,
    Store,
    UserRecord,
)
from protocol import limits
from protocol.errors import (
    AccountSuspended,
    Banned,
    InviteInvalid,
    LastAdmin,
    RoomNotFound,
    TooManyInvites,
    TooManyTokens,
    UsernameTaken,
    UserNotFound,
    UserSuspended,
)
from tests.contracts.people import NOW, add_room, add_user, join
from tests.contracts.test_messages import append, new

LATER = NOW + 60_000
CONSOLE = Actor(id=None, name="console", at=LATER)


def nobody(_told: object) -> None:
    pass


def by(user: UserRecord) -> Actor:
    return Actor(id=user.id, name=user.username, at=LATER, address="192.0.2.7")


async def delete(store: Store, user: UserRecord) -> Departure:
    told: list[Departure] = []
    assert await store.people.delete_user(user.id, by=CONSOLE, then=told.append)
    return told[0]


async def make_dm(store: Store, one: UserRecord, other: UserRecord) -> str:
    record = RoomRecord(
        id=f"dm-{one.username}-{other.username}",
        name="",
        name_key=f"\x01dm:{one.id}:{other.id}",
        topic="",
        visibility="private",
        kind="dm",
        created_by=one.id,
        created_at=NOW,
        last_seq=0,
        rev=0,
    )
    mine, _ = await store.rooms.get_or_create_dm(record, other.id, nobody)
    return mine.my_room.room.id


def personal(user: UserRecord, label: str = "script", expires_at: int | None = None) -> DeviceRecord:
    return DeviceRecord(
        id=f"{user.id}-{label}",
        user_id=user.id,
        name=label,
        created_at=NOW,
        signed_in_at=NOW,
        last_seen_at=NOW,
        token_hash=f"hash of {label}".encode(),
        expires_at=expires_at,
    )


async def actions(store: Store, *, room_id: str | None = None) -> list[str]:
    return [entry.action for entry in await store.audit.list_entries(AuditQuery(room_id=room_id), 50)]


# ── suspending ───────────────────────────────────────────────────────────────────────────────────


async def test_who_is_suspended_has_nothing_left_that_lets_them_in(store: Store) -> None:
    await add_user(store, "alice")
    bob = await add_user(store, "bob")
    await store.tokens.create_token(personal(bob))
    revoked: list[str] = []
    await store.people.suspend_user(bob.id, reason="spam", by=CONSOLE, on_revoked=revoked.append)
    assert sorted(revoked) == ["bob-laptop", "user-bob-script"]
    assert await store.tokens.find_token(b"hash of script") is None
    refresh = RefreshRecord(token_hash=b"-", device_id="bob-laptop", issued_at=NOW, expires_at=NOW + 1)
    rotated = await store.accounts.rotate_refresh(
        b"bob-laptop", refresh.token_hash, now=NOW, expires_at=NOW + 9, on_revoked=nobody
    )
    assert rotated is None
    found = await store.accounts.get_device("bob-laptop")
    assert found is not None
    with pytest.raises(AccountSuspended):
        await store.accounts.sign_in_device(found.device, refresh, password_hash=bob.password_hash)
    with pytest.raises(UserSuspended):
        await store.tokens.create_token(personal(bob, "another"))
    again: list[str] = []
    await store.people.suspend_user(bob.id, reason="", by=CONSOLE, on_revoked=again.append)
    assert again == []
    assert await actions(store) == ["account.suspend"]
    await store.people.restore_user(bob.id, by=CONSOLE)
    assert await store.accounts.sign_in_device(found.device, refresh, password_hash=bob.password_hash)
    assert await actions(store) == ["account.restore", "account.suspend"]


async def test_who_is_suspended_comes_into_no_room(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room = (await add_room(store, "lobby", alice)).my_room.room
    await store.people.suspend_user(bob.id, reason="", by=CONSOLE, on_revoked=nobody)
    with pytest.raises(UserSuspended):
        await store.order.bring_in(room.id, alice.id, bob.id, LATER, nobody, nobody)
    with pytest.raises(UserSuspended):
        await join(store, room.id, bob)
    with pytest.raises(UserSuspended):
        await add_room(store, "den", bob)
    with pytest.raises(UserSuspended):
        await make_dm(store, alice, bob)
    with pytest.raises(UserSuspended):
        await store.oversight.hand_over(room.id, bob.id, by=CONSOLE, then=nobody)
    assert [member.user_id for member in await store.rooms.list_members(room.id)] == [alice.id]


async def test_who_is_suspended_stays_a_member_and_becomes_no_owner(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room = (await add_room(store, "lobby", alice)).my_room.room
    await join(store, room.id, bob)
    await store.people.suspend_user(bob.id, reason="", by=CONSOLE, on_revoked=nobody)
    assert len(await store.rooms.list_members(room.id)) == 2
    with pytest.raises(UserSuspended):
        await store.order.set_role(room.id, alice.id, bob.id, "owner", nobody, nobody)
    assert (await store.order.set_role(room.id, alice.id, bob.id, "moderator", nobody, nobody)).role == (
        "moderator"
    )


# ── the last administrator ───────────────────────────────────────────────────────────────────────


async def test_there_is_always_an_administrator_who_can_come_in(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    people = store.people
    for _ in range(2):
        with pytest.raises(LastAdmin):
            await people.suspend_user(alice.id, reason="", by=CONSOLE, on_revoked=nobody)
        with pytest.raises(LastAdmin):
            await people.delete_user(alice.id, by=CONSOLE, then=nobody)
        with pytest.raises(LastAdmin):
            await people.set_user_role(alice.id, "user", by=CONSOLE)
        await people.set_user_role(bob.id, "admin", by=CONSOLE)
        await people.suspend_user(bob.id, reason="", by=CONSOLE, on_revoked=nobody)
    await people.restore_user(bob.id, by=CONSOLE)
    await people.set_user_role(alice.id, "user", by=CONSOLE)
    assert [(await people.get_account(user.id)).user.role for user in (alice, bob)] == ["user", "admin"]  # type: ignore[union-attr]


async def test_of_two_administrators_who_end_each_other_one_stays(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    await store.people.set_user_role(bob.id, "admin", by=CONSOLE)
    outcomes = await asyncio.gather(
        store.people.set_user_role(alice.id, "user", by=by(bob)),
        store.people.delete_user(bob.id, by=by(alice), then=nobody),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(LastAdmin) == 1


# ── deleting ─────────────────────────────────────────────────────────────────────────────────────


async def test_what_a_deleted_user_said_stays_without_the_name(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room = (await add_room(store, "lobby", alice)).my_room.room
    await join(store, room.id, bob)
    await append(store, new(bob, room.id, "Still here"))
    departure = await delete(store, bob)
    assert departure.device_ids == ["bob-laptop"]
    assert [(left.member.room_id, left.member.username, left.heir) for left in departure.left] == [
        (room.id, "bob", None)
    ]
    (message,), _ = await store.messages.list_messages(room.id, after=0, before=99, limit=10, newest=True)
    assert (message.content, message.author_id, message.author_name) == (
        "Still here",
        bob.id,
        "deleted user",
    )
    assert [member.user_id for member in await store.rooms.list_members(room.id)] == [alice.id]
    assert await store.accounts.get_user_by_key("bob") is None
    gone = await store.people.get_account(bob.id)
    assert gone is not None
    user = gone.user
    assert (user.username, user.display_name, user.password_hash) == ("deleted user", "deleted user", b"")
    assert "bob" not in user.username_key.removesuffix(bob.id)
    found = await store.accounts.get_device("bob-laptop")
    assert found is not None
    assert found.device.name == ""


async def test_the_name_of_a_deleted_user_stays_reserved(store: Store) -> None:
    await add_user(store, "alice")
    bob = await add_user(store, "bob")
    await delete(store, bob)
    assert not await store.accounts.is_name_free("bob")
    assert await store.accounts.is_name_free("bo")
    assert await store.accounts.is_name_free("bob2")
    with pytest.raises(UsernameTaken):
        await add_user(store, "bob")


async def test_a_deleted_owner_is_followed_by_an_heir(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room = (await add_room(store, "lobby", bob)).my_room.room
    await join(store, room.id, alice)
    (left,) = (await delete(store, bob)).left
    assert left.heir == alice.id
    assert [(member.user_id, member.role) for member in await store.rooms.list_members(room.id)] == [
        (alice.id, "owner")
    ]


async def test_the_conversations_of_two_become_archives(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    dm = await make_dm(store, alice, bob)
    before = await store.rooms.get_room(dm, alice.id)
    assert before is not None
    (closed,) = (await delete(store, bob)).closed
    assert closed.room.id == dm
    assert closed.room.archived_at == LATER
    assert closed.room.rev == before.room.rev + 1
    assert closed.other == (bob.id, "deleted user")


async def test_a_deletion_with_a_password_that_was_changed_meanwhile_does_nothing(store: Store) -> None:
    await add_user(store, "alice")
    bob = await add_user(store, "bob")
    told: list[Departure] = []
    assert not await store.people.delete_user(bob.id, by=by(bob), then=told.append, password_hash=b"old")
    assert told == []
    assert await store.accounts.get_user(bob.id) == bob
    assert await actions(store) == []


async def test_who_is_gone_is_found_by_no_act(store: Store) -> None:
    await add_user(store, "alice")
    bob = await add_user(store, "bob")
    await delete(store, bob)
    people = store.people
    for user_id in (bob.id, "nobody"):
        for act in (
            people.suspend_user(user_id, reason="", by=CONSOLE, on_revoked=nobody),
            people.restore_user(user_id, by=CONSOLE),
            people.delete_user(user_id, by=CONSOLE, then=nobody),
            people.set_user_role(user_id, "admin", by=CONSOLE),
            people.sign_out_user(user_id, by=CONSOLE, on_revoked=nobody),
            people.hand_out_password(user_id, b"-", expires_at=LATER, by=CONSOLE, on_revoked=nobody),
            store.tokens.create_token(structs.replace(personal(bob), user_id=user_id)),
        ):
            with pytest.raises(UserNotFound):
                await act
    assert await actions(store) == ["account.delete"]


# ── finding people ───────────────────────────────────────────────────────────────────────────────


async def test_accounts_are_found_by_words_state_and_role(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    await store.people.suspend_user(bob.id, reason="", by=CONSOLE, on_revoked=nobody)

    async def found(**query: str) -> list[str]:
        return [each.user.id for each in await store.people.list_accounts(AccountQuery(**query), 10)]  # type: ignore[arg-type]

    assert await found() == [alice.id, bob.id]
    assert await found(words="lic") == [alice.id]
    assert await found(words="%") == []
    assert await found(words="_") == []
    assert await found(state="suspended") == [bob.id]
    assert await found(state="active") == [alice.id]
    assert await found(role="admin") == [alice.id]
    assert await found(cursor=alice.id) == [bob.id]
    await delete(store, bob)
    assert await found(state="deleted") == [bob.id]
    assert await found(words="bob") == []


async def test_an_account_counts_what_it_has(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    await add_room(store, "lobby", alice)
    await make_dm(store, alice, bob)
    await store.tokens.create_token(personal(alice))
    account = await store.people.get_account(alice.id)
    assert account is not None
    assert (account.devices, account.tokens, account.rooms, account.last_seen_at) == (1, 1, 1, NOW)


# ── passwords that are handed out ────────────────────────────────────────────────────────────────


async def test_a_handed_out_password_is_good_for_signing_in_once(store: Store) -> None:
    alice = await add_user(store, "alice")
    found = await store.accounts.get_device("alice-laptop")
    assert found is not None
    device = structs.replace(found.device, signed_in_at=LATER)

    def token(label: bytes) -> RefreshRecord:
        return RefreshRecord(token_hash=label, device_id=device.id, issued_at=NOW, expires_at=LATER * 2)

    async def hand_out(expires_at: int) -> None:
        await store.people.hand_out_password(
            alice.id, b"once", expires_at=expires_at, by=CONSOLE, on_revoked=nobody
        )

    await hand_out(LATER)
    assert not await store.accounts.sign_in_device(device, token(b"1"), password_hash=b"once")
    await hand_out(LATER + 1)
    assert await store.accounts.sign_in_device(device, token(b"2"), password_hash=b"once")
    assert not await store.accounts.sign_in_device(device, token(b"3"), password_hash=b"once")
    changed = await store.accounts.set_password(
        alice.id, b"own", instead_of=b"once", keep_device=device.id, now=LATER, on_revoked=nobody
    )
    assert changed
    for label in (b"4", b"5"):
        assert await store.accounts.sign_in_device(device, token(label), password_hash=b"own")


# ── personal tokens ──────────────────────────────────────────────────────────────────────────────


async def test_tokens_are_listed_until_they_end(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    lasting, passing = personal(alice, "lasting"), personal(alice, "passing", expires_at=LATER)
    for token in (lasting, passing):
        await store.tokens.create_token(token, by=CONSOLE)
    assert {each.id for each in await store.tokens.list_tokens(alice.id, NOW)} == {lasting.id, passing.id}
    assert [each.id for each in await store.tokens.list_tokens(alice.id, LATER)] == [lasting.id]
    assert [each.id for each in await store.accounts.list_devices(alice.id)] == ["alice-laptop"]
    assert await store.tokens.find_token(b"hash of lasting") == lasting.id
    revoked: list[str] = []
    await store.tokens.expire_tokens(now=LATER - 1, on_revoked=revoked.append)
    assert revoked == []
    await store.tokens.expire_tokens(now=LATER, on_revoked=revoked.append)
    assert revoked == [passing.id]
    kept = {"now": LATER, "on_revoked": revoked.append}
    assert not await store.tokens.revoke_token(bob.id, lasting.id, **kept)  # type: ignore[arg-type]
    assert not await store.tokens.revoke_token(alice.id, "alice-laptop", **kept)  # type: ignore[arg-type]
    assert await store.tokens.revoke_token(alice.id, lasting.id, **kept, by=CONSOLE)  # type: ignore[arg-type]
    assert revoked == [passing.id, lasting.id]
    assert await actions(store) == ["token.revoke", "token.create", "token.create"]


async def test_one_person_has_so_many_tokens_and_no_more(store: Store) -> None:
    alice = await add_user(store, "alice")
    for number in range(limits.USER_TOKENS):
        await store.tokens.create_token(personal(alice, f"script {number}"))
    with pytest.raises(TooManyTokens):
        await store.tokens.create_token(personal(alice, "one more"))


async def test_signing_out_the_others_and_changing_the_password_end_tokens(store: Store) -> None:
    alice = await add_user(store, "alice")
    revoked: list[str] = []
    for label in ("one", "two"):
        await store.tokens.create_token(personal(alice, label))
        if label == "one":
            await store.accounts.revoke_other_devices(
                alice.id, "alice-laptop", now=LATER, on_revoked=revoked.append
            )
        else:
            await store.accounts.set_password(
                alice.id,
                b"new",
                instead_of=alice.password_hash,
                keep_device="alice-laptop",
                now=LATER,
                on_revoked=revoked.append,
            )
    assert revoked == ["user-alice-one", "user-alice-two"]


async def test_a_device_is_renamed_by_its_owner(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    renamed = await store.accounts.set_device_name(alice.id, "alice-laptop", "desk")
    assert renamed is not None
    assert renamed.name == "desk"
    assert await store.accounts.set_device_name(bob.id, "alice-laptop", "mine") is None


# ── invites onto the server ──────────────────────────────────────────────────────────────────────


def server_invite(label: str, maker: UserRecord | None = None, uses: int | None = None) -> ServerInviteRecord:
    return ServerInviteRecord(
        id=label,
        created_by=maker.id if maker else None,
        created_by_name=maker.username if maker else None,
        created_at=NOW,
        expires_at=LATER,
        max_uses=uses,
    )


async def test_an_invite_onto_the_server_lets_someone_register_into_no_room(store: Store) -> None:
    alice = await add_user(store, "alice")
    await store.invites.create_server_invite(server_invite("once", uses=1), b"code", CONSOLE)
    opened = await store.invites.get_invite(b"code", NOW)
    assert opened is not None
    assert (opened.room_id, opened.room_name) == (None, None)
    with pytest.raises(InviteInvalid):
        await store.invites.use_invite(b"code", alice.id, NOW, nobody)
    template = await store.accounts.get_device("alice-laptop")
    assert template is not None

    async def register(name: str) -> None:
        user = structs.replace(alice, id=f"user-{name}", username=name, username_key=name, display_name=name)
        device = structs.replace(template.device, id=f"{name}-phone", user_id=user.id)
        token = RefreshRecord(token_hash=name.encode(), device_id=device.id, issued_at=NOW, expires_at=LATER)
        await store.accounts.create_user(
            structs.replace(user, role="user"), device, token, registration="invite", invite=b"code"
        )

    await register("bob")
    assert await store.rooms.list_rooms("user-bob") == []
    with pytest.raises(InviteInvalid):
        await register("late")
    assert await store.accounts.get_user("user-late") is None


async def test_invites_onto_the_server_are_listed_revoked_and_bounded(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room = (await add_room(store, "lobby", alice)).my_room.room
    await store.invites.create_server_invite(server_invite("by-alice", alice), b"1", by(alice))
    await store.invites.create_server_invite(server_invite("by-console"), b"2", CONSOLE)
    listed = {each.id: each.created_by_name for each in await store.invites.list_server_invites(NOW)}
    assert listed == {"by-alice": "alice", "by-console": None}
    assert await store.invites.list_invites(room.id, alice.id, NOW, nobody) == []
    assert await store.invites.list_server_invites(LATER) == []
    await store.invites.remove_server_invite("by-console", by=CONSOLE)
    with pytest.raises(InviteInvalid):
        await store.invites.remove_server_invite("by-console", by=CONSOLE)
    await store.people.set_user_role(bob.id, "admin", by=CONSOLE)
    await store.people.set_user_role(alice.id, "user", by=CONSOLE)
    assert await store.invites.list_server_invites(NOW) == []
    for number in range(limits.SERVER_INVITES):
        await store.invites.create_server_invite(server_invite(f"{number}"), b"%d" % number, CONSOLE)
    with pytest.raises(TooManyInvites):
        await store.invites.create_server_invite(server_invite("more"), b"more", CONSOLE)


# ── all rooms ────────────────────────────────────────────────────────────────────────────────────


async def test_all_rooms_but_those_of_two(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    den = (await add_room(store, "den", alice, "private")).my_room.room
    lobby = (await add_room(store, "lobby", bob)).my_room.room
    dm = await make_dm(store, alice, bob)

    async def found(**query: str) -> list[str]:
        return [each.room.id for each in await store.oversight.list_all_rooms(RoomQuery(**query), 10)]

    assert await found() == [den.id, lobby.id]
    assert await found(words="obb") == [lobby.id]
    assert await found(name_key="den") == [den.id]
    assert await found(cursor=den.id) == [lobby.id]
    overview = await store.oversight.get_overview_of(den.id)
    assert overview is not None
    assert (overview.owner, overview.member_count) == ((alice.id, "alice"), 1)
    for act in (
        store.oversight.archive_room(dm, True, by=CONSOLE, then=nobody),
        store.oversight.drop_room(dm, by=CONSOLE, then=nobody),
        store.oversight.hand_over(dm, alice.id, by=CONSOLE, then=nobody),
    ):
        with pytest.raises(RoomNotFound):
            await act
    figures = await store.oversight.get_figures()
    assert (figures.users, figures.rooms, figures.dms, figures.admins) == (2, 2, 1, 1)
    assert figures.database_bytes > 0


async def test_a_room_is_archived_deleted_and_handed_over_from_outside(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room = (await add_room(store, "lobby", alice, "private")).my_room.room
    for archived in (True, False):
        told: list[object] = []
        for _ in range(2):
            await store.oversight.archive_room(room.id, archived, by=CONSOLE, then=told.append)
        assert [each is not None for each in told] == [True, False]
    await store.oversight.hand_over(room.id, bob.id, by=CONSOLE, then=nobody)
    roles = {member.user_id: member.role for member in await store.rooms.list_members(room.id)}
    assert roles == {alice.id: "moderator", bob.id: "owner"}
    await store.order.ban(room.id, bob.id, alice.id, "", LATER, nobody, nobody)
    with pytest.raises(Banned):
        await store.oversight.hand_over(room.id, alice.id, by=CONSOLE, then=nobody)
    await store.oversight.drop_room(room.id, by=CONSOLE, then=nobody)
    assert await store.oversight.get_overview_of(room.id) is None
    assert await actions(store, room_id=room.id) == ["room.delete", "room.role", "room.update", "room.update"]


# ── the log of it ────────────────────────────────────────────────────────────────────────────────


async def test_what_moderators_do_is_written_with_the_deed(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room = (await add_room(store, "lobby", alice)).my_room.room
    who = by(alice)
    await store.order.bring_in(room.id, alice.id, bob.id, LATER, nobody, nobody, by=who)
    await store.order.bring_in(room.id, alice.id, bob.id, LATER, nobody, nobody, by=who)
    await store.order.set_role(room.id, alice.id, bob.id, "moderator", nobody, nobody, by=who)
    await store.order.set_role(room.id, alice.id, bob.id, "moderator", nobody, nobody, by=who)
    await store.order.kick(room.id, alice.id, bob.id, nobody, nobody, by=who)
    await store.order.ban(room.id, alice.id, bob.id, "spam", LATER, nobody, nobody, by=who)
    await store.order.lift_ban(room.id, alice.id, bob.id, nobody, by=who)
    entries = await store.audit.list_entries(AuditQuery(room_id=room.id), 50)
    assert [(entry.action, entry.details) for entry in reversed(entries)] == [
        ("room.add", {}),
        ("room.role", {"before": "member", "role": "moderator"}),
        ("room.kick", {}),
        ("room.ban", {"reason": "spam"}),
        ("room.unban", {}),
    ]
    for entry in entries:
        assert (entry.actor_id, entry.actor_name, entry.address) == (alice.id, "alice", "192.0.2.7")
        assert (entry.target_id, entry.target_name, entry.at) == (bob.id, "bob", LATER)


async def test_what_is_refused_is_not_written(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room = (await add_room(store, "lobby", alice)).my_room.room

    def forbid(_standing: object) -> None:
        raise RoomNotFound

    with pytest.raises(RoomNotFound):
        await store.order.ban(room.id, alice.id, bob.id, "", LATER, forbid, nobody, by=by(alice))
    with pytest.raises(LastAdmin):
        await store.people.delete_user(alice.id, by=by(bob), then=nobody)
    assert await actions(store) == []


async def test_the_log_is_filtered_paged_and_forgotten(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    for number in range(4):
        actor = Actor(id=alice.id, name="alice", at=NOW + number)
        await store.people.sign_out_user(bob.id, by=actor, on_revoked=nobody)
    await store.people.sign_out_user(alice.id, by=CONSOLE, on_revoked=nobody)

    async def found(limit: int = 50, **query: object) -> list[int]:
        entries = await store.audit.list_entries(AuditQuery(**query), limit)  # type: ignore[arg-type]
        return [entry.at for entry in entries]

    by_alice = [NOW + number for number in (3, 2, 1, 0)]
    assert await found() == [LATER, *by_alice]
    assert await found(actor_id=alice.id) == by_alice
    assert await found(target_id=alice.id) == [LATER]
    assert await found(action="account.sign_out", before=NOW + 2) == [NOW + 1, NOW]
    assert await found(after=NOW + 3) == [LATER, NOW + 3]
    first = await store.audit.list_entries(AuditQuery(), 2)
    assert await found(cursor=first[-1].id) == [NOW + 2, NOW + 1, NOW]
    assert await store.audit.forget_entries(NOW + 3, 2) == 2
    assert await store.audit.forget_entries(NOW + 3, 2) == 1
    assert await found() == [LATER, NOW + 3]
