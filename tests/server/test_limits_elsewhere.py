"""Rates over two nodes, without a server: the clock is a number, and one bus is heard by both."""

import pytest

from mesh_server.bus.base import BusMessage, Spent, SpentOf
from mesh_server.bus.memory import MemoryBus
from mesh_server.limits import Caller, Kind, Limiter, Limits
from mesh_server.limits_elsewhere import STEP, UNTOLD_MAX, LimitsElsewhere
from protocol.errors import RateLimited

ALICE = Caller(device="laptop", user="alice", address="192.0.2.1")


class House:
    """`nodes` at which a device may send 100 messages at once, and 100 every 10 seconds from then on."""

    def __init__(self, nodes: int = 2) -> None:
        self.now = 1000.0
        self.bus = MemoryBus()
        self.told: list[BusMessage] = []
        self.bus.subscribe(self.told.append)
        self.limiters = [Limiter(Limits(send="100/10s"), clock=lambda: self.now) for _ in range(nodes)]
        self.elsewhere = [
            LimitsElsewhere(limiter, self.bus, node_id=f"node {number}")
            for number, limiter in enumerate(self.limiters)
        ]
        for one in self.elsewhere:
            self.bus.subscribe(one.on_bus)

    def send(self, node: int, times: int, caller: Caller = ALICE) -> int:
        """How many of them were granted."""
        granted = 0
        for _ in range(times):
            try:
                self.limiters[node].spend(Kind.SEND, caller)
            except RateLimited:
                continue
            granted += 1
        return granted

    def tell(self) -> None:
        for one in self.elsewhere:
            one.tell()


def test_who_spreads_over_nodes_is_held_to_what_one_would_give() -> None:
    house = House(3)
    granted = 0
    for _ in range(60):
        granted += sum(house.send(node, 40) for node in range(3))
        house.tell()
        house.now += 1.0
    assert 600 <= granted <= 600 + 3 * 50 + 40, "the rate of a minute, and half a burst at each node"


def test_what_one_node_has_given_another_has_no_more() -> None:
    house = House()
    assert house.send(0, 80) == 80
    house.tell()
    assert house.send(1, 80) == 20
    phone = Caller(device="phone", user="alice", address="192.0.2.1")
    assert house.send(1, 150, phone) == 100, "of the 200 of all her devices as many are left"


def test_what_a_node_has_told_it_does_not_take_from_itself() -> None:
    house = House()
    assert house.send(0, 80) == 80
    house.tell()
    assert house.send(0, 40) == 20


def test_so_many_buckets_are_in_one_message() -> None:
    house = House()
    for number in range(STEP + 1):
        house.send(0, 60, Caller(device=f"device {number}"))
    house.tell()
    assert [len(told.spent) for told in house.told if isinstance(told, Spent)] == [STEP, 1]


def test_so_many_buckets_are_counted() -> None:
    house = House()
    untold = house.elsewhere[0]._untold
    untold.update((Kind.SEND, 0, f"device {number}") for number in range(UNTOLD_MAX + 1))
    house.send(0, 1, Caller(device="one more"))
    assert list(untold) == [(Kind.SEND, 0, "one more")]


def test_ordinary_use_is_never_told() -> None:
    house = House()
    for _ in range(20):
        assert house.send(0, 10) == 10
        house.tell()
        house.now += 1.0
    house.send(0, 45)
    house.tell()
    assert house.told == []


def test_what_was_told_is_told_once_and_what_was_refused_never() -> None:
    house = House()
    house.send(0, 100)
    house.send(0, 100)
    house.tell()
    house.tell()
    of_device = Spent("node 0", [SpentOf("send", "device", "laptop", 100)])
    assert house.told == [of_device], "of all her devices half is left"
    phone = Caller(device="phone", user="alice")
    house.send(0, 10, phone)
    house.tell()
    assert house.told == [of_device, Spent("node 0", [SpentOf("send", "user", "alice", 110)])]


def test_what_has_filled_up_again_counts_no_more() -> None:
    house = House()
    house.send(0, 45)
    house.tell()
    house.now += 10.0
    house.send(0, 60)
    house.tell()
    assert house.told == [Spent("node 0", [SpentOf("send", "device", "laptop", 60)])]


@pytest.mark.parametrize(
    "spent",
    [SpentOf("sing", "user", "alice", 1), SpentOf("send", "city", "alice", 1), SpentOf("", "", "", -1)],
)
def test_what_is_not_known_here_is_passed_over(spent: SpentOf) -> None:
    house = House()
    house.bus.publish(Spent("another", [spent]))
    assert house.send(0, 100) == 100


def test_what_is_owed_is_bounded() -> None:
    house = House()
    house.bus.publish(Spent("another", [SpentOf("send", "device", "laptop", 10**9)]))
    house.now += 10.0
    assert house.send(0, 10) == 0
    house.now += 0.1
    assert house.send(0, 10) == 1
