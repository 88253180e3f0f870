"""How accounts end, passwords are handed out and programs come in: the rules, with a clock of our own."""

import pytest

from mesh_server.services.principal import Principal
from mesh_server.store.base import Store
from protocol import limits
from protocol.errors import (
    AccountSuspended,
    CredentialsInvalid,
    DeviceNotFound,
    LastAdmin,
    PasswordRequired,
    RateLimited,
    RefreshInvalid,
    TokenExpired,
    TokenInvalid,
    TokenNotFound,
    UsernameTaken,
)
from protocol.rest import (
    DeleteAccountRequest,
    DeviceRequest,
    PasswordRequest,
    ProfileRequest,
    SuspendRequest,
    TokenRequest,
)
from tests.server.test_accounts import AWAY, HOME, PASSWORD, House, house, store

__all__ = ["house", "store"]

NO_REASON = SuspendRequest()
NEAR = "203.0.113.9"


async def suspend(house: House, user_id: str) -> None:
    await house.admin.suspend(house.console, user_id, NO_REASON)


# ── suspended ────────────────────────────────────────────────────────────────────────────────────


async def test_who_is_suspended_is_out_at_once_and_comes_back_when_restored(house: House) -> None:
    await house.register("alice")
    bob = await house.register("bob")
    who = await house.who(bob)
    token = await house.tokens.create(who, TokenRequest(name="script"))
    assert token.token is not None
    await house.service.authenticate(token.token)
    await suspend(house, bob.user.id)
    assert sorted(house.revoked) == sorted([bob.device.id, token.id])
    assert not await house.is_in(bob)
    with pytest.raises(TokenInvalid):
        await house.service.authenticate(token.token)
    with pytest.raises(RefreshInvalid):
        await house.refresh(bob)
    with pytest.raises(TokenInvalid):
        await house.own.me(who)
    with pytest.raises(AccountSuspended):
        await house.login("bob")
    with pytest.raises(AccountSuspended):
        await house.login("bob", device_id=bob.device.id)
    await house.admin.restore(house.console, bob.user.id)
    assert await house.is_in(await house.login("bob"))
    assert not await house.is_in(bob)


async def test_only_who_knows_the_password_learns_of_the_suspension(house: House) -> None:
    await house.register("alice")
    bob = await house.register("bob")
    await suspend(house, bob.user.id)
    refusals = []
    for name in ("bob", "nobody"):
        with pytest.raises(CredentialsInvalid) as refused:
            await house.login(name, "wrong password")
        refusals.append((refused.value.code, refused.value.message, refused.value.status))
    assert refusals[0] == refusals[1]


async def test_a_role_that_was_taken_counts_for_the_next_request(house: House) -> None:
    alice, bob = await house.register("alice"), await house.register("bob")
    assert (await house.who(bob)).role == "user"
    await house.admin.set_role(house.console, bob.user.id, "admin")
    assert (await house.who(bob)).role == "admin"
    await house.admin.set_role(house.console, alice.user.id, "user")
    assert (await house.who(alice)).role == "user"
    with pytest.raises(LastAdmin):
        await house.admin.set_role(house.console, bob.user.id, "user")


# ── deleted ──────────────────────────────────────────────────────────────────────────────────────


async def test_one_deletes_ones_own_account_with_the_password(house: House) -> None:
    await house.register("alice")
    bob = await house.register("bob")
    who = await house.who(bob)
    with pytest.raises(CredentialsInvalid):
        await house.own.delete(who, DeleteAccountRequest(password="wrong password"))
    assert await house.is_in(bob)
    await house.own.delete(who, DeleteAccountRequest(password=PASSWORD))
    assert house.revoked == [bob.device.id]
    assert not await house.is_in(bob)
    with pytest.raises(CredentialsInvalid):
        await house.login("bob")
    with pytest.raises(UsernameTaken):
        await house.register("B0B")
    assert (await house.admin.get(bob.user.id)).state == "deleted"


async def test_the_last_administrator_stays(house: House) -> None:
    alice = await house.register("alice")
    await house.register("bob")
    with pytest.raises(LastAdmin):
        await house.own.delete(await house.who(alice), DeleteAccountRequest(password=PASSWORD))
    assert await house.is_in(alice)


async def test_nobody_is_shown_under_the_name_of_who_was_deleted(house: House) -> None:
    alice, bob = await house.register("alice"), await house.register("bob")
    await house.admin.delete(house.console, bob.user.id)
    with pytest.raises(UsernameTaken):
        await house.own.set_profile(await house.who(alice), ProfileRequest(display_name="Bob"))
    await house.own.set_profile(await house.who(alice), ProfileRequest(display_name="ALICE"))


async def test_a_password_tried_in_order_to_delete_counts_as_a_try(house: House) -> None:
    await house.register("alice")
    who = await house.who(await house.register("bob"))
    for _ in range(5):
        with pytest.raises(CredentialsInvalid):
            await house.own.delete(who, DeleteAccountRequest(password="wrong password"))
    with pytest.raises(RateLimited):
        await house.own.delete(who, DeleteAccountRequest(password=PASSWORD))


# ── handed-out passwords ─────────────────────────────────────────────────────────────────────────


async def test_a_handed_out_password_signs_in_once_and_is_then_changed(house: House) -> None:
    bob = await house.register("bob")
    handed = await house.admin.hand_out_password(house.console, bob.user.id)
    assert not await house.is_in(bob)
    with pytest.raises(CredentialsInvalid):
        await house.login("bob")
    session = await house.login("bob", handed.password)
    with pytest.raises(CredentialsInvalid):
        await house.login("bob", handed.password)
    change = PasswordRequest(current=handed.password, new="my own password")
    await house.own.change_password(await house.who(session), change)
    await house.login("bob", "my own password")
    await house.login("bob", "my own password")


async def test_a_handed_out_password_does_not_wait_for_ever(house: House) -> None:
    bob = await house.register("bob")
    handed = await house.admin.hand_out_password(house.console, bob.user.id)
    house.clock.now += limits.PASSWORD_HANDED_OUT_S * 1000
    with pytest.raises(CredentialsInvalid):
        await house.login("bob", handed.password)


async def test_handed_out_passwords_cannot_be_guessed(house: House) -> None:
    bob = await house.register("bob")
    handed = {(await house.admin.hand_out_password(house.console, bob.user.id)).password for _ in range(3)}
    assert len(handed) == 3
    assert all(len(password) * 5 >= 96 for password in handed)  # bits: each character is one of 32


# ── programs ─────────────────────────────────────────────────────────────────────────────────────


async def program(house: House, expires_in_s: int | None = None) -> tuple[Principal, str]:
    """Its owner, and its secret."""
    who = await house.who(await house.register())
    token = await house.tokens.create(who, TokenRequest(name="script", expires_in_s=expires_in_s))
    assert token.token is not None
    return who, token.token


async def test_a_program_comes_in_as_its_owner_on_a_device_of_its_own(house: House, store: Store) -> None:
    who, secret = await program(house)
    robot = await house.service.authenticate(secret, address=AWAY)
    assert (robot.user_id, robot.by_token, robot.address) == (who.user_id, True, AWAY)
    assert robot.device_id != who.device_id
    house.clock.now += 60_000
    await house.service.authenticate(secret)
    (listed,) = await house.tokens.list_mine(who)
    assert (listed.id, listed.token) == (robot.device_id, None)
    assert listed.last_seen_at > listed.created_at
    assert [device.id for device in await house.devices.list_mine(who)] == [who.device_id]
    found = await store.accounts.get_device(robot.device_id)
    assert found is not None
    assert secret.encode() not in (found.device.token_hash or b"")


async def test_a_program_is_out_when_its_token_is_revoked(house: House) -> None:
    who, secret = await program(house)
    robot = await house.service.authenticate(secret)
    await house.tokens.revoke(who, robot.device_id)
    assert house.revoked == [robot.device_id]
    with pytest.raises(TokenInvalid):
        await house.service.authenticate(secret)
    with pytest.raises(TokenNotFound):
        await house.tokens.revoke(who, robot.device_id)


async def test_a_token_ends_with_its_time(house: House) -> None:
    _, secret = await program(house, expires_in_s=60)
    robot = await house.service.authenticate(secret)
    await house.tokens.expire()
    assert house.revoked == []
    house.clock.now += 60_000
    with pytest.raises(TokenExpired):
        await house.service.authenticate(secret)
    await house.tokens.expire()
    assert house.revoked == [robot.device_id]
    with pytest.raises(TokenInvalid):
        await house.service.authenticate(secret)


@pytest.mark.parametrize(
    "secret", ["mesh_", "mesh_0123", "mesh_" + "0" * 64, "mesh_\udcff", "mesh_" + "x" * 9_000]
)
async def test_what_is_no_token_is_none(house: House, secret: str) -> None:
    await program(house)
    with pytest.raises(TokenInvalid):
        await house.service.authenticate(secret)


async def test_a_program_does_not_become_a_person(house: House) -> None:
    """Neither by naming its device with a password, nor by what it may ask for."""
    who, secret = await program(house)
    robot = await house.service.authenticate(secret)
    session = await house.login(device_id=robot.device_id)
    assert session.device.id != robot.device_id
    for asked in (
        house.tokens.create(robot, TokenRequest(name="another")),
        house.tokens.revoke(robot, robot.device_id),
        house.devices.sign_out(robot, who.device_id),
        house.devices.sign_out_others(robot),
        house.devices.rename(robot, who.device_id, DeviceRequest(name="mine")),
        house.own.change_password(robot, PasswordRequest(current=PASSWORD, new="another password")),
        house.own.delete(robot, DeleteAccountRequest(password=PASSWORD)),
    ):
        with pytest.raises(PasswordRequired):
            await asked
    assert house.revoked == []


# ── devices ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_device_is_called_what_its_owner_calls_it(house: House) -> None:
    laptop, bob = await house.register("alice"), await house.register("bob")
    who = await house.who(laptop)
    renamed = await house.devices.rename(who, laptop.device.id, DeviceRequest(name=" Desk\u202e "))
    assert (renamed.name, renamed.current) == ("Desk", True)
    with pytest.raises(DeviceNotFound):
        await house.devices.rename(who, bob.device.id, DeviceRequest(name="mine"))


async def test_all_others_are_signed_out_at_once(house: House) -> None:
    laptop = await house.register()
    phone = await house.login()
    who = await house.who(laptop)
    token = await house.tokens.create(who, TokenRequest(name="script"))
    await house.devices.sign_out_others(who)
    assert sorted(house.revoked) == sorted([phone.device.id, token.id])
    assert not await house.is_in(phone)
    assert await house.is_in(laptop)


# ── wrong tries ──────────────────────────────────────────────────────────────────────────────────


async def test_who_knows_a_devices_id_cannot_keep_its_owner_out(house: House) -> None:
    """Others see ids of devices; who names one uses up its tries, not those of the owner's address."""
    alice = await house.register()
    await house.login(device_id=alice.device.id, address=HOME)
    for number in range(40):
        with pytest.raises((CredentialsInvalid, RateLimited)):
            await house.login(
                password="wrong password", device_id=alice.device.id, address=f"198.51.100.{number}"
            )
    with pytest.raises(RateLimited):
        await house.login(device_id=alice.device.id, address=NEAR)
    assert await house.is_in(await house.login(device_id=alice.device.id, address=HOME))
