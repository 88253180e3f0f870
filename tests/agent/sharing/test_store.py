"""What is kept of transfers, and who of several programs runs one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from mesh_agent.client.errors import FileTooNew
from mesh_agent.client.folders import Profile
from mesh_agent.sharing.board import Board, Item
from mesh_agent.sharing.errors import AlreadyReceiving, UnderWay
from mesh_agent.sharing.state import Phase
from mesh_agent.sharing.store import (
    KEPT_MAX,
    Claim,
    ReceivingLock,
    Record,
    Store,
    is_refused,
    receive_id,
    send_id,
    wire_name,
)


def record(number: int, phase: Phase = "running") -> Record:
    return Record(
        id=f"t{number}",
        wire_id="w",
        direction="send",
        room_id="r",
        peer_id="u",
        peer_name="bob",
        title="a",
        kind="file",
        phase=phase,
        created_at="2026-01-01T00:00:00.000Z",
        ended_at=f"2026-01-01T00:00:{number:010}Z" if phase == "done" else "",
    )


@pytest.fixture
def profile() -> Profile:
    return Profile.open("p")


def test_each_program_writes_what_it_has_changed(profile: Profile) -> None:
    one, other = Store(profile, "a"), Store(profile, "a")
    one.save([record(1), record(2)])
    other.save([record(3)], forgotten=["t1"])
    one.save([record(2, "done")])
    assert [(kept.id, kept.phase) for kept in one.load()] == [("t2", "done"), ("t3", "running")]
    assert Store(profile, "b").load() == []


def test_the_list_is_bounded_and_forgets_what_is_over_first(profile: Profile) -> None:
    store = Store(profile, "a")
    store.save([record(number, "done") for number in range(KEPT_MAX)])
    store.save([record(KEPT_MAX + number) for number in range(3)])
    kept = store.load()
    assert len(kept) == KEPT_MAX
    assert [known.id for known in kept[:1]] == ["t3"]
    assert sum(not known.over for known in kept) == 3


def test_a_damaged_list_is_set_aside_and_a_newer_one_left_alone(profile: Profile) -> None:
    path = profile.data / "a.transfers.json"
    path.write_bytes(b'{"version": 1, "transfers": 7}')
    assert Store(profile, "a").load() == []
    assert (profile.data / "a.transfers.json.damaged").exists()
    path.write_bytes(b'{"version": 99}')
    with pytest.raises(FileTooNew):
        Store(profile, "a").load()


def test_a_transfer_is_run_by_one_program_until_that_dies(profile: Profile, tmp_path: Path) -> None:
    folder = tmp_path / "claims"
    code = (
        "import sys; from pathlib import Path; from mesh_agent.sharing.store import Claim;"
        f"c = Claim.take(Path({str(folder)!r}), 't'); print('has it', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "has it\n"
        with pytest.raises(UnderWay):
            Claim.take(folder, "t")
        holder.kill()
        holder.wait()
    claim = Claim.take(folder, "t")
    with pytest.raises(UnderWay):
        Claim.take(folder, "t")
    claim.release()
    assert list(folder.iterdir()) == []
    Claim.take(folder, "t").release()


def test_who_takes_offers_is_told_to_whoever_wants_to(profile: Profile) -> None:
    lock = ReceivingLock.take(profile, "mesh-tui")
    with pytest.raises(AlreadyReceiving) as caught:
        ReceivingLock.take(profile, "mesh-agent receive")
    assert f"mesh-tui (process {os.getpid()}) takes what is sent to the profile 'p'" in caught.value.message
    lock.release()
    ReceivingLock.take(profile, "mesh-agent receive").release()


def test_the_same_file_to_the_same_person_is_the_same_transfer() -> None:
    same = send_id("r", "u", Path("/a"), 1, 2)
    assert same == send_id("r", "u", Path("/a"), 1, 2)
    others = {
        send_id("r2", "u", Path("/a"), 1, 2),
        send_id("r", "u2", Path("/a"), 1, 2),
        send_id("r", "u", Path("/b"), 1, 2),
        send_id("r", "u", Path("/a"), 12, 2),
        send_id("r", "u", Path("/a"), 1, 3),
        receive_id("r", "u", "/a"),
    }
    assert len(others | {same}) == 7
    assert receive_id("ab", "c", "d") != receive_id("a", "bc", "d")


def test_what_ended_has_had_its_name_and_what_failed_goes_on() -> None:
    ended: tuple[Phase, ...] = ("done", "declined", "cancelled")
    going: tuple[Phase, ...] = ("waiting", "interrupted", "failed")
    assert len({"w", *(wire_name(record(1, phase)) for phase in ended)}) == 4
    assert {wire_name(record(1, phase)) for phase in going} == {"w"}
    assert wire_name(None) != wire_name(None)


async def test_what_failed_elsewhere_and_was_called_off_here_has_another_name(profile: Profile) -> None:
    board = Board(Store(profile, "a"), lambda _: None, lambda: 1)
    failed = board.add(Item(replace(record(1, "failed"), untold="laptop")))
    assert wire_name(failed.record) != "w"
    board.told(failed)
    assert failed.record.untold == ""
    assert wire_name(failed.record) == failed.record.wire_id != "w"
    await board.saved()


def test_only_what_others_offered_is_refused_for_good() -> None:
    offered = replace(record(1, "cancelled"), direction="receive")
    assert is_refused(offered)
    assert is_refused(replace(offered, phase="declined"))
    for other in (
        replace(offered, phase="failed"),
        replace(offered, share="s"),
        replace(offered, door=True),
        replace(offered, direction="send"),
    ):
        assert not is_refused(other)


async def test_the_end_of_what_is_sent_anew_is_told_all_the_same(profile: Profile) -> None:
    store = Store(profile, "a")
    board = Board(store, lambda _: None, lambda: 1)
    ended = board.add(Item(replace(record(1, "cancelled"), untold="phone"))).record
    board.set_aside(ended)
    board.add(Item(replace(ended, phase="waiting", wire_id="other", untold="")))
    untold = [item for item in board.all() if item.record.untold]
    assert [(item.record.wire_id, item.phase) for item in untold] == [("w", "cancelled")]
    assert [item.record.wire_id for item in board.seen()] == ["other"]
    await board.saved()
    assert {kept.wire_id for kept in store.load()} == {"w", "other"}
    board.told(untold[0])
    await board.saved()
    assert [kept.wire_id for kept in store.load()] == ["other"]
    board.set_aside(replace(ended, untold=""))
    assert len(board.all()) == 1


async def test_what_was_called_off_here_is_forgotten_by_the_list_alone(profile: Profile) -> None:
    board = Board(Store(profile, "a"), lambda _: None, lambda: 1)
    refused = board.add(Item(replace(record(1, "cancelled"), direction="receive")))
    taken = board.add(Item(replace(record(2, "done"), direction="receive")))
    board.forget(refused.id)
    board.forget(taken.id)
    assert (board.all(), board.seen()) == ([refused], [])
    await board.saved()
