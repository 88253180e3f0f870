"""The rules of accounts, over a real store, with bcrypt at its lowest cost and a clock of our own."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh_server.bus.memory import MemoryBus
from mesh_server.ids import id_maker
from mesh_server.services.accounts import AccountService
from mesh_server.services.administration import AccountAdmin
from mesh_server.services.devices import DeviceService
from mesh_server.services.gate import PasswordGate
from mesh_server.services.own_account import OwnAccountService
from mesh_server.services.passwords import Passwords
from mesh_server.services.personal_tokens import TokenService
from mesh_server.services.presence import PresenceService
from mesh_server.services.principal import Principal
from mesh_server.services.sessions import Sessions
from mesh_server.services.throttle import ACCOUNT
from mesh_server.services.tokens import ACCESS_S, REFRESH_MS, AccessTokens
from mesh_server.store.base import Actor, Departure, Store
from mesh_server.store.sqlite import SqliteStore
from protocol.errors import (
    CredentialsInvalid,
    DeviceNotFound,
    DisplayNameInvalid,
    MeshError,
    PasswordInvalid,
    RateLimited,
    RefreshInvalid,
    RegistrationClosed,
    TokenExpired,
    TokenInvalid,
    UsernameInvalid,
    UsernameTaken,
)
from protocol.rest import (
    LoginRequest,
    PasswordRequest,
    ProfileRequest,
    RefreshRequest,
    RegisterRequest,
    Registration,
    Session,
)

HOME, AWAY = "192.0.2.1", "198.51.100.7"
PASSWORD = "password123"


class Clock:
    now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


class House:
    """The services of accounts with all that they stand on."""

    def __init__(
        self, store: Store, *, registration: Registration = "open", passwords: Passwords | None = None
    ) -> None:
        self.clock = Clock()
        self.revoked: list[str] = []
        self.departures: list[Departure] = []
        sessions = Sessions(clock=self.clock, on_revoked=self.revoked.append)
        gate = PasswordGate(passwords or Passwords(cost=4), clock=self.clock)
        self.service = AccountService(
            store.accounts,
            store.tokens,
            store.invites,
            sessions=sessions,
            gate=gate,
            tokens=AccessTokens(b"s" * 32, clock=self.clock),
            registration=registration,
            clock=self.clock,
            new_id=id_maker(self.clock),
            on_joined=lambda _joined: None,
        )
        self.own = OwnAccountService(
            store.accounts,
            store.people,
            sessions=sessions,
            gate=gate,
            clock=self.clock,
            on_departed=self._departed,
        )
        self.devices = DeviceService(store.accounts, sessions=sessions, clock=self.clock)
        self.tokens = TokenService(
            store.tokens, sessions=sessions, clock=self.clock, new_id=id_maker(self.clock)
        )
        self.admin = AccountAdmin(
            store.people,
            store.accounts,
            sessions=sessions,
            gate=gate,
            presence=PresenceService(MemoryBus(), clock=time.monotonic),
            clock=self.clock,
            on_departed=self._departed,
        )
        self.sessions = sessions

    def _departed(self, departure: Departure) -> None:
        self.departures.append(departure)
        for device_id in departure.device_ids:
            self.sessions.revoked(device_id)

    @property
    def console(self) -> Actor:
        return Actor(id=None, name="console", at=self.clock.now)

    async def register(self, name: str = "alice", device: str = "laptop") -> Session:
        body = RegisterRequest(username=name, password=PASSWORD, device_name=device)
        return await self.service.register(body, address=HOME)

    async def login(
        self, name: str = "alice", password: str = PASSWORD, *, device_id: str = "", address: str = HOME
    ) -> Session:
        body = LoginRequest(username=name, password=password, device_id=device_id)
        return await self.service.login(body, address=address)

    async def refresh(self, session: Session) -> Session:
        return await self.service.refresh(RefreshRequest(refresh_token=session.refresh_token))

    async def who(self, session: Session) -> Principal:
        return await self.service.authenticate(session.access_token, address=HOME)

    async def is_in(self, session: Session) -> bool:
        try:
            return bool(await self.who(session))
        except TokenInvalid:
            return False


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = SqliteStore.open(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


# ── registering ──────────────────────────────────────────────────────────────────────────────────


async def test_who_registers_is_signed_in(house: House) -> None:
    session = await house.register(" Alice\u202e ")
    assert (session.user.username, session.user.display_name, session.user.role) == (
        "Alice",
        "Alice",
        "admin",
    )
    assert (session.device.name, session.device.current, session.expires_in) == ("laptop", True, 900)
    who = await house.who(session)
    assert (who.user_id, who.device_id, who.role) == (session.user.id, session.device.id, "admin")
    assert (await house.register("bob")).user.role == "user"


@pytest.mark.parametrize("name", ["alice", "ALICE", "a1ice", "аlice", "ａｌｉｃｅ"])
async def test_a_name_that_looks_the_same_is_taken(house: House, name: str) -> None:
    await house.register("alice")
    with pytest.raises(UsernameTaken):
        await house.register(name)


async def test_of_many_who_want_a_name_at_once_one_gets_it(house: House) -> None:
    outcomes = await asyncio.gather(*(house.register("alice") for _ in range(8)), return_exceptions=True)
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == ["Session"] + ["UsernameTaken"] * 7


@pytest.mark.parametrize(
    ("name", "password", "refusal"),
    [
        ("", PASSWORD, UsernameInvalid),
        ("a b", PASSWORD, UsernameInvalid),
        ("alice", "short", PasswordInvalid),
    ],
)
async def test_what_cannot_be_registered(
    house: House, name: str, password: str, refusal: type[MeshError]
) -> None:
    with pytest.raises(refusal):
        await house.service.register(RegisterRequest(username=name, password=password), address=HOME)


async def test_a_closed_server_lets_the_first_in_and_nobody_after(store: Store) -> None:
    house = House(store, registration="closed")
    assert await house.service.registration() == "open"
    assert (await house.register("alice")).user.role == "admin"
    assert await house.service.registration() == "closed"
    with pytest.raises(RegistrationClosed):
        await house.register("bob")


async def test_of_many_first_ones_on_a_closed_server_one_gets_in(store: Store) -> None:
    house = House(store, registration="closed")
    people = (house.register(f"person-{letter}") for letter in "abcdef")
    outcomes = await asyncio.gather(*people, return_exceptions=True)
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == ["RegistrationClosed"] * 5 + ["Session"]


# ── signing in ───────────────────────────────────────────────────────────────────────────────────


async def test_whoever_knows_the_password_gets_in_under_any_spelling(house: House) -> None:
    session = await house.register("Alice")
    again = await house.login("ALICE")
    assert again.user == session.user
    assert again.device.id != session.device.id
    assert await house.is_in(again)


async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(house: House) -> None:
    await house.register("alice")
    told = set()
    for name, password in (
        ("alice", "password124"),
        ("nobody", PASSWORD),
        ("not a name", PASSWORD),
        ("", ""),
    ):
        with pytest.raises(CredentialsInvalid) as refused:
            await house.login(name, password)
        told.add((refused.value.code, refused.value.message, refused.value.retry_after))
    assert len(told) == 1


async def test_an_unknown_name_costs_a_hash_as_well(store: Store) -> None:
    house = House(store, passwords=Passwords(cost=4, waiting_max=0))
    with pytest.raises(RateLimited, match="sign in at once"):
        await house.login("nobody")


async def test_a_device_keeps_its_id_and_its_name(house: House) -> None:
    session = await house.register(device="laptop")
    again = await house.login(device_id=session.device.id)
    assert (again.device.id, again.device.name) == (session.device.id, "laptop")
    assert await house.is_in(again)


async def test_what_a_device_held_before_it_signed_in_again_is_worth_nothing(house: House) -> None:
    session = await house.register()
    again = await house.login(device_id=session.device.id)
    assert not await house.is_in(session)
    with pytest.raises(RefreshInvalid):
        await house.refresh(session)
    assert await house.is_in(again)


async def test_a_device_that_was_signed_out_may_come_back_but_its_tokens_do_not(house: House) -> None:
    session = await house.register()
    await house.devices.logout(await house.who(session))
    again = await house.login(device_id=session.device.id)
    assert again.device.id == session.device.id
    assert await house.is_in(again)
    assert not await house.is_in(session)


@pytest.mark.parametrize("device_id", ["", "nothing", "x" * 4_000])
async def test_an_unknown_device_becomes_a_new_one(house: House, device_id: str) -> None:
    await house.register()
    assert (await house.login(device_id=device_id)).device.id != device_id


async def test_nobody_signs_in_as_the_device_of_another(house: House) -> None:
    alice, bob = await house.register("alice"), await house.register("bob")
    again = await house.login("bob", device_id=alice.device.id)
    assert again.device.id not in {alice.device.id, bob.device.id}
    assert await house.is_in(alice)


# ── guessing ─────────────────────────────────────────────────────────────────────────────────────


async def guess(house: House, times: int, *, address: str = AWAY, name: str = "alice") -> list[type]:
    outcomes = []
    for _ in range(times):
        try:
            await house.login(name, "password124", address=address)
        except MeshError as error:
            outcomes.append(type(error))
    return outcomes


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_the_first_guesses_are_free_then_they_wait(house: House, name: str) -> None:
    await house.register("alice")
    kinds = await guess(house, ACCOUNT.free + 2, name=name)
    assert kinds == [CredentialsInvalid] * ACCOUNT.free + [RateLimited] * 2
    house.clock.now += ACCOUNT.first_ms
    assert await guess(house, 2, name=name) == [CredentialsInvalid, RateLimited]


async def test_guesses_sent_at_once_are_no_better(house: House) -> None:
    await house.register()
    outcomes = await asyncio.gather(*(guess(house, 1) for _ in range(40)))
    kinds = sorted(kind.__name__ for (kind,) in outcomes)
    assert kinds == ["CredentialsInvalid"] * ACCOUNT.free + ["RateLimited"] * (40 - ACCOUNT.free)


async def test_while_strangers_guess_the_owner_gets_in_from_where_they_were(house: House) -> None:
    session = await house.register()
    await guess(house, 20)
    assert await house.is_in(await house.login(address=HOME))
    assert await house.is_in(await house.login(address=AWAY[:-1] + "8", device_id=session.device.id))
    with pytest.raises(RateLimited):
        await house.login(address="203.0.113.5")
    house.clock.now += ACCOUNT.most_ms
    assert await house.is_in(await house.login(address="203.0.113.5"))


async def test_the_right_password_ends_the_waiting(house: House) -> None:
    await house.register()
    await guess(house, ACCOUNT.free - 1, address=HOME)
    await house.login()
    assert await guess(house, 1, address=HOME) == [CredentialsInvalid]
    await house.login()


async def test_many_at_once_with_the_right_password_all_get_in(house: House) -> None:
    await house.register()
    sessions = await asyncio.gather(*(house.login() for _ in range(20)))
    assert len({session.device.id for session in sessions}) == 20


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_refresh_token_buys_the_next_pair_once(house: House) -> None:
    first = await house.register()
    second = await house.refresh(first)
    assert (second.user, second.device.id) == (first.user, first.device.id)
    assert await house.is_in(second)
    third = await house.refresh(second)
    assert third.refresh_token not in {first.refresh_token, second.refresh_token}
    assert house.revoked == []


async def test_a_spent_refresh_token_signs_its_device_out(house: House) -> None:
    first = await house.register()
    second = await house.refresh(first)
    assert await house.is_in(second)
    with pytest.raises(RefreshInvalid):
        await house.refresh(first)
    assert house.revoked == [first.device.id]
    assert not await house.is_in(second)
    with pytest.raises(RefreshInvalid):
        await house.refresh(second)


async def refresh_as(house: House, session: Session, attempt: str) -> Session:
    return await house.service.refresh(RefreshRequest(refresh_token=session.refresh_token, attempt=attempt))


async def test_a_refresh_whose_answer_was_lost_is_answered_again(house: House) -> None:
    first = await house.register()
    lost = await refresh_as(house, first, "attempt-of-alice")
    house.clock.now += REFRESH_MS // 2
    again = await refresh_as(house, first, "attempt-of-alice")
    assert again.refresh_token == lost.refresh_token
    assert await house.is_in(again)
    third = await house.refresh(again)
    assert third.refresh_token != again.refresh_token
    assert house.revoked == []


@pytest.mark.parametrize("attempt", [None, "attempt-of-a-thief"])
async def test_whoever_cannot_name_the_attempt_is_a_thief(house: House, attempt: str | None) -> None:
    first = await house.register()
    second = await refresh_as(house, first, "attempt-of-alice")
    with pytest.raises(RefreshInvalid):
        await house.service.refresh(RefreshRequest(refresh_token=first.refresh_token, attempt=attempt))
    assert house.revoked == [first.device.id]
    assert not await house.is_in(second)


async def test_an_attempt_whose_answer_was_used_is_over(house: House) -> None:
    first = await house.register()
    second = await refresh_as(house, first, "attempt-of-alice")
    third = await refresh_as(house, second, "another-of-alice")
    with pytest.raises(RefreshInvalid):
        await refresh_as(house, first, "attempt-of-alice")
    assert house.revoked == [first.device.id]
    assert not await house.is_in(third)


@pytest.mark.parametrize("token", ["", "guess", "\ud800", "0" * 64, "x" * 4_000])
async def test_a_guessed_refresh_token_does_nothing(house: House, token: str) -> None:
    session = await house.register()
    with pytest.raises(RefreshInvalid):
        await house.service.refresh(RefreshRequest(refresh_token=token))
    assert await house.is_in(session)


async def test_tokens_expire(house: House) -> None:
    session = await house.register()
    house.clock.now += ACCESS_S * 1000
    with pytest.raises(TokenExpired):
        await house.who(session)
    house.clock.now += REFRESH_MS
    with pytest.raises(RefreshInvalid):
        await house.refresh(session)
    assert house.revoked == []


async def test_a_token_of_another_server_is_not_ours(house: House) -> None:
    session = await house.register()
    other = AccessTokens(b"t" * 32, clock=house.clock)
    claims = house.service._tokens.verify(session.access_token)
    with pytest.raises(TokenInvalid):
        await house.service.authenticate(other.mint(claims))


# ── devices ──────────────────────────────────────────────────────────────────────────────────────


async def test_signing_out_works_at_once(house: House) -> None:
    session = await house.register()
    who = await house.who(session)
    await house.devices.logout(who)
    assert house.revoked == [session.device.id]
    assert not await house.is_in(session)
    with pytest.raises(RefreshInvalid):
        await house.refresh(session)
    await house.devices.logout(who)
    assert house.revoked == [session.device.id]


async def test_signing_out_wins_over_those_who_are_being_let_in(store: Store) -> None:
    house = House(store)
    session = await house.register()
    who = await house.who(session)
    for _ in range(20):
        house.service._principals.forget_device(session.device.id)
        checks = [house.is_in(session) for _ in range(3)]
        again, *_ = await asyncio.gather(house.devices.logout(who), *checks)
        assert again is None
        assert not await house.is_in(session)
        session = await house.login(device_id=session.device.id)


async def test_ones_own_devices_are_listed_and_signed_out(house: House) -> None:
    laptop = await house.register()
    house.clock.now += 1_000
    phone = await house.login()
    bob = await house.register("bob")
    who = await house.who(phone)
    listed = await house.devices.list_mine(who)
    assert [(device.id, device.current) for device in listed] == [
        (phone.device.id, True),
        (laptop.device.id, False),
    ]
    with pytest.raises(DeviceNotFound):
        await house.devices.sign_out(who, bob.device.id)
    await house.devices.sign_out(who, laptop.device.id)
    with pytest.raises(DeviceNotFound):
        await house.devices.sign_out(who, laptop.device.id)
    assert house.revoked == [laptop.device.id]
    assert not await house.is_in(laptop)
    assert await house.is_in(phone)
    assert await house.is_in(bob)


async def test_when_a_device_was_seen_is_known_at_once_and_stored_later(house: House, store: Store) -> None:
    session = await house.register()
    house.clock.now += 60_000
    who = await house.who(session)
    (listed,) = await house.devices.list_mine(who)
    assert listed.last_seen_at > session.device.last_seen_at
    (stored,) = await store.accounts.list_devices(who.user_id)
    assert stored.last_seen_at == house.clock.now - 60_000
    await house.service.flush_seen()
    (stored,) = await store.accounts.list_devices(who.user_id)
    assert stored.last_seen_at == house.clock.now


async def test_a_device_tells_its_key(house: House) -> None:
    who = await house.who(await house.register())
    await house.service.set_device_key(who, "SHA256:abc\n\u202e")
    user, device = await house.service.whoami(who)
    assert (user.id, device.id, device.current) == (who.user_id, who.device_id, True)
    assert device.key_fingerprint == "SHA256:abc"


# ── one's own account ────────────────────────────────────────────────────────────────────────────


async def test_a_new_password_signs_every_other_device_out(house: House) -> None:
    laptop = await house.register()
    phone, tablet = await house.login(), await house.login()
    who = await house.who(phone)
    change = PasswordRequest(current=PASSWORD, new="another password")
    await house.own.change_password(who, change)
    assert sorted(house.revoked) == sorted([laptop.device.id, tablet.device.id])
    assert not await house.is_in(laptop)
    assert await house.is_in(phone)
    with pytest.raises(CredentialsInvalid):
        await house.login()
    assert await house.is_in(await house.login(password="another password"))


@pytest.mark.parametrize(
    ("current", "new", "refusal"),
    [("password124", "another password", CredentialsInvalid), (PASSWORD, "short", PasswordInvalid)],
)
async def test_a_password_that_cannot_be_changed_changes_nothing(
    house: House, current: str, new: str, refusal: type[MeshError]
) -> None:
    session, other = await house.register(), await house.login()
    change = PasswordRequest(current=current, new=new)
    with pytest.raises(refusal):
        await house.own.change_password(await house.who(session), change)
    assert house.revoked == []
    assert await house.is_in(other)
    assert await house.is_in(await house.login())


async def test_whoever_holds_a_token_cannot_guess_the_password_with_it(house: House) -> None:
    who = await house.who(await house.register())
    change = PasswordRequest(current="password124", new="another password")
    for _ in range(ACCOUNT.free):
        with pytest.raises(CredentialsInvalid):
            await house.own.change_password(who, change)
    with pytest.raises(RateLimited):
        await house.own.change_password(who, change)
    await house.login()


async def test_of_two_who_change_the_password_at_once_one_does(house: House) -> None:
    session, other = await house.register(), await house.login()
    people = [await house.who(session), await house.who(other)]
    outcomes = await asyncio.gather(
        *(
            house.own.change_password(
                who, PasswordRequest(current=PASSWORD, new=f"another password {who.device_id}")
            )
            for who in people
        ),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CredentialsInvalid", "NoneType"]


async def test_a_display_name_is_ones_own(house: House) -> None:
    alice, bob = await house.register("alice"), await house.register("bob")
    who = await house.who(alice)
    user = await house.own.set_profile(who, ProfileRequest(display_name=" Alice  A.\u202e"))
    assert user.display_name == "Alice A."
    assert (await house.who(alice)).display_name == "Alice A."
    assert (await house.own.set_profile(who, ProfileRequest(display_name="ALICE"))).display_name == "ALICE"
    with pytest.raises(UsernameTaken):
        await house.own.set_profile(await house.who(bob), ProfileRequest(display_name="Аlice"))
    with pytest.raises(DisplayNameInvalid):
        await house.own.set_profile(who, ProfileRequest(display_name="\u202e"))
