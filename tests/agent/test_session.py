"""The session file: its mode, its damage, and tokens that serve once, shared by several processes."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from mesh_agent.client.errors import FilesUnusable, FileTooNew, ProfileInvalid, SignInNeeded, Unreachable
from mesh_agent.client.folders import Profile, locked, replace_file
from mesh_agent.client.session import EXPIRY_MARGIN_MS, ProfileSession
from protocol import rest
from protocol.errors import RefreshInvalid
from tests.agent.conftest import PASSWORD, OpenAgent, SignUp
from tests.agent.rooms import AT, user
from tests.support.conditions import PATIENCE_S, until

SERVER = "http://127.0.0.1:1"


class Clock:
    """Milliseconds that a test sets."""

    def __init__(self) -> None:
        self.ms = 1_000_000_000_000

    def __call__(self) -> int:
        return self.ms


class Issuer:
    """Deals numbered tokens as a server does: a refresh token serves once."""

    def __init__(self) -> None:
        self.number = 0
        self.calls = 0

    def deal(self) -> rest.Session:
        self.number += 1
        return rest.Session(
            user=user(),
            device=rest.Device(id="d1", name="d", created_at=AT, last_seen_at=AT),
            access_token=f"access{self.number}",
            refresh_token=f"refresh{self.number}",
            expires_in=900,
        )

    async def refresh(self, refresh_token: str, _attempt: str) -> rest.Session:
        self.calls += 1
        await asyncio.sleep(0)
        if refresh_token != f"refresh{self.number}":
            raise RefreshInvalid
        return self.deal()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def open_session(clock: Clock, server: str | None = SERVER) -> ProfileSession:
    return ProfileSession(Profile.open("alice"), server, clock=clock)


async def test_a_session_survives_a_restart_and_only_its_owner_can_read_it(
    clock: Clock, issuer: Issuer
) -> None:
    await open_session(clock).adopt(issuer.deal())
    profile = Profile.open("alice")
    assert stat.S_IMODE(profile.session_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(profile.config.stat().st_mode) == 0o700
    assert stat.S_IMODE(profile.data.stat().st_mode) == 0o700
    again = open_session(clock, server=None)
    assert again.server == SERVER
    assert again.account is not None
    assert (again.account.user, again.account.device_id) == (user(), "d1")
    assert await again.token(issuer.refresh) == "access1"


async def test_the_last_server_is_the_default_and_each_has_its_own_account(
    clock: Clock, issuer: Issuer
) -> None:
    await open_session(clock).adopt(issuer.deal())
    await open_session(clock, "http://127.0.0.1:2").adopt(issuer.deal())
    assert open_session(clock, None).server == "http://127.0.0.1:2"
    first = open_session(clock, SERVER)
    assert first.account is not None
    assert first.account.access_token == "access1"
    assert open_session(clock, "http://127.0.0.1:3").account is None


async def test_folders_that_others_can_read_are_closed_to_them() -> None:
    profile = Profile.open("alice")
    profile.config.chmod(0o755)
    Profile.open("alice")
    assert stat.S_IMODE(profile.config.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "a" * 65, "a b", "é", "a\n"])
def test_a_profile_whose_name_is_no_folders_name_is_refused(name: str) -> None:
    with pytest.raises(ProfileInvalid):
        Profile.open(name)


async def test_an_expired_token_is_replaced_before_it_is_used(clock: Clock, issuer: Issuer) -> None:
    session = open_session(clock)
    await session.adopt(issuer.deal())
    clock.ms += 900_000 - EXPIRY_MARGIN_MS - 1
    assert await session.token(issuer.refresh) == "access1"
    clock.ms += 1
    assert await session.token(issuer.refresh) == "access2"
    assert await open_session(clock).token(issuer.refresh) == "access2"
    assert issuer.calls == 1


async def test_callers_at_once_share_one_rotation(clock: Clock, issuer: Issuer) -> None:
    session = open_session(clock)
    await session.adopt(issuer.deal())
    tokens = await asyncio.gather(*(session.token(issuer.refresh, rejected="access1") for _ in range(5)))
    assert set(tokens) == {"access2"}
    assert issuer.calls == 1


async def test_what_another_process_has_rotated_is_taken_from_the_file(clock: Clock, issuer: Issuer) -> None:
    mine, other = open_session(clock), open_session(clock)
    await mine.adopt(issuer.deal())
    other = open_session(clock)
    await other.token(issuer.refresh, rejected="access1")
    assert await mine.token(issuer.refresh, rejected="access1") == "access2"
    assert issuer.calls == 1


async def test_a_caller_that_is_cancelled_does_not_cut_the_rotation_short(
    clock: Clock, issuer: Issuer
) -> None:
    session = open_session(clock)
    await session.adopt(issuer.deal())
    waiting = asyncio.create_task(session.token(issuer.refresh, rejected="access1"))
    await until(lambda: issuer.calls, "the refresh to be under way")
    waiting.cancel()
    await session.close()
    assert await open_session(clock).token(issuer.refresh) == "access2"


async def test_a_refused_refresh_ends_the_session_and_keeps_the_device(clock: Clock, issuer: Issuer) -> None:
    session = open_session(clock)
    await session.adopt(issuer.deal())
    issuer.number = 99
    with pytest.raises(SignInNeeded) as ended:
        await session.token(issuer.refresh, rejected="access1")
    assert "signed out" in ended.value.message
    again = open_session(clock)
    assert again.account is None
    assert again.device_of(" U-ME ") == "d1"


async def test_a_line_that_breaks_during_a_refresh_ends_nothing(clock: Clock, issuer: Issuer) -> None:
    async def unreachable(_token: str, _attempt: str) -> rest.Session:
        raise Unreachable

    session = open_session(clock)
    await session.adopt(issuer.deal())
    with pytest.raises(Unreachable):
        await session.token(unreachable, rejected="access1")
    assert await session.token(issuer.refresh, rejected="access1") == "access2"


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_refresh_whose_answer_was_lost_is_tried_again_as_the_same_attempt(
    clock: Clock, issuer: Issuer, restarted: bool
) -> None:
    attempts: list[tuple[str, str]] = []

    async def lossy(refresh_token: str, attempt: str) -> rest.Session:
        attempts.append((refresh_token, attempt))
        if len(attempts) == 1:
            raise Unreachable
        return await issuer.refresh(refresh_token, attempt)

    session = open_session(clock)
    await session.adopt(issuer.deal())
    with pytest.raises(Unreachable):
        await session.token(lossy, rejected="access1")
    if restarted:
        session = open_session(clock)
    assert await session.token(lossy, rejected="access1") == "access2"
    assert await session.token(lossy, rejected="access2") == "access3"
    first, again, other = attempts
    assert first == again
    assert other[1] not in {"", first[1]}


async def test_on_a_disk_that_takes_nothing_the_token_is_not_spent(
    clock: Clock, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(clock)
    await session.adopt(issuer.deal())

    def full(path: Path, data: bytes) -> None:
        raise FilesUnusable(f"{path} cannot be written: No space left on device.")

    monkeypatch.setattr("mesh_agent.client.session.replace_file", full)
    with pytest.raises(FilesUnusable):
        await session.token(issuer.refresh, rejected="access1")
    assert issuer.calls == 0


async def test_signing_out_forgets_the_tokens_and_keeps_the_device(clock: Clock, issuer: Issuer) -> None:
    session = open_session(clock)
    await session.adopt(issuer.deal())
    await session.forget()
    text = Profile.open("alice").session_path.read_text()
    assert "access1" not in text
    assert "refresh1" not in text
    again = open_session(clock, None)
    assert (again.server, again.account, again.device_of("u-me")) == (SERVER, None, "d1")
    with pytest.raises(SignInNeeded):
        await again.token(issuer.refresh)


async def test_signing_out_does_not_end_a_session_that_another_process_began(
    clock: Clock, issuer: Issuer
) -> None:
    old = open_session(clock)
    await old.adopt(issuer.deal())
    await open_session(clock).adopt(issuer.deal())
    await old.forget()
    assert await open_session(clock).token(issuer.refresh) == "access2"


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"[]", b'{"version":1,"accounts":[{}]}'])
async def test_a_damaged_file_is_moved_aside_with_a_warning(
    clock: Clock, issuer: Issuer, damage: bytes
) -> None:
    profile = Profile.open("alice")
    profile.session_path.write_bytes(damage)
    session = open_session(clock)
    assert session.account is None
    (warning,) = session.warnings
    (aside,) = profile.config.glob("session.json.damaged-*")
    assert str(aside) in warning
    assert aside.read_bytes() == damage
    await session.adopt(issuer.deal())
    assert open_session(clock).account is not None


def test_a_file_of_a_newer_program_is_refused_and_left_alone(clock: Clock) -> None:
    path = Profile.open("alice").session_path
    path.write_text('{"version": 99, "accounts": "in another form"}')
    with pytest.raises(FileTooNew):
        open_session(clock)
    assert json.loads(path.read_text())["version"] == 99


def test_a_file_that_cannot_be_written_says_so_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "session.json").mkdir()  # a folder cannot be replaced by a file, not even by root
    with pytest.raises(FilesUnusable) as failed:
        replace_file(folder / "session.json", b"x")
    assert "session.json" in failed.value.message
    assert [file.name for file in folder.iterdir()] == ["session.json"]


async def test_a_lock_is_held_by_one_at_a_time_even_in_one_process(tmp_path: Path) -> None:
    inside = 0

    async def work() -> None:
        nonlocal inside
        async with locked(tmp_path / "lock"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(3)))


# ── several processes, a real server ─────────────────────────────────────────────────────────────

REFRESHER = """
import asyncio, sys
from mesh_agent.agent import Agent
async def main():
    agent = await Agent.open(profile=sys.argv[1])
    await agent.fetch_rooms()
    await agent.close()
asyncio.run(main())
"""


async def test_processes_that_refresh_at_once_do_not_cost_the_device_its_session(
    shared_server: str, sign_up: SignUp, open_agent: OpenAgent
) -> None:
    agent = await sign_up(shared_server, "alice")
    await agent.close()
    expire(agent.profile)
    before = stored(agent.profile)["refresh_token"]
    codes = await asyncio.gather(*(asyncio.to_thread(refresh_elsewhere, agent.profile) for _ in range(4)))
    assert codes == [0, 0, 0, 0]
    assert stored(agent.profile)["refresh_token"] != before
    # Had one of them shown a spent token, the session would be gone now.
    expire(agent.profile)
    again = await open_agent(agent.profile)
    assert await again.fetch_rooms() == []


def refresh_elsewhere(profile: str) -> int:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", REFRESHER, profile], env=environment, timeout=60).returncode


def stored(profile: str) -> dict[str, str]:
    file = json.loads(Profile.open(profile).session_path.read_text())
    account: dict[str, str] = file["accounts"][0]
    return account


def expire(profile: str) -> None:
    """As if the access token's time were over."""
    path = Profile.open(profile).session_path
    file = json.loads(path.read_text())
    file["accounts"][0]["expires_at"] = 0
    path.write_bytes(msgspec.json.encode(file))


async def test_a_token_that_the_server_no_longer_takes_is_replaced_unnoticed(
    shared_server: str, sign_up: SignUp, open_agent: OpenAgent
) -> None:
    agent = await sign_up(shared_server, "alice")
    await agent.close()
    path = Profile.open(agent.profile).session_path
    file = json.loads(path.read_text())
    file["accounts"][0]["access_token"] = "not.a.token"
    path.write_bytes(msgspec.json.encode(file))
    again = await open_agent(agent.profile)
    await again.start()
    await again.wait_connected(PATIENCE_S)
    assert await again.fetch_rooms() == []


async def test_signing_in_again_keeps_the_device(
    shared_server: str, sign_up: SignUp, open_agent: OpenAgent
) -> None:
    agent = await sign_up(shared_server, "alice")
    device = stored(agent.profile)["device_id"]
    await agent.logout()
    await agent.login(agent.profile, PASSWORD)
    assert stored(agent.profile)["device_id"] == device
