"""Whose word on the client's address is believed, and what counts as one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_server.services.addresses import (
    HOPS_MAX,
    client_address,
    is_loopback,
    limited_as,
    parse_networks,
)

PROXIES = parse_networks(["10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1"])
PEER = "10.0.0.1"
CLIENT, LIAR = "192.0.2.7", "198.51.100.9"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        (CLIENT, [], CLIENT),
        (CLIENT, [LIAR], CLIENT),  # no proxy of ours: whatever it says
        (PEER, [], PEER),
        (PEER, [CLIENT], CLIENT),
        (PEER, [f"{LIAR}, {CLIENT}"], CLIENT),  # the client wrote the first one itself
        (PEER, [f"{LIAR}, {CLIENT}, 10.2.3.4"], CLIENT),
        (PEER, [LIAR, CLIENT], CLIENT),  # two headers are one list
        (PEER, [f"{CLIENT}:4711"], CLIENT),
        (PEER, ["2001:db8:2::1"], "2001:db8:2::1"),
        (PEER, ["[2001:db8:2::1]:4711, 2001:db8:1::5"], "2001:db8:2::1"),
        (PEER, ["::ffff:192.0.2.7"], CLIENT),
        (f"::ffff:{PEER}", [CLIENT], CLIENT),
        (PEER, ["10.9.9.9"], "10.9.9.9"),  # someone within: the last one that there is
        (PEER, ["nonsense"], PEER),
        (PEER, [f"{CLIENT}, unknown, 10.2.3.4"], "10.2.3.4"),
        (PEER, [""], PEER),
        ("", [CLIENT], ""),
    ],
)
def test_the_first_address_from_the_right_that_is_no_proxy(
    peer: str, forwarded_for: list[str], expected: str
) -> None:
    assert client_address(peer, forwarded_for, [], PROXIES) == expected


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ([f"for={CLIENT}"], CLIENT),
        ([f"proto=https;for={CLIENT};by=10.0.0.1"], CLIENT),
        ([f'For="{CLIENT}:4711"'], CLIENT),
        (['for="[2001:db8:2::1]:4711";proto=https'], "2001:db8:2::1"),
        ([f"for={LIAR}, for={CLIENT}, for=10.2.3.4"], CLIENT),
        ([f"for={LIAR}", f"for={CLIENT}"], CLIENT),
        ([f"for={CLIENT}, for=_hidden"], PEER),
        ([f"for={CLIENT}, proto=https"], PEER),
        ([f'for="{CLIENT}, for={LIAR}'], LIAR),
    ],
)
def test_forwarded_is_read_alike(forwarded: list[str], expected: str) -> None:
    assert client_address(PEER, [], forwarded, PROXIES) == expected


def test_forwarded_says_nothing_beside_x_forwarded_for() -> None:
    """A proxy that writes the one passes on what the client made up in the other."""
    assert client_address(PEER, [CLIENT], [f"for={LIAR}"], PROXIES) == CLIENT


def test_without_proxies_of_ours_nobody_is_believed() -> None:
    assert client_address("127.0.0.1", [CLIENT], [f"for={CLIENT}"], ()) == "127.0.0.1"


def test_a_long_header_is_read_to_a_bound() -> None:
    assert (
        client_address(PEER, [f"{CLIENT}," + "10.0.0.2," * HOPS_MAX + "10.0.0.3"], [], PROXIES) == "10.0.0.2"
    )


@given(st.lists(st.text()), st.lists(st.text()))
def test_a_header_of_a_client_never_fails_and_never_hides_them(
    forwarded_for: list[str], forwarded: list[str]
) -> None:
    """Whatever they write, what our proxy adds at the right is what counts."""
    assert client_address(PEER, [*forwarded_for, CLIENT], forwarded, PROXIES) == CLIENT
    assert client_address(PEER, [], [*forwarded, f"for={CLIENT}"], PROXIES) == CLIENT


@pytest.mark.parametrize("text", ["", "here", "10.0.0.1/8", "10.0.0.0/33", "300.1.1.1"])
def test_what_is_no_network_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/8"):
        parse_networks([text])


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_limited_as_nobody(address: str) -> None:
    assert is_loopback(address)
    assert limited_as(address) is None


def test_others_are_limited_as_their_network() -> None:
    assert limited_as(CLIENT) == CLIENT
    assert limited_as("2001:db8:2::1") == limited_as("2001:db8:2::ffff:1") == "2001:db8:2::/64"
