"""What every store does for keys of the ssh door: `SshKeyStore`."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec import structs

from mesh_server.store.base import Actor, SshKeyRecord, Store, UserRecord
from protocol import limits
from protocol.errors import TooManySshKeys
from tests.contracts.people import NOW, add_user


@pytest.fixture
async def alice(store: Store) -> UserRecord:
    return await add_user(store, "alice")


def key(user: UserRecord, name: str = "laptop") -> SshKeyRecord:
    return SshKeyRecord(
        id=f"{user.id}-{name}",
        user_id=user.id,
        fingerprint=f"SHA256:{name}",
        kind="ssh-ed25519",
        name=name,
        created_at=NOW,
    )


async def test_keys_are_their_owners_and_there_are_only_so_many(store: Store, alice: UserRecord) -> None:
    bob, keys = await add_user(store, "bob"), store.ssh_keys
    await keys.create_key(key(alice))
    assert await keys.list_keys(alice.id) == [key(alice)]
    assert await keys.list_keys(bob.id) == []
    assert await keys.has_key(alice.username_key, "SHA256:laptop")
    assert not await keys.has_key(bob.username_key, "SHA256:laptop")
    assert not await keys.has_key(alice.username_key, "SHA256:other")
    again = structs.replace(key(alice), id="again", name="the same")
    await keys.create_key(again)
    assert await keys.list_keys(alice.id) == [again]
    assert not await keys.remove_key(bob.id, "again")
    assert await keys.remove_key(alice.id, "again")
    assert not await keys.remove_key(alice.id, "again")
    for number in range(limits.SSH_KEYS):
        await keys.create_key(key(alice, str(number)))
    with pytest.raises(TooManySshKeys):
        await keys.create_key(key(alice, "one more"))
    await keys.create_key(key(bob))


async def _new_password(store: Store, user: UserRecord, _by: Actor) -> None:
    assert await store.accounts.set_password(
        user.id,
        b"another",
        instead_of=user.password_hash,
        keep_device="",
        now=NOW,
        on_revoked=lambda _: None,
    )


async def _handed_out(store: Store, user: UserRecord, by: Actor) -> None:
    await store.people.hand_out_password(
        user.id, b"another", expires_at=NOW, by=by, on_revoked=lambda _: None
    )


async def _signed_out(store: Store, user: UserRecord, by: Actor) -> None:
    await store.people.sign_out_user(user.id, by=by, on_revoked=lambda _: None)


async def _only_here(store: Store, user: UserRecord, _by: Actor) -> None:
    for keys_go in (False, True):
        await store.accounts.revoke_other_devices(
            user.id, "bob-laptop", now=NOW, on_revoked=lambda _: None, ssh_keys=keys_go
        )
        assert bool(await store.ssh_keys.list_keys(user.id)) is not keys_go


async def _deleted(store: Store, user: UserRecord, by: Actor) -> None:
    assert await store.people.delete_user(user.id, by=by, then=lambda _: None)


@pytest.mark.parametrize("done", [_new_password, _handed_out, _signed_out, _only_here, _deleted])
async def test_they_go_with_the_password_and_with_the_account(
    store: Store, alice: UserRecord, done: Callable[[Store, UserRecord, Actor], Awaitable[None]]
) -> None:
    bob = await add_user(store, "bob")
    for user in (alice, bob):
        await store.ssh_keys.create_key(key(user))
    await done(store, bob, Actor(id=alice.id, name="alice", at=NOW))
    assert await store.ssh_keys.list_keys(bob.id) == []
    assert await store.ssh_keys.list_keys(alice.id) == [key(alice)]
