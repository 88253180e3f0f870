"""A server's address as people type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.client.address import Link, is_link, parse_address, parse_link
from mesh_agent.client.errors import LinkInvalid, WrongAddress


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("  HTTPS://Chat.Example.ORG  ", "https://chat.example.org"),
        ("https://chat.example.org:443", "https://chat.example.org"),
        ("http://chat.example.org:80", "http://chat.example.org"),
        ("chat.example.org", "https://chat.example.org"),
        ("chat.example.org:8443/mesh/", "https://chat.example.org:8443/mesh"),
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_it_has_one_written_form(typed: str, written: str) -> None:
    assert parse_address(typed) == written


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ftp://chat.example.org",
        "http://",
        "http:///path",
        "http://alice:secret@chat.example.org",
        "https://chat.example.org?x=1",
        "https://chat.example.org#x",
        "http://chat.example.org:99999",
        "http://[::1",
        "http://127.0.0.1:0",
        "http://two..dots.org",
        f"http://{'a' * 64}.org",
        "two words",
        "http://host\x1b[31m",
        "a" * 1000,
    ],
)
def test_what_cannot_be_one_is_refused_in_words(typed: str) -> None:
    with pytest.raises(WrongAddress) as refused:
        parse_address(typed)
    assert "is not a server's address" in refused.value.message
    assert refused.value.message.isprintable()


@given(st.text(max_size=60))
def test_nothing_but_a_wrong_address_is_raised_and_the_form_is_stable(typed: str) -> None:
    try:
        written = parse_address(typed)
    except WrongAddress:
        return
    assert parse_address(written) == written


CODE = "5d0a8be2c71f4396a0de57b81c3f924e6ab07d15"


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        (f"https://chat.example.org/invite/{CODE}", "https://chat.example.org"),
        (f"  <HTTPS://Chat.Example.org/invite/{CODE}/> ", "https://chat.example.org"),
        (f"chat.example.org:8443/mesh/invite/{CODE}", "https://chat.example.org:8443/mesh"),
        (f"http://127.0.0.1:8000/invite/{CODE}", "http://127.0.0.1:8000"),
    ],
)
def test_a_link_has_a_server_and_a_code(typed: str, server: str) -> None:
    link = parse_link(typed)
    assert link == Link(server, CODE)
    assert link.url == f"{server}/invite/{CODE}"
    assert is_link(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://chat.example.org",
        "https://chat.example.org/invite/",
        "/invite/" + CODE,
        f"ftp://chat.example.org/invite/{CODE}",
        f"https://chat.example.org/invite/{CODE}?from=mail",
        f"https://chat.example.org/invite/{CODE}/more",
        "https://chat.example.org/invite/../../api",
        f"https://alice:secret@chat.example.org/invite/{CODE}",
        f"https://chat.example.org/invite/{'x' * 65}",
    ],
)
def test_what_is_no_link(typed: str) -> None:
    with pytest.raises(LinkInvalid):
        parse_link(typed)


@given(st.text())
def test_a_link_is_one_or_is_refused(text: str) -> None:
    try:
        link = parse_link(text)
    except LinkInvalid:
        return
    assert parse_link(link.url) == link
