"""A clock that is set forwards or backwards: order is by number, and nobody is locked out."""

from collections.abc import Iterator

import pytest

from tests.faults.conftest import HEARTBEAT_S
from tests.support.machine import Machine, needs_machine
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Person, Refused, call

pytestmark = needs_machine

DAY_S = 86_400


@pytest.fixture(scope="module")
def computer(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("clock")
    return Machine(folder / "data", folder / "machine")


@pytest.fixture(scope="module")
def server(computer: Machine) -> Iterator[ServerProcess]:
    """One for all of them, which none of them stops."""
    computer.folder.mkdir()
    settings = {"MESH_HEARTBEAT_S": str(HEARTBEAT_S)}
    with running_server(computer.folder, **settings, **computer.environment) as running:
        yield running


@pytest.fixture(autouse=True)
def machine(computer: Machine) -> Machine:
    """Whose clock is right, whatever it was before."""
    computer.set_clock(0)
    return computer


async def test_order_is_by_number_whatever_the_clock_says(
    machine: Machine, alice: Person, bob: Person, room_id: str
) -> None:
    jumps = [0, 3 * DAY_S, -3 * DAY_S, 1, -40 * DAY_S, 0]
    async with alice.socket() as hers, bob.socket() as his:
        for seq, jump in enumerate(jumps, 1):
            machine.set_clock(jump)
            assert (await hers.say(room_id, f"{seq}"))["seq"] == seq
            created = await his.wait("chat.message.created")
            assert (created["message"]["seq"], created["message"]["rev"]) == (seq, 1 + seq)
        # The line itself lives by another clock: nobody was given up as silent.
        assert (await his.ask("system.ping"))["type"] == "system.pong"
        page = await bob.call("GET", f"/api/rooms/{room_id}/messages")
        assert [message["content"] for message in page["messages"]] == [f"{n}" for n in range(1, 7)]
        times = [message["created_at"] for message in page["messages"]]
        assert times != sorted(times), "the clock did jump"
    async with bob.socket(resume={room_id: 4}) as his:
        await his.wait("room.resumed")
        replayed = [m["message"]["seq"] for m in his.seen if m["type"] == "chat.message.created"]
        assert replayed == [4, 5, 6]


async def test_a_jump_forwards_costs_a_refresh_and_no_session(machine: Machine, alice: Person) -> None:
    machine.set_clock(3_600)
    with pytest.raises(Refused) as expired:
        await alice.call("GET", "/api/rooms")
    assert expired.value.code == "auth.expired_token"
    body = {"refresh_token": alice.session["refresh_token"]}
    alice.session = await call(alice.http, alice.url, "POST", "/api/auth/refresh", body)
    assert (await alice.call("GET", "/api/rooms"))["rooms"] == []
    # And back again, where the new token is from the future.
    machine.set_clock(0)
    assert (await alice.call("GET", "/api/rooms"))["rooms"] == []
    body = {"refresh_token": alice.session["refresh_token"]}
    assert (await call(alice.http, alice.url, "POST", "/api/auth/refresh", body))["user"][
        "username"
    ] == alice.name


async def test_a_clock_set_back_locks_nobody_out(machine: Machine, alice: Person) -> None:
    wrong = {"username": alice.name, "password": "not the password"}
    right = {"username": alice.name, "password": PASSWORD}

    async def login(body: dict[str, str]) -> str:
        try:
            await call(alice.http, alice.url, "POST", "/api/auth/login", body)
        except Refused as refusal:
            return str(refusal.code)
        return "in"

    machine.set_clock(30 * DAY_S)
    while await login(wrong) != "rate.limited":
        pass
    machine.set_clock(0)
    with pytest.raises(Refused) as throttled:
        await call(alice.http, alice.url, "POST", "/api/auth/login", right)
    assert throttled.value.code == "rate.limited"
    machine.set_clock(60)
    assert await login(right) == "in"


async def test_slow_mode_does_not_last_until_the_clock_is_there_again(
    machine: Machine, alice: Person, bob: Person, room_id: str
) -> None:
    await alice.call("PATCH", f"/api/rooms/{room_id}", {"slow_mode_s": 60})
    machine.set_clock(600)
    async with bob.socket() as his:
        assert (await his.say(room_id, "one"))["type"] == "chat.message.ack"
        assert (await his.say(room_id, "two"))["code"] == "rate.limited"
        machine.set_clock(0)
        assert (await his.say(room_id, "two"))["type"] == "chat.message.ack"
        refusal = await his.say(room_id, "three")
        assert (refusal["code"], refusal["retry_after"] <= 60) == ("rate.limited", True)
