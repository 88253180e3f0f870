"""A call as a machine: who rings, comes, falls out and leaves, in virtual time."""

from random import Random
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesh_agent.machines.call_joining import JOIN_S
from mesh_agent.machines.call_legs import LEGS_S, PAUSES_S
from mesh_agent.machines.call_parts import FULL, NOBODY, OFFERS_BURST, Rung, Say, TakeOffer, not_came
from mesh_agent.machines.call_rings import RING_EVERY_S, RING_S
from mesh_agent.machines.call_silence import ASK_EVERY_S, ASKS
from protocol.calls import CALL_PARTIES, Absent, Ask, Device, Here, Join, Sends, State
from tests.agent.calls.parties import Network, Party


def ring(network: Network, caller: Party, *others: Party) -> None:
    people = [(other.device.user_id, other.device.user_id) for other in others]
    caller.machine.call(people, network.now, video=False, message=None)
    network.run(0.1)


def together(network: Network, names: str) -> list[Party]:
    """All of them in one call."""
    first, *others = (network.party(name) for name in names.split())
    ring(network, first, *others)
    for other in others:
        other.machine.join([first.device.device_id], network.now)
        network.run(1)
    network.run(1)
    assert network.whole()
    return [first, *others]


@pytest.mark.parametrize("names", ["alice bob", "bob alice"])
def test_who_is_rung_and_joins_is_connected(names: str) -> None:
    network = Network()
    caller, called = (network.party(name) for name in names.split())
    ring(network, caller, called)
    assert caller.machine.phase == "ringing"
    called.machine.join([caller.device.device_id], network.now)
    network.run(1)
    assert (caller.machine.phase, called.machine.phase) == ("open", "open")
    assert caller.machine.rung[called.device.user_id].how == "came"
    assert network.whole()


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [("declined", "bob declined."), ("busy", "bob is in another call."), ("made up", "bob has left.")],
)
def test_who_does_not_want_ends_a_call_of_two(reason: str, sentence: str) -> None:
    network = Network()
    alice, bob = network.party("alice"), network.party("bob")
    ring(network, alice, bob)
    alice.machine.hung_up(bob.device, reason)
    assert (alice.machine.phase, alice.machine.reason) == ("over", sentence)


def test_whom_nobody_answers_gives_up_and_says_so() -> None:
    network = Network()
    alice, bob = network.party("alice"), network.party("bob")
    ring(network, alice, bob)
    network.run(RING_S + 1)
    assert (alice.machine.phase, alice.machine.reason) == ("over", "bob did not answer.")
    assert network.said[-1][1] == Say("hangup", "bob", reason="missed")


def test_a_device_that_comes_while_it_rings_is_rung_too() -> None:
    network = Network()
    alice, bob = network.party("alice"), network.party("bob")
    ring(network, alice, bob)
    before = len(network.said)
    network.run(RING_EVERY_S)
    assert network.said[before:] == network.said[:1]


def test_who_leaves_while_it_rings_takes_the_ringing_back() -> None:
    network = Network()
    alice, bob = network.party("alice"), network.party("bob")
    ring(network, alice, bob)
    alice.machine.leave()
    network.run(1)
    assert network.said[-1] == ("alice-1", Say("hangup", "bob", reason="missed"))
    assert alice.machine.next_due() is None


def test_of_three_one_declines_and_the_others_talk() -> None:
    network = Network()
    alice, bob, carol = (network.party(name) for name in ("alice", "bob", "carol"))
    ring(network, alice, bob, carol)
    alice.machine.hung_up(carol.device, "declined")
    bob.machine.join(["alice-1"], network.now)
    network.run(1)
    assert set(alice.machine.peers) == {"bob-1"}
    assert alice.machine.gone.sentences == ["carol declined."]


def answering(names: str) -> tuple[Network, Party, Party]:
    """The second one has answered the first one's ring, who has just heard that."""
    network = Network()
    alice, bob = (network.party(name) for name in names.split())
    ring(network, alice, bob)
    bob.machine.join([alice.device.device_id], network.now)
    network.run(0.011)
    assert bob.device.device_id in alice.machine.peers
    return network, alice, bob


@pytest.mark.parametrize("names", ["alice bob", "bob alice"])
def test_who_leaves_before_the_answer_to_their_joining_is_out_at_once(names: str) -> None:
    network, alice, bob = answering(names)
    assert not bob.machine.peers, "the answer is under way"
    bob.machine.leave()
    network.run(0.1)
    assert (alice.machine.phase, alice.machine.reason) == ("over", f"{bob.device.user_id} has left.")


@pytest.mark.parametrize("names", ["alice bob", "bob alice"])
def test_who_vanishes_while_they_come_in_is_out_soon(names: str) -> None:
    network, alice, bob = answering(names)
    bob.gone = True
    network.run((ASKS + 1) * ASK_EVERY_S - 1)
    assert bob.device.device_id in alice.machine.peers
    network.run(2)
    assert (alice.machine.phase, alice.machine.reason) == (
        "over",
        f"{bob.device.user_id} could not be reached.",
    )
    assert network.said[-1][1] == Say("hangup", bob.device.device_id, reason="failed")


@pytest.mark.parametrize("names", ["alice bob", "bob alice"])
def test_who_answers_questions_is_waited_for_however_slow_their_connection_is(names: str) -> None:
    network, alice, bob = answering(names)
    network.reaches = lambda _one, _other: False
    network.run((ASKS + 2) * ASK_EVERY_S)
    assert alice.machine.peers[bob.device.device_id].state == "connecting"
    network.reaches = lambda _one, _other: True
    network.run(sum(LEGS_S[:2]) + sum(PAUSES_S[:2]))
    assert network.whole()
    before = len(network.said)
    network.run(60)
    assert not [say for _, say in network.said[before:] if say.payload == Ask()], "who is heard is not asked"


@pytest.mark.parametrize("names", ["alice bob", "bob alice"])
def test_a_leg_that_takes_long_on_a_slow_machine_stands_in_the_end(names: str) -> None:
    network, alice, bob = answering(names)
    connect, slow_s = network._connect, 30.0

    def later(one: Party, other: Party, number: int) -> None:
        stands = network.now + slow_s
        network.underway.append((stands, len(network.said), lambda: connect(one, other, number)))

    network._connect = later  # type: ignore[method-assign]
    network.run(sum(LEGS_S) + sum(PAUSES_S))
    assert network.whole()
    assert (alice.machine.phase, bob.machine.phase) == ("open", "open")


def test_without_a_line_or_after_a_stall_of_our_own_nobody_is_taken_for_gone() -> None:
    network, alice, bob = answering("alice bob")
    alice.machine.line_lost()
    network.lost = lambda _random, _say: True
    network.run((ASKS + 1) * ASK_EVERY_S)
    assert bob.device.device_id in alice.machine.peers
    network.lost = lambda _random, _say: False
    alice.machine.line_up(network.now)
    network.run(LEGS_S[0])
    assert network.whole()

    _, alice, bob = answering("alice bob")
    alice.machine.tick(20 * ASK_EVERY_S)  # the next one after a long stop
    assert bob.device.device_id in alice.machine.peers


def test_who_says_that_it_is_not_in_the_call_is_out_unless_it_is_heard() -> None:
    network, alice, bob = answering("alice bob")
    alice.machine.heard(bob.device, "bob", Absent(), network.now)
    assert alice.machine.reason == "bob has left."

    network = Network()
    alice, bob, carol = together(network, "alice bob carol")
    alice.machine.heard(bob.device, "bob", Absent(), network.now)
    assert "bob-1" in alice.machine.peers
    alice.machine.leg("bob-1", alice.legs["bob-1"], "lost", network.now)
    alice.machine.heard(bob.device, "bob", Absent(), network.now)
    assert set(alice.machine.peers) == {"carol-1"}
    alice.machine.heard(carol.device, "carol", Absent(), network.now)
    assert alice.machine.phase == "open"


def test_who_has_no_line_any_more_does_not_come_but_who_is_in_it_may_come_back() -> None:
    network, alice, bob = answering("alice bob")
    alice.machine.offline("carol")
    assert alice.machine.phase == "connecting"
    alice.machine.offline("bob")
    assert (alice.machine.phase, alice.machine.reason) == ("over", "bob could not be reached.")

    network = Network()
    alice, bob = together(network, "alice bob")
    network.cut(alice, bob)
    alice.machine.offline("bob")
    assert alice.machine.peers["bob-1"].state == "lost"
    network.run(PAUSES_S[0] + 1)
    assert network.whole()


def test_of_several_who_did_not_come_all_are_named() -> None:
    network = Network()
    alice, bob, carol = (network.party(name) for name in ("alice", "bob", "carol"))
    ring(network, alice, bob, carol)
    alice.machine.hung_up(bob.device, "declined")
    network.run(RING_S + 1)
    assert alice.machine.reason == "bob declined, carol did not answer."
    assert alice.machine.gone.count == 2

    alice = network.party("alice", "later")
    ring(network, alice, bob, carol)
    network.run(RING_S + 1)
    assert alice.machine.reason == "Nobody answered."


def test_what_came_of_those_who_were_rung() -> None:
    hows = {
        "bob": "declined",
        "dan": "declined",
        "carol": "busy",
        "eve": "came",
        "fay": "",
        "gil": "identity",
    }
    rung = [Rung(name, name, how) for name, how in hows.items()]  # type: ignore[arg-type]
    assert not_came(rung) == "bob and dan declined, carol was in another call, gil was not reached"
    assert not_came([Rung("b", "bob", "missed"), Rung("c", "carol", "missed")]) == ""
    assert not_came([]) == ""
    many = [Rung(str(number), "n" * 30, "declined") for number in range(16)]
    assert not_came(many) == "16 declined"


def test_six_find_each_other_and_a_seventh_is_told_that_it_is_full() -> None:
    network = Network()
    parties = together(network, "p0 p1 p2 p3 p4 p5")
    assert len(parties) == CALL_PARTIES
    late = network.party("late")
    late.machine.join(["p0-1", "p5-1"], network.now)
    network.run(JOIN_S + 1)
    assert (late.machine.phase, late.machine.reason) == ("over", FULL)
    assert network.whole()


def test_who_joins_where_nobody_is_is_told_so() -> None:
    network = Network()
    alice = network.party("alice")
    alice.machine.join(["bob", "carol-1"], network.now)
    network.run(JOIN_S + 1)
    assert (alice.machine.phase, alice.machine.reason) == ("over", NOBODY)


def test_a_leg_that_falls_is_made_anew_and_the_others_do_not_notice() -> None:
    network = Network()
    alice, bob, _ = together(network, "alice bob carol")
    before = alice.legs["carol-1"], bob.legs["carol-1"]
    network.cut(alice, bob)
    assert alice.machine.peers["bob-1"].state == "lost"
    network.run(PAUSES_S[0] + 1)
    assert network.whole()
    assert (alice.legs["carol-1"], bob.legs["carol-1"]) == before


def test_a_leg_that_only_one_end_sees_falling_is_made_anew() -> None:
    network = Network()
    alice, bob = together(network, "alice bob")
    for party, peer in ((bob, "alice-1"), (alice, "bob-1")):
        number = party.legs[peer]
        party.machine.leg(peer, number, "failed", network.now)
        network.run(PAUSES_S[0] + 2)
        assert party.legs[peer] > number
        assert network.whole()


def test_who_cannot_be_reached_is_out_after_some_tries() -> None:
    network = Network(reaches=lambda one, other: "carol-1" not in (one, other))
    alice, bob, carol = (network.party(name) for name in ("alice", "bob", "carol"))
    ring(network, alice, bob)
    for party in (bob, carol):
        party.machine.join(["alice-1"], network.now)
    network.run(sum(PAUSES_S) + 2 * sum(LEGS_S))
    assert set(alice.machine.peers) == {"bob-1"}
    assert alice.machine.gone.sentences[-1] in ("carol could not be reached.", "carol has left.")
    assert (alice.machine.phase, carol.machine.phase) == ("open", "over")


def test_a_device_that_vanishes_is_lost_then_out() -> None:
    network = Network()
    alice, bob, carol = together(network, "alice bob carol")
    carol.gone = True
    for party in (alice, bob):
        party.machine.leg("carol-1", party.legs["carol-1"], "lost", network.now)
    assert alice.machine.peers["carol-1"].state == "lost"
    network.run(200)
    assert set(alice.machine.peers) == {"bob-1"}
    assert set(bob.machine.peers) == {"alice-1"}


def test_a_device_that_comes_back_anew_gets_a_new_leg() -> None:
    network = Network()
    alice, _ = together(network, "alice bob")
    number = alice.legs["bob-1"]
    again = network.party("bob")
    again.machine.join(["alice-1"], network.now)
    network.run(2)
    assert again.legs["alice-1"] > number
    assert network.whole()


def test_a_second_answer_or_an_older_offer_changes_nothing() -> None:
    network = Network()
    alice, bob = together(network, "alice bob")
    number = alice.legs["bob-1"]
    alice.machine.answered(bob.device, number - 1, "v=0")
    bob.machine.offered(alice.device, "alice", number, "v=0", network.now)
    alice.machine.offered(bob.device, "bob", number + 1, "v=0", network.now)  # alice makes the offers
    alice.machine.leg("bob-1", number - 1, "failed", network.now)
    assert alice.machine.effects == bob.machine.effects == []
    assert network.whole()


def test_a_flood_of_offers_is_not_taken() -> None:
    network = Network()
    _, bob = together(network, "alice bob")
    number = bob.legs["alice-1"]
    for more in range(1, 1_000):
        bob.machine.offered(Device("alice", "alice-1"), "alice", number + more, "v=0", network.now)
    assert sum(isinstance(effect, TakeOffer) for effect in bob.machine.effects) <= OFFERS_BURST


def test_what_one_who_is_not_in_the_call_says_means_nothing() -> None:
    network = Network()
    alice, bob = together(network, "alice bob")
    mallory = Device("mallory", "mallory-1")
    for payload in (Here(devices=[Device("x", "x-1")] * 6), State(sends=Sends(muted=True))):
        alice.machine.heard(mallory, "mallory", payload, network.now)
    alice.machine.hung_up(mallory, "left")
    alice.machine.answered(mallory, 1, "v=0")
    assert alice.machine.effects == []
    assert set(alice.machine.peers) == {"bob-1"}
    assert network.whole()
    assert bob.machine.phase == "open"


def test_what_one_sends_is_known_to_all_also_to_who_comes_later() -> None:
    network = Network()
    alice, bob = together(network, "alice bob")
    alice.machine.set_sends(Sends(muted=True, camera=True))
    network.run(0.1)
    assert bob.machine.peers["alice-1"].sends == Sends(muted=True, camera=True)
    carol = network.party("carol")
    carol.machine.join(["bob-1"], network.now)
    network.run(1)
    assert carol.machine.peers["alice-1"].sends == Sends(muted=True, camera=True)
    assert network.whole()


def test_what_changes_before_those_who_are_asked_answer_is_known_to_them() -> None:
    network = Network()
    alice, bob = together(network, "alice bob")
    carol = network.party("carol")
    carol.machine.join([alice.device.device_id, bob.device.device_id], network.now)
    network.act()
    carol.machine.set_sends(Sends(muted=True))
    network.run(1)
    assert network.whole()
    for party in (alice, bob):
        assert party.machine.peers[carol.device.device_id].sends.muted


def test_what_was_said_while_the_line_was_down_is_said_again() -> None:
    network = Network()
    alice, bob = together(network, "alice bob")
    network.lost = lambda _random, _say: True
    alice.machine.set_sends(Sends(muted=True))
    network.run(1)
    assert bob.machine.peers["alice-1"].sends == Sends()
    network.lost = lambda _random, _say: False
    alice.machine.line_up(network.now)
    network.run(1)
    assert bob.machine.peers["alice-1"].sends == Sends(muted=True)
    assert network.whole()


@pytest.mark.parametrize("names", ["alice bob", "bob alice"])
def test_a_leg_that_fell_while_the_line_was_down_is_made_anew_once_it_is_up(names: str) -> None:
    """Nothing that was tried before has been heard, and it is not counted."""
    network = Network()
    moved, other = together(network, names)
    network.lost = lambda _random, _say: True
    number = moved.machine.peers[other.device.device_id].number
    moved.machine.leg(other.device.device_id, number, "failed", network.now)
    network.run(sum(PAUSES_S[:2]))
    assert not network.whole()
    network.lost = lambda _random, _say: False
    moved.machine.line_up(network.now)
    network.run(1)
    assert network.whole()


def test_only_who_is_asked_in_says_that_a_call_is_full() -> None:
    network = Network()
    alice = network.party("alice")
    alice.machine.join(["bob-1"], network.now)
    alice.machine.hung_up(Device("carol", "carol-1"), "full")
    assert alice.machine.phase == "connecting"
    alice.machine.hung_up(Device("bob", "bob-1"), "full")
    assert (alice.machine.phase, alice.machine.reason) == ("over", FULL)


def test_the_last_one_hears_that_the_call_is_over() -> None:
    network = Network()
    alice, bob, carol = together(network, "alice bob carol")
    bob.machine.leave()
    network.run(1)
    assert alice.machine.phase == "open"
    carol.machine.leave()
    network.run(1)
    assert (alice.machine.phase, alice.machine.reason) == ("over", NOBODY)


def test_an_identity_that_is_refused_costs_that_leg_alone() -> None:
    network = Network()
    alice, bob, carol = together(network, "alice bob carol")
    alice.machine.refused("carol-1", "identity")
    network.run(1)
    assert set(alice.machine.peers) == {"bob-1"}
    assert set(bob.machine.peers) == {"alice-1", "carol-1"}
    assert carol.machine.phase == "open"


TRIED_S: Final = sum(LEGS_S) + sum(PAUSES_S)
"""How long it takes until one that never answers is out."""


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(2, CALL_PARTIES), lossy=st.floats(0, 0.3))
@example(seed=239, count=2, lossy=0.25)  # who gave up just before they were answered is tried for that long
def test_all_who_come_find_each_other_whatever_is_late_or_lost(seed: int, count: int, lossy: float) -> None:
    network = Network(
        random=Random(seed),
        late=lambda random: random.random(),
        lost=lambda random, _say: random.random() < lossy,
    )
    parties = [network.party(f"p{index}") for index in range(count)]
    ring(network, parties[0], *parties[1:])
    for party in parties[1:]:
        party.machine.join(["p0-1"], network.now)
        network.run(network.random.random())
    network.run(5)
    # The line is as it should be from now on, and whoever had lost it says again who they are.
    network.lost = lambda _random, _say: False
    for party in parties:
        party.machine.line_up(network.now)
    network.run(TRIED_S + 5)  # what was underway has come by then
    there = [party for party in parties if party.machine.phase != "over"]
    assert network.whole()
    assert not there or len(there) >= 2
    assert all(party.machine.reason for party in parties if party not in there)


def test_join_of_somebody_unknown_is_answered_with_who_is_there() -> None:
    network = Network()
    alice, _ = together(network, "alice bob")
    alice.machine.heard(Device("carol", "carol-1"), "carol", Join(fresh=True), network.now)
    here = [effect.payload for effect in alice.machine.effects if isinstance(effect, Say)]
    assert here[-1] == Here(
        devices=[Device("alice", "alice-1"), Device("bob", "bob-1"), Device("carol", "carol-1")]
    )


def test_who_only_asks_is_told_who_is_there_and_does_not_come_in() -> None:
    network = Network()
    alice, bob = together(network, "alice bob")
    alice.machine.heard(Device("carol", "carol-1"), "carol", Ask(), network.now)
    (said,) = alice.machine.effects
    assert isinstance(said, Say)
    assert (said.kind, said.to) == ("answer", "carol-1")
    assert isinstance(said.payload, Here)
    assert said.payload.devices == [alice.device, bob.device]
    assert set(alice.machine.peers) == {"bob-1"}


def test_who_is_not_heard_at_the_end_has_fallen_and_is_not_left_behind() -> None:
    network = Network()
    alice, bob, carol = together(network, "alice bob carol")
    alice.gone = True
    number = bob.machine.peers["alice-1"].number
    bob.machine.leg("alice-1", number, "lost", network.now)
    bob.machine.leave()
    assert (bob.machine.gone.fallen, bob.machine.gone.left_behind) == ({"alice"}, {"carol-1"})
    network.run(0.1)
    assert carol.machine.gone.fallen == set()
    for _ in range(20):
        if carol.machine.phase == "over":
            break
        network.cut(carol, alice)
        network.run(LEGS_S[0])
    assert (carol.machine.phase, carol.machine.gone.fallen) == ("over", {"alice"})


def test_who_falls_and_comes_again_has_not_fallen() -> None:
    network = Network()
    alice, bob, carol = together(network, "alice bob carol")
    bob.machine.refused("alice-1", "failed")
    assert bob.machine.gone.fallen == {"alice"}
    bob.machine.heard(alice.device, "alice", Join(fresh=True), network.now)
    assert bob.machine.gone.fallen == set()
    assert carol.machine.gone.fallen == set()
