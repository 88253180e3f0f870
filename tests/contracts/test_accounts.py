"""What every `AccountStore` does."""

import asyncio

import pytest
from msgspec import structs

from mesh_server.store.base import AccountStore, DeviceRecord, RefreshRecord, Store, UserRecord
from protocol.errors import RegistrationClosed, UsernameTaken

NOW = 1_700_000_000_000
LATER = NOW + 60_000
EXPIRES = NOW + 1_000_000


def user(name: str = "alice") -> UserRecord:
    return UserRecord(
        id=f"user-{name}",
        username=name,
        username_key=name.casefold(),
        display_name=name,
        role="user",
        password_hash=b"hash of " + name.encode(),
        created_at=NOW,
    )


def device(owner: str = "alice", label: str = "laptop", **other: int) -> DeviceRecord:
    record = DeviceRecord(
        id=f"{owner}-{label}",
        user_id=f"user-{owner}",
        name=label,
        created_at=NOW,
        signed_in_at=NOW,
        last_seen_at=NOW,
    )
    return structs.replace(record, **other)


def token(of: DeviceRecord, label: bytes = b"first", expires_at: int = EXPIRES) -> RefreshRecord:
    return RefreshRecord(
        token_hash=of.id.encode() + b"/" + label, device_id=of.id, issued_at=NOW, expires_at=expires_at
    )


class Revoked(list[str]):
    """The ids that `on_revoked` was called with."""

    def __call__(self, device_id: str) -> None:
        self.append(device_id)


@pytest.fixture
def accounts(store: Store) -> AccountStore:
    return store.accounts


async def register(accounts: AccountStore, name: str = "alice") -> UserRecord:
    laptop = device(name)
    return await accounts.create_user(user(name), laptop, token(laptop), registration="open")


# ── users ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_first_user_is_the_admin_and_no_other(accounts: AccountStore) -> None:
    assert await accounts.count_users() == 0
    assert (await register(accounts, "alice")).role == "admin"
    assert (await register(accounts, "bob")).role == "user"
    assert await accounts.count_users() == 2


async def test_of_many_first_users_at_once_one_is_the_admin(accounts: AccountStore) -> None:
    people = await asyncio.gather(*(register(accounts, f"person{number}") for number in range(8)))
    assert sorted(person.role for person in people) == ["admin"] + ["user"] * 7


async def test_a_user_is_found_by_id_and_by_key(accounts: AccountStore) -> None:
    alice = await register(accounts)
    assert await accounts.get_user(alice.id) == alice
    assert await accounts.get_user_by_key("alice") == alice
    assert await accounts.get_user("nobody") is None
    assert await accounts.get_user_by_key("nobody") is None


async def test_a_key_is_taken_once(accounts: AccountStore) -> None:
    await register(accounts)
    other = structs.replace(user("bob"), username="ALICE", username_key="alice")
    bobs = device("bob")
    with pytest.raises(UsernameTaken):
        await accounts.create_user(other, bobs, token(bobs), registration="open")
    assert await accounts.count_users() == 1
    assert await accounts.get_device(bobs.id) is None


async def test_where_only_the_first_may_come_the_second_may_not(accounts: AccountStore) -> None:
    laptop, bobs = device(), device("bob")
    assert (await accounts.create_user(user(), laptop, token(laptop), registration="closed")).role == "admin"
    with pytest.raises(RegistrationClosed):
        await accounts.create_user(user("bob"), bobs, token(bobs), registration="closed")


async def test_a_display_name_is_set(accounts: AccountStore) -> None:
    alice = await register(accounts)
    await accounts.set_display_name(alice.id, "Alice A.")
    assert await accounts.get_user(alice.id) == structs.replace(alice, display_name="Alice A.")


async def test_a_new_password_signs_out_every_other_device(accounts: AccountStore) -> None:
    alice, bob = await register(accounts), await register(accounts, "bob")
    phone, tablet = device(label="phone"), device(label="tablet")
    await accounts.sign_in_device(phone, token(phone), password_hash=b"hash of alice")
    await accounts.sign_in_device(tablet, token(tablet), password_hash=b"hash of alice")
    revoked = Revoked()
    await accounts.set_password(
        alice.id,
        b"new hash",
        instead_of=alice.password_hash,
        keep_device=phone.id,
        now=LATER,
        on_revoked=revoked,
    )
    assert sorted(revoked) == ["alice-laptop", "alice-tablet"]
    assert (await accounts.list_devices(alice.id)) == [phone]
    assert len(await accounts.list_devices(bob.id)) == 1
    stored = await accounts.get_user(alice.id)
    assert stored is not None
    assert stored.password_hash == b"new hash"


async def test_a_password_is_changed_by_who_knows_the_present_one(accounts: AccountStore) -> None:
    alice = await register(accounts)
    phone, revoked = device(label="phone"), Revoked()
    assert not await accounts.set_password(
        alice.id, b"new hash", instead_of=b"older", keep_device=phone.id, now=LATER, on_revoked=revoked
    )
    assert await accounts.get_user(alice.id) == alice
    assert not await accounts.sign_in_device(phone, token(phone), password_hash=b"older")
    assert await accounts.list_devices(alice.id) == [device()]
    assert revoked == []


# ── devices ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_device_is_found_with_its_user(accounts: AccountStore) -> None:
    alice = await register(accounts)
    signed_in = await accounts.get_device("alice-laptop")
    assert signed_in is not None
    assert (signed_in.user, signed_in.device) == (alice, device())
    assert await accounts.get_device("nothing") is None


async def test_a_device_that_signs_in_again_is_the_same_with_a_new_token(accounts: AccountStore) -> None:
    await register(accounts)
    await accounts.set_device_key("alice-laptop", "fingerprint")
    await accounts.revoke_device("user-alice", "alice-laptop", now=LATER, on_revoked=Revoked())
    again = structs.replace(device(), name="old laptop", signed_in_at=LATER, last_seen_at=LATER)
    await accounts.sign_in_device(again, token(again, b"second"), password_hash=b"hash of alice")
    assert await accounts.list_devices("user-alice") == [
        structs.replace(again, key_fingerprint="fingerprint")
    ]
    assert await rotate(accounts, b"alice-laptop/first") is None
    assert await rotate(accounts, b"alice-laptop/second") is not None


async def test_devices_are_listed_the_last_seen_first(accounts: AccountStore) -> None:
    await register(accounts)
    phone = device(label="phone")
    await accounts.sign_in_device(phone, token(phone), password_hash=b"hash of alice")
    await accounts.set_last_seen({"alice-laptop": NOW + 2, "alice-phone": NOW + 1, "gone": NOW})
    assert [one.id for one in await accounts.list_devices("user-alice")] == ["alice-laptop", "alice-phone"]
    await accounts.set_last_seen({"alice-laptop": NOW + 3, "alice-phone": NOW + 4})
    assert [one.id for one in await accounts.list_devices("user-alice")] == ["alice-phone", "alice-laptop"]


async def test_last_seen_never_goes_back(accounts: AccountStore) -> None:
    await register(accounts)
    await accounts.set_last_seen({"alice-laptop": NOW - 5})
    await accounts.set_last_seen({})
    assert [one.last_seen_at for one in await accounts.list_devices("user-alice")] == [NOW]


async def test_revoking_signs_out_once(accounts: AccountStore) -> None:
    await register(accounts)
    revoked = Revoked()
    assert await accounts.revoke_device("user-alice", "alice-laptop", now=LATER, on_revoked=revoked)
    assert not await accounts.revoke_device("user-alice", "alice-laptop", now=LATER, on_revoked=revoked)
    assert revoked == ["alice-laptop"]
    assert await accounts.list_devices("user-alice") == []
    signed_in = await accounts.get_device("alice-laptop")
    assert signed_in is not None
    assert signed_in.device.revoked_at == LATER
    assert await rotate(accounts, b"alice-laptop/first") is None


async def test_nobody_revokes_the_device_of_another(accounts: AccountStore) -> None:
    await register(accounts)
    await register(accounts, "bob")
    revoked = Revoked()
    assert not await accounts.revoke_device("user-bob", "alice-laptop", now=LATER, on_revoked=revoked)
    assert revoked == []
    assert len(await accounts.list_devices("user-alice")) == 1


# ── refresh tokens ───────────────────────────────────────────────────────────────────────────────


async def rotate(
    accounts: AccountStore, old: bytes, new: bytes = b"new", now: int = LATER, revoked: Revoked | None = None
) -> str | None:
    """The device that may go on."""
    outcome = await accounts.rotate_refresh(
        old, new, now=now, expires_at=now + 2_000_000, on_revoked=Revoked() if revoked is None else revoked
    )
    return None if outcome is None else outcome.device.id


async def test_a_token_is_spent_for_the_next(accounts: AccountStore) -> None:
    await register(accounts)
    assert await rotate(accounts, b"alice-laptop/first", b"second") == "alice-laptop"
    assert await rotate(accounts, b"second", b"third") == "alice-laptop"
    assert [one.last_seen_at for one in await accounts.list_devices("user-alice")] == [LATER]


async def test_a_spent_token_signs_its_device_out(accounts: AccountStore) -> None:
    await register(accounts)
    phone = device(label="phone")
    await accounts.sign_in_device(phone, token(phone), password_hash=b"hash of alice")
    revoked = Revoked()
    await rotate(accounts, b"alice-laptop/first", b"second")
    assert await rotate(accounts, b"alice-laptop/first", b"stolen", revoked=revoked) is None
    assert revoked == ["alice-laptop"]
    assert await rotate(accounts, b"second") is None
    assert await rotate(accounts, b"stolen") is None
    assert await accounts.list_devices("user-alice") == [phone]


async def test_the_same_successor_once_more_is_the_same_request(accounts: AccountStore) -> None:
    await register(accounts)
    revoked = Revoked()
    assert await rotate(accounts, b"alice-laptop/first", b"second") == "alice-laptop"
    assert await rotate(accounts, b"alice-laptop/first", b"second", revoked=revoked) == "alice-laptop"
    assert await rotate(accounts, b"second", b"third", revoked=revoked) == "alice-laptop"
    assert revoked == []
    assert await rotate(accounts, b"alice-laptop/first", b"second", revoked=revoked) is None
    assert revoked == ["alice-laptop"]


async def test_of_two_who_spend_a_token_at_once_one_goes_on(accounts: AccountStore) -> None:
    await register(accounts)
    outcomes = await asyncio.gather(
        *(rotate(accounts, b"alice-laptop/first", new) for new in (b"one", b"two"))
    )
    assert sorted(outcomes, key=str) == [None, "alice-laptop"]
    assert await accounts.list_devices("user-alice") == []


async def test_unknown_and_expired_tokens_are_good_for_nothing(accounts: AccountStore) -> None:
    await register(accounts)
    revoked = Revoked()
    assert await rotate(accounts, b"guess", revoked=revoked) is None
    assert await rotate(accounts, b"alice-laptop/first", now=EXPIRES, revoked=revoked) is None
    assert revoked == []
    assert len(await accounts.list_devices("user-alice")) == 1


async def test_what_has_expired_is_forgotten(accounts: AccountStore) -> None:
    await register(accounts)
    await rotate(accounts, b"alice-laptop/first", b"second", now=NOW)
    await rotate(accounts, b"second", b"third", now=EXPIRES)
    revoked = Revoked()
    assert await rotate(accounts, b"alice-laptop/first", now=NOW, revoked=revoked) is None
    assert revoked == []
