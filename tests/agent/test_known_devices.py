"""What is remembered of the devices of others: first use, comparing, change, and files that are damaged."""

import asyncio
import itertools
import stat

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.client.errors import FilesUnusable, FileTooNew
from mesh_agent.client.folders import SMALL_FILE_BYTES, Profile, locked
from mesh_agent.net.known import DEVICES_MAX, Known, KnownDevices, UnknownDevice
from protocol import limits
from protocol.errors import PeerChanged
from tests.support.conditions import PATIENCE_S

OLD, NEW, THIRD = b"o" * 32, b"n" * 32, b"t" * 32


@pytest.fixture
def profile() -> Profile:
    return Profile.open("knows")


@pytest.fixture
def devices(profile: Profile) -> KnownDevices:
    return KnownDevices(profile, clock=itertools.count(1_000).__next__)


async def test_the_first_identity_of_a_device_is_remembered(devices: KnownDevices, profile: Profile) -> None:
    assert await devices.device("bob", "phone") is None
    first = await devices.remember("bob", "phone", OLD)
    assert (first.identity, first.seen_at, first.compared, first.changed) == (OLD, 1_000, False, False)
    assert await devices.remember("bob", "phone", OLD) == first
    assert await devices.device("bob", "phone") == first
    assert stat.S_IMODE(profile.known_path.stat().st_mode) == 0o600


async def test_who_is_known_is_told_while_another_program_changes_the_file(
    devices: KnownDevices, profile: Profile
) -> None:
    await devices.remember("bob", "laptop", OLD)
    async with locked(profile.known_lock_path), asyncio.timeout(PATIENCE_S):
        known = await devices.remember("bob", "laptop", OLD)
    assert known.identity == OLD


async def test_each_device_of_each_person_has_its_own(devices: KnownDevices) -> None:
    await devices.remember("bob", "phone", OLD)
    await devices.remember("bob", "laptop", NEW)
    await devices.remember("alice", "phone", THIRD)
    assert [(known.device_id, known.identity) for known in await devices.of("bob")] == [
        ("phone", OLD),
        ("laptop", NEW),
    ]


async def test_a_changed_identity_is_refused_until_it_is_trusted(devices: KnownDevices) -> None:
    await devices.remember("bob", "phone", OLD)
    await devices.confirm("bob", "phone", OLD)
    for _ in range(2):
        with pytest.raises(PeerChanged):
            await devices.remember("bob", "phone", NEW)
    changed = await devices.device("bob", "phone")
    assert changed is not None
    assert (changed.identity, changed.changed_identity, changed.compared) == (OLD, NEW, True)
    trusted = await devices.trust("bob", "phone")
    assert (trusted.identity, trusted.compared, trusted.changed) == (NEW, False, False)
    assert await devices.remember("bob", "phone", NEW) == trusted
    with pytest.raises(PeerChanged):
        await devices.remember("bob", "phone", OLD)


async def test_the_old_identity_is_still_good_after_a_change_was_refused(devices: KnownDevices) -> None:
    before = await devices.remember("bob", "phone", OLD)
    with pytest.raises(PeerChanged):
        await devices.remember("bob", "phone", NEW)
    assert await devices.remember("bob", "phone", OLD) == before


async def test_comparing_is_of_one_identity_and_no_other(devices: KnownDevices) -> None:
    await devices.remember("bob", "phone", OLD)
    with pytest.raises(UnknownDevice):
        await devices.confirm("bob", "phone", NEW)
    with pytest.raises(UnknownDevice):
        await devices.confirm("bob", "laptop", OLD)
    assert (await devices.confirm("bob", "phone", OLD)).compared


async def test_comparing_the_changed_identity_takes_it(devices: KnownDevices) -> None:
    await devices.remember("bob", "phone", OLD)
    with pytest.raises(PeerChanged):
        await devices.remember("bob", "phone", NEW)
    now = await devices.confirm("bob", "phone", NEW)
    assert (now.identity, now.compared, now.changed) == (NEW, True, False)


async def test_trusting_what_has_not_changed_changes_nothing(devices: KnownDevices) -> None:
    await devices.remember("bob", "phone", OLD)
    compared = await devices.confirm("bob", "phone", OLD)
    assert await devices.trust("bob", "phone") == compared
    with pytest.raises(UnknownDevice):
        await devices.trust("bob", "laptop")


async def test_several_programs_of_a_profile_lose_nothing_of_one_another(profile: Profile) -> None:
    programs = [KnownDevices(profile, clock=lambda: 1) for _ in range(6)]
    await asyncio.gather(*(each.remember("bob", str(number), OLD) for number, each in enumerate(programs)))
    assert len(await programs[0].of("bob")) == 6


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version": 1, "devices": [{}]}', b'{"version": "1"}', b"[" * 5_000],
)
async def test_a_damaged_file_is_told_and_kept(
    devices: KnownDevices, profile: Profile, content: bytes
) -> None:
    profile.known_path.write_bytes(content)
    with pytest.raises(FilesUnusable, match="is damaged"):
        await devices.remember("bob", "phone", OLD)
    assert profile.known_path.read_bytes() == content


@given(st.sampled_from(["key", "changed_to"]), st.text(max_size=50))
def test_a_key_that_is_none_is_damage(field: str, text: str) -> None:
    content = {"user_id": "u", "device_id": "d", "key": "A" * 43, "seen_at": 1} | {field: text}
    try:
        read = msgspec.convert(content, Known)
    except msgspec.ValidationError:
        return
    assert len(read.identity) == 32
    assert read.changed_identity is None or len(read.changed_identity) == 32


async def test_a_file_of_a_newer_mesh_is_left_alone(devices: KnownDevices, profile: Profile) -> None:
    profile.known_path.write_bytes(b'{"version": 2, "devices": "elsewhere"}')
    with pytest.raises(FileTooNew):
        await devices.of("bob")


async def test_too_many_devices_forget_the_oldest_that_nobody_compared(
    profile: Profile, devices: KnownDevices
) -> None:
    many = [
        Known(user_id="u" * 10, device_id=str(n), key="A" * 43, seen_at=n, compared_at=1 if n == 0 else None)
        for n in range(DEVICES_MAX)
    ]
    profile.known_path.write_bytes(msgspec.json.encode({"version": 1, "devices": many}))
    await devices.remember("bob", "phone", OLD)
    kept = {known.device_id for known in await devices.of("u" * 10)}
    assert "0" in kept
    assert "1" not in kept
    assert len(kept) == DEVICES_MAX - 1


async def test_a_full_file_of_compared_devices_takes_no_more(profile: Profile, devices: KnownDevices) -> None:
    many = [
        Known(user_id="u", device_id=str(n), key="A" * 43, seen_at=n, compared_at=1)
        for n in range(DEVICES_MAX)
    ]
    profile.known_path.write_bytes(msgspec.json.encode({"version": 1, "devices": many}))
    with pytest.raises(FilesUnusable, match="is full"):
        await devices.remember("bob", "phone", OLD)


def test_a_full_file_is_a_small_file() -> None:
    """With ids of any length that there may be."""
    wide = Known(
        user_id="u" * limits.ID_CHARS,
        device_id="d" * limits.ID_CHARS,
        key="A" * 43,
        changed_to="A" * 43,
        seen_at=2**41,
        compared_at=2**41,
    )
    assert DEVICES_MAX * (len(msgspec.json.encode(wide)) + 1) < SMALL_FILE_BYTES


async def test_a_folder_that_cannot_be_written_is_told(devices: KnownDevices, profile: Profile) -> None:
    profile.known_path.mkdir()
    with pytest.raises(FilesUnusable):
        await devices.remember("bob", "phone", OLD)
