"""What is seen of parties of a call: the figures, as scripts read them."""

from mesh_agent.calls.seen import Seen
from mesh_agent.calls.shown import shown
from mesh_agent.machines.call_parts import Peer, Rung
from mesh_agent.media import orders
from protocol.calls import Device, Sends

BOB = Device("bob", "bob-1")
FIGURES = orders.LegStatistics(
    party=BOB.device_id,
    loss=0.05,
    jitter_ms=4.0,
    delay_ms=40.0,
    round_trip_ms=None,
    received_kbps=38.0,
    sent_kbps=41.0,
    concealed_ms=300.0,
    recovered_ms=240.0,
    pictures=7,
    pictures_lost=1,
)


def test_scripts_read_what_was_lost_and_how_much_of_it_was_heard_from_copies() -> None:
    seen = Seen()
    seen.counted(orders.Statistics(legs=[FIGURES]))
    seen.ways[BOB.device_id] = "direct", ""
    parties = seen.parties([Peer(BOB, "bob", offers=True, state="connected")], [Rung("carol", "carol")])
    assert [party.name for party in parties] == ["bob", "carol"]
    (row,) = seen.rows(parties)  # of carol there is no device yet
    assert row == {
        "user": "bob",
        "device": "bob-1",
        "state": "connected",
        "way": "direct",
        "loss": 0.05,
        "jitter_ms": 4.0,
        "delay_ms": 40.0,
        "round_trip_ms": None,
        "received_kbps": 38.0,
        "sent_kbps": 41.0,
        "concealed_ms": 300.0,
        "recovered_ms": 240.0,
        "pictures": 7,
    }


def test_of_whom_nothing_was_told_yet_all_figures_are_nothing() -> None:
    seen = Seen()
    (row,) = seen.rows(seen.parties([Peer(BOB, "bob", offers=True)], []))
    assert (row["loss"], row["concealed_ms"], row["recovered_ms"], row["way"]) == (0.0, 0.0, 0.0, None)


def test_what_the_others_show_is_told_for_what_it_is() -> None:
    sent = (Sends(camera=True), Sends(camera=True, file=True), Sends(screen=True), Sends(file=True))
    peers = [Peer(BOB, "bob", offers=True, sends=sends) for sends in sent]
    parties = Seen().parties(peers, [])
    assert [shown(party) for party in parties] == ["camera", "file", "screen", ""]
