"""The ssh door, with the real `ssh`; a small program stands in for the client."""

import asyncio
import os
import signal
import stat
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mesh_server.building import build
from mesh_server.bus.memory import MemoryBus
from mesh_server.chores import Chores
from mesh_server.configuring import load
from mesh_server.doors.launching import Guest
from mesh_server.doors.sessions import Program
from mesh_server.doors.ssh.door import WAITING, WAITING_PER_ADDRESS, SshDoor, _host_key
from mesh_server.doors.ssh.line import PACKET_BYTES, Line, _Inflating
from mesh_server.doors.ssh.reception import TRIES, Reception
from mesh_server.doors.ssh.visit import Terminal
from mesh_server.keys import HOST_FILE, load_keys
from mesh_server.listening import Listeners
from mesh_server.services.principal import Principal
from mesh_server.services.ssh_keys import parse
from mesh_server.serving import Built
from mesh_server.store.base import Actor
from mesh_server.store.sqlite import SqliteStore
from protocol.errors import SshKeyInvalid
from protocol.rest import (
    DeleteAccountRequest,
    LoginRequest,
    RegisterRequest,
    Session,
    SshKeyRequest,
    SuspendRequest,
)
from tests.support.conditions import until
from tests.support.ssh import Caller, needs_ssh

PASSWORD: Final = "password123"

PROGRAM: Final = r"""
import os, select, signal, sys, tty
tty.setraw(0)
def tell(*_): os.write(1, b"size %dx%d.\r\n" % tuple(os.get_terminal_size()))
signal.signal(signal.SIGWINCH, tell)
os.write(1, b"hello %s in %s, I am %d!\r\n" % (os.read(3, 99), os.environb[b"TERM"], os.getpid()))
tell()
while True:
    typed = os.read(0, 65536)
    if typed == b"Q": sys.exit(0)
    if typed == b"X": os.kill(os.getpid(), 9)
    if typed == b"F":
        total = 0
        while total < 64 << 20 and select.select([], [1], [], 0.3)[1]: total += os.write(1, b"." * 256)
        open("stuck", "w").write(str(total))
        os.write(1, b"that was all!")
    os.write(1, b"typed " + typed.hex().encode() + b"!")
"""
"""Tells its size, and what was typed; Q and X end it, F writes until nobody takes any more."""


class House:
    """A server whose ssh door is at `door.port`; `guests` are those for whom a program was started."""

    def __init__(self, folder: Path, built: Built, door: SshDoor) -> None:
        self.folder, self.built, self.door = folder, built, door
        self.guests: list[Guest] = []

    async def register(self, name: str = "alice") -> Session:
        body = RegisterRequest(username=name, password=PASSWORD)
        return await self.built.gateway.accounts.register(body, address="127.0.0.1")

    async def is_empty(self) -> None:
        """Returns once nobody is in, and nothing is left of whoever was."""
        await until(lambda: not self.door.receptions, "a door that nobody stands in")
        assert not self.door.seats.taken
        assert not list((self.folder / "doors" / "ssh").iterdir())
        for guest in self.guests:
            found = await self.built.store.accounts.get_device(guest.session.device.id)
            assert found is not None
            assert found.device.revoked_at is not None, "the device is still signed in"


@asynccontextmanager
async def _house(folder: Path, **flags: Any) -> AsyncIterator[House]:
    told = {"listen": "127.0.0.1:0", "ssh": "127.0.0.1:0", "data": str(folder), "bcrypt_cost": 4} | flags
    config = load(env={}, flags=told)
    guests: list[Guest] = []

    def launch(guest: Guest, memory_mib: int) -> Program:
        guests.append(guest)
        return Program(
            argv=[sys.executable, "-I", "-S", "-c", PROGRAM],
            env={"TERM": guest.term},
            cwd=str(guest.folder),
            memory_mib=memory_mib,
            width=guest.size[0],
            height=guest.size[1],
            told=guest.session.user.username,
        )

    await asyncio.to_thread(folder.mkdir)
    async with AsyncExitStack() as stack:
        store = SqliteStore.open(folder)
        stack.push_async_callback(store.close)
        built = build(config, store, MemoryBus(), load_keys(config), launch=launch)
        stack.callback(built.gateway.accounts.close)
        chores = Chores(built.chores)
        stack.push_async_callback(chores.stop)
        listeners = await Listeners.open(config, built.application, built.metrics, built.tcp)
        stack.push_async_callback(listeners.close)
        (door,) = built.doors
        assert isinstance(door, SshDoor)
        await door.open(listeners.url, await listeners.open_inside(folder))
        stack.push_async_callback(door.close)
        house = House(folder, built, door)
        house.guests = guests
        yield house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with _house(tmp_path / "data") as found:
        yield found


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts an `ssh`; each has hung up at the end of the test."""
    started: list[Caller] = []

    async def start(house: House, name: str, *arguments: str, **options: str) -> Caller:
        started.append(await Caller.start(tmp_path, house.door.port, name, *arguments, **options))
        return started[-1]

    yield start
    for each in started:
        await each.hangs_up()


def _who(session: Session) -> Principal:
    user = session.user
    return Principal(
        user_id=user.id,
        username=user.username,
        display_name=user.display_name,
        role="user",
        device_id=session.device.id,
    )


@needs_ssh
async def test_a_password_opens_the_program_on_the_terminal_and_nothing_is_left(
    house: House, call: Callable[..., Any]
) -> None:
    await house.register()
    alice = await call(house, "alice", "-C")
    await alice.answers("Password:", "wrong")
    await alice.answers("Password:", PASSWORD)
    await alice.sees("hello alice in xterm-256color")
    await alice.sees("size 91x23.")
    await alice.types("häy\x03")
    await alice.sees(f"typed {'häy'.encode().hex()}03!")
    alice.resize(60, 20)
    await alice.sees("size 60x20.")
    (guest,) = house.guests
    assert stat.S_IMODE(guest.folder.stat().st_mode) == 0o700
    assert guest.address == "127.0.0.1"
    assert guest.socket
    await alice.types("Q")
    assert await alice.ends() == 0
    await house.is_empty()


@needs_ssh
@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ([], {"command": "ls"}, "No commands are run here"),
        (["-s"], {"command": "sftp"}, "No commands are run here"),
        (["-T"], {}, "A terminal is needed here"),
    ],
)
async def test_commands_files_and_a_line_without_a_terminal_are_refused_in_words(
    house: House, call: Callable[..., Any], arguments: list[str], options: dict[str, str], words: str
) -> None:
    await house.register()
    alice = await call(house, "alice", *arguments, **options)
    await alice.answers("Password:", PASSWORD)
    await alice.sees(words)
    assert await alice.ends() != 0
    assert not house.guests
    await until(lambda: not house.door.receptions, "a door that nobody stands in")


@needs_ssh
async def test_forwarding_is_refused(house: House, call: Callable[..., Any]) -> None:
    await house.register()
    alice = await call(house, "alice", "-R", "0:127.0.0.1:9", ExitOnForwardFailure="yes")
    await alice.answers("Password:", PASSWORD)
    await alice.sees("remote port forwarding failed")
    assert await alice.ends() != 0
    await until(lambda: not house.door.receptions, "a door that nobody stands in")


@needs_ssh
async def test_a_newcomer_makes_an_account_where_that_may_be(
    tmp_path: Path, call: Callable[..., Any]
) -> None:
    async with _house(tmp_path / "data", registration="invite") as house:
        bob = await call(house, "new")
        for answers in (("bob", PASSWORD, "other"), ("bob", PASSWORD, PASSWORD)):
            for question, answer in zip(("name:", "password:", "again:"), answers, strict=True):
                await bob.answers(question, answer)
        await bob.sees("hello bob")
        await bob.types("Q")
        assert await bob.ends() == 0
        await house.is_empty()
        alice = await call(house, "new")
        for question, answer in (("name:", "alice"), ("word:", PASSWORD), ("again:", PASSWORD)):
            await alice.answers(question, answer)
        await alice.answers("invite:", "no-such")
        await alice.sees("invite")
        await alice.hangs_up()
        assert [guest.session.user.username for guest in house.guests] == ["bob"]


@needs_ssh
async def test_a_broken_line_leaves_no_process_and_no_device(house: House, call: Callable[..., Any]) -> None:
    await house.register()
    alice = await call(house, "alice")
    await alice.answers("Password:", PASSWORD)
    await alice.sees("I am ")
    program = int(await alice.sees("!"))
    assert _is_there(program)
    os.kill(alice.pid, signal.SIGKILL)
    await house.is_empty()
    assert not _is_there(program)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@needs_ssh
async def test_whose_device_is_signed_out_elsewhere_is_told_and_out(
    house: House, call: Callable[..., Any]
) -> None:
    await house.register()
    alice = await call(house, "alice")
    await alice.answers("Password:", PASSWORD)
    await alice.sees("hello alice")
    (reception,) = house.door.receptions
    assert reception.session is not None
    await house.door.clear(reception.session)
    await alice.sees("You were signed out.")
    assert await alice.ends() == 1
    await house.is_empty()


async def _suspended(house: House, user_id: str) -> None:
    by = Actor(id=None, name="the console", at=1)
    await house.door.services.account_admin.suspend(by, user_id, SuspendRequest())


async def _deleted(house: House, user_id: str) -> None:
    await house.door.services.account_admin.delete(Actor(id=None, name="the console", at=1), user_id)


async def _deletes_itself(house: House, user_id: str) -> None:
    session = next(guest.session for guest in house.guests if guest.session.user.id == user_id)
    await house.door.services.own_account.delete(_who(session), DeleteAccountRequest(password=PASSWORD))


@needs_ssh
@pytest.mark.parametrize("end", [_suspended, _deleted, _deletes_itself])
async def test_whose_account_ends_or_is_suspended_is_out_at_once_and_nobody_else(
    house: House, call: Callable[..., Any], end: Callable[[House, str], Awaitable[None]]
) -> None:
    await house.register()  # the first is the administrator, of whom there has to be one
    await house.register("bob")
    alice, bob = await call(house, "alice"), await call(house, "bob")
    for each, name in ((alice, "alice"), (bob, "bob")):
        await each.answers("Password:", PASSWORD)
        await each.sees(f"hello {name}")
    (bobs,) = [guest.session.user.id for guest in house.guests if guest.session.user.username == "bob"]
    await end(house, bobs)
    await bob.sees("You were signed out.")
    assert await bob.ends() == 1
    await alice.types("y")
    await alice.sees("typed 79!")
    again = await call(house, "bob")
    await again.answers("Password:", PASSWORD)
    await again.sees("suspended" if end is _suspended else "Password:")


async def test_whose_device_is_signed_out_while_they_come_in_gets_no_terminal(house: House) -> None:
    """Between the device that is stored and the place that is taken nobody could be told."""
    await house.register()
    accounts, devices = house.door.services.accounts, house.door.services.devices
    reception = Reception(house.door)
    session = await accounts.login(LoginRequest(username="alice", password=PASSWORD), address="127.0.0.1")
    await devices.logout(_who(session))
    assert not await reception._seat(session)
    assert not house.door.seats.taken
    assert reception.session is None


@needs_ssh
async def test_a_program_that_dies_gives_the_terminal_back_and_a_stop_of_the_server_says_so(
    house: House, call: Callable[..., Any]
) -> None:
    await house.register()
    alice, other = await call(house, "alice"), await call(house, "alice")
    for each in (alice, other):
        await each.answers("Password:", PASSWORD)
        await each.sees("hello alice")
    await alice.types("X")
    await alice.sees("\x1b[?1049l")
    await alice.sees("something went wrong")
    assert await alice.ends() == 1
    closing = asyncio.create_task(house.door.close())
    await other.sees("The server stops.")
    assert await other.ends() == 1
    await closing
    await house.is_empty()


@needs_ssh
async def test_there_are_so_many_places(tmp_path: Path, call: Callable[..., Any]) -> None:
    async with _house(tmp_path / "data", doors={"sessions": 1}) as house:
        await house.register()
        alice = await call(house, "alice")
        await alice.answers("Password:", PASSWORD)
        await alice.sees("hello alice")
        second = await call(house, "alice")
        await second.answers("Password:", PASSWORD)
        await second.sees("All places here are taken")
        await second.hangs_up()
        await alice.types("Q")
        assert await alice.ends() == 0
        await house.is_empty()


@needs_ssh
async def test_who_does_not_read_stops_the_program_and_nothing_piles_up(
    house: House, call: Callable[..., Any]
) -> None:
    await house.register()
    alice = await call(house, "alice")
    await alice.answers("Password:", PASSWORD)
    await alice.sees("hello alice")
    await alice.types("F")
    (guest,) = house.guests
    stuck = guest.folder / "stuck"
    await until(lambda: stuck.exists() and stuck.read_text() != "", "a program that has to wait")
    assert int(stuck.read_text()) < 16 << 20, "ssh itself holds two, the sockets some"
    await alice.sees("that was all!")


@needs_ssh
async def test_who_types_nothing_for_long_is_out(tmp_path: Path, call: Callable[..., Any]) -> None:
    async with _house(tmp_path / "data", doors={"idle_s": 0.2}) as house:
        await house.register()
        alice = await call(house, "alice")
        await alice.answers("Password:", PASSWORD)
        await alice.sees("Nothing was typed for a long time")
        assert await alice.ends() == 1
        await house.is_empty()


@needs_ssh
async def test_a_key_lets_in_whose_it_is_and_nobody_else(
    house: House, call: Callable[..., Any], tmp_path: Path
) -> None:
    session = await house.register()
    await house.register("bob")
    private = Ed25519PrivateKey.generate()
    file, public = tmp_path / "key", private.public_key()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    await asyncio.to_thread(_write_private, file, secret)
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    who = _who(session)
    keys = house.door.services.ssh_keys
    added = await keys.add(who, SshKeyRequest(key=f"{line} laptop"))
    by_key = {"IdentityFile": str(file), "PreferredAuthentications": "publickey"}
    alice = await call(house, "alice", **by_key)
    await alice.sees("hello alice")
    await alice.types("Q")
    assert await alice.ends() == 0
    await house.is_empty()
    other = await call(house, "bob", **by_key)
    await other.sees("Permission denied")
    await other.ends()
    await keys.remove(who, added.id)
    gone = await call(house, "alice", **by_key)
    await gone.sees("Permission denied")
    await gone.ends()
    assert len(house.guests) == 1


def _write_private(file: Path, secret: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(secret)


class FarEnd(asyncio.Transport):
    """A line from another machine: what the server writes is counted, and nothing comes."""

    def __init__(self, host: str) -> None:
        super().__init__({"peername": (host, 40_000), "sockname": ("192.0.2.1", 2222)})
        self.written, self.is_open = 0, True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += len(data)

    def is_closing(self) -> bool:
        return not self.is_open

    def abort(self) -> None:
        self.is_open = False

    close = abort


def _call_from(house: House, host: str) -> tuple[Line, FarEnd]:
    end = FarEnd(host)
    line = Line(asyncio.get_running_loop(), house.door._options(_host_key(bytes(32))))
    line.connection_made(end)
    return line, end


async def test_one_address_has_so_many_lines_that_have_not_signed_in_and_others_have_theirs(
    house: House,
) -> None:
    lines = [_call_from(house, "203.0.113.9") for _ in range(WAITING_PER_ADDRESS + 3)]
    await until(lambda: not lines[-1][1].is_open, "the last one to be cut off")
    assert [end.is_open for _, end in lines] == [True] * WAITING_PER_ADDRESS + [False] * 3
    other, end = _call_from(house, "203.0.113.10")
    assert end.is_open
    assert end.written
    lines[0][0].connection_lost(None)
    await until(lambda: house.door.waiting.open == WAITING_PER_ADDRESS, "one place to be free")
    again, end = _call_from(house, "203.0.113.9")
    assert end.is_open
    for line in (*(line for line, _ in lines[1:WAITING_PER_ADDRESS]), other, again):
        line.connection_lost(None)
    await until(lambda: house.door.waiting.open == 0, "all places to be free")


async def test_one_address_exchanges_keys_no_oftener_than_it_may_sign_in(
    tmp_path: Path,
) -> None:
    async with _house(tmp_path / "data", limits={"sign_in": "3/h", "address_factor": 1}) as house:
        refused = house.door.services.limiter.refused
        for _ in range(3):
            line, _ = _call_from(house, "203.0.113.9")
            line.connection_lost(None)
        assert not refused
        _, end = _call_from(house, "203.0.113.9")
        await until(lambda: not end.is_open, "one too many to be cut off")
        assert refused.total() == 1
        line, end = _call_from(house, "203.0.113.10")
        line.connection_lost(None)
        assert refused.total() == 1


# ── without ssh ──────────────────────────────────────────────────────────────────────────────────


async def test_so_many_may_be_signing_in_at_once(house: House) -> None:
    waiting, port = house.door.waiting, house.door.port
    for _ in range(WAITING - 1):
        assert waiting.enter("127.0.0.1") is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.readline() == b"SSH-2.0-Mesh\r\n"
    late, too_late = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        while await late.read(1000):
            pass
    too_late.close()
    assert waiting.open == WAITING
    writer.close()
    await until(lambda: waiting.open == WAITING - 1, "one that has gone to be counted no more")


async def test_a_password_is_tried_so_often_and_by_nobody_for_whom_there_is_no_place(tmp_path: Path) -> None:
    async with _house(tmp_path / "data", doors={"sessions": 1}) as house:
        await house.register()
        reception = Reception(house.door)
        reception.address = "192.0.2.1"
        reception._tries = TRIES
        assert not await reception.validate_password("alice", PASSWORD), "too many tries on one line"
        house.door.seats.take("bob")
        other = Reception(house.door)
        other.address = "198.51.100.1"
        assert not await other.validate_password("alice", "wrong password")
        assert "All places" in other._notice, "before the password is looked at"
        house.door.seats.leave("bob")
        assert await other.validate_password("alice", PASSWORD)


async def test_nobody_makes_an_account_where_that_may_not_be(tmp_path: Path) -> None:
    async with _house(tmp_path / "data", registration="closed") as house:
        await house.register()  # the first always may
        reception = Reception(house.door)
        assert await reception.get_kbdint_challenge("new", "", "") is False
        assert not await reception.validate_kbdint_response("new", ["carol", PASSWORD, PASSWORD])


@pytest.mark.parametrize("why", ["gone", "twice"])
async def test_who_has_signed_in_for_nobody_is_signed_out_again(house: House, why: str) -> None:
    """The line was lost meanwhile, or two ways to sign in were taken at once."""
    await house.register()
    accounts, reception = house.door.services.accounts, Reception(house.door)
    body = LoginRequest(username="alice", password=PASSWORD)
    first, second = [await accounts.login(body, address="127.0.0.1") for _ in range(2)]
    if why == "gone":
        reception.connection_lost(None)
    else:
        assert await reception._seat(first)
    assert not await reception._seat(second)
    assert house.door.seats.taken.total() == (1 if why == "twice" else 0)
    found = await house.built.store.accounts.get_device(second.device.id)
    assert found is not None
    assert found.device.revoked_at is not None


def test_the_host_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    config = load(env={}, flags={"data": str(tmp_path), "ssh": "127.0.0.1:0"})
    key = load_keys(config).host
    assert len(key) == 32
    assert load_keys(config).host == key
    assert stat.S_IMODE((tmp_path / HOST_FILE).stat().st_mode) == 0o600
    assert load_keys(load(env={}, flags={"data": str(tmp_path)})).host == b""


@pytest.mark.parametrize(
    "line", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAA", "ssh-rsa !", "x" * 99]
)
def test_what_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(SshKeyInvalid):
        parse(line)


def test_a_short_key_of_rsa_is_refused() -> None:
    public = rsa.generate_private_key(65537, 1024).public_key()
    with pytest.raises(SshKeyInvalid, match="bits"):
        parse(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())


def test_the_name_of_a_terminal_is_no_path_and_no_order() -> None:
    assert Terminal("tmux-256color", 80, 24).term == "tmux-256color"
    for odd in ("../../etc", "", "xterm\n", "a b", "-x", "x" * 65):
        assert Terminal(odd, 80, 24).term == ""


def test_what_is_compressed_becomes_no_larger_than_a_packet() -> None:
    def compressed(data: bytes) -> bytes:
        packing = zlib.compressobj()
        return packing.compress(data) + packing.flush(zlib.Z_SYNC_FLUSH)

    assert _Inflating().decompress(compressed(b"hello" * 1000)) == b"hello" * 1000
    assert _Inflating().decompress(compressed(bytes(PACKET_BYTES + 1))) is None
    assert _Inflating().decompress(b"nonsense") is None
