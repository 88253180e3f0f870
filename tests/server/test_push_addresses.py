"""Where pushes may go: nowhere but to what the administrator wrote, and never inside by way of a name."""

import pytest

from mesh_server.services.push_addresses import AllowList

ALLOWED = AllowList(
    [
        "https://ntfy.example.org",
        "https://push.example.org:8443/gotify/",
        "http://gotify.lan 10.0.0.0/8 fd00::/8",
    ]
)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://ntfy.example.org", "https://ntfy.example.org"),
        ("https://ntfy.example.org/", "https://ntfy.example.org"),
        ("HTTPS://NTFY.Example.ORG:443", "https://ntfy.example.org"),
        ("https://ntfy.example.org/below", "https://ntfy.example.org/below"),
        ("https://push.example.org:8443/gotify", "https://push.example.org:8443/gotify"),
        ("https://push.example.org:8443/gotify/of/Alice", "https://push.example.org:8443/gotify/of/Alice"),
        ("http://gotify.lan:80", "http://gotify.lan"),
    ],
)
def test_what_is_on_the_list(url: str, found: str) -> None:
    place = ALLOWED.find(url)
    assert place is not None
    assert place.url == found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ntfy.example.org",
        "http://ntfy.example.org",
        "https://ntfy.example.org:8443",
        "https://ntfy.example.org.evil.example",
        "https://evil.example/https://ntfy.example.org",
        "https://ntfy.example.org@evil.example",
        "https://alice:secret@ntfy.example.org",
        "https://ntfy.example.org/?to=evil",
        "https://ntfy.example.org/#x",
        "https://ntfy.example.org\\@evil.example",
        "https://ntfy.example.org/a b",
        "https://ntfy.example.org/a\r\nX: y",
        "https://ntfy.example.org/%2e%2e",
        "https://push.example.org:8443",
        "https://push.example.org:8443/gotifyx",
        "https://push.example.org:8443/gotify/../admin",
        "https://push.example.org:8443//gotify",
        "https://ntfy.example.org:0",
        "https://ntfy.example.org:99999",
        "file:///etc/passwd",
        "gopher://ntfy.example.org",
        "https://ntfy.exаmple.org",
        "https://ntfy.example.org/" + "x" * 600,
    ],
)
def test_what_is_not(url: str) -> None:
    assert ALLOWED.find(url) is None


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "0x7f.1", "1.2.3.4.5"]
)
def test_an_address_is_written_in_four_numbers_or_not_at_all(host: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        AllowList([f"http://{host} 127.0.0.0/8"])


@pytest.mark.parametrize(
    "entry", ["", "ntfy.example.org", "ftp://ntfy.example.org", "https://a b", "https://a 10.0.0.1/8"]
)
def test_an_entry_that_cannot_be(entry: str) -> None:
    with pytest.raises(ValueError):
        AllowList([entry])


INSIDE = [
    "127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "not an address",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_does_not_lead_inside(address: str) -> None:
    assert not ALLOWED.may_reach("ntfy.example.org", address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_it_leads_to_the_whole_internet(address: str) -> None:
    assert ALLOWED.may_reach("ntfy.example.org", address)


def test_a_network_is_open_to_the_names_that_it_was_written_after() -> None:
    assert ALLOWED.may_reach("gotify.lan", "10.1.2.3")
    assert ALLOWED.may_reach("gotify.lan", "fd00::1")
    assert ALLOWED.may_reach("gotify.lan", "1.1.1.1")
    assert not ALLOWED.may_reach("gotify.lan", "192.168.1.1")
    assert not ALLOWED.may_reach("gotify.lan", "127.0.0.1")
    assert not ALLOWED.may_reach("push.example.org", "10.1.2.3")


def test_what_is_told_of_the_list_is_no_network() -> None:
    assert ALLOWED.urls == [
        "https://ntfy.example.org", "https://push.example.org:8443/gotify", "http://gotify.lan"
    ]  # fmt: skip
    assert not AllowList([])
