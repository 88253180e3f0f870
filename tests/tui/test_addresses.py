"""Links: which ones a message has, what they really are, and what opens them."""

from pathlib import Path

import pytest
from hypothesis import given

from mesh_tui.layout.links import LINKS, clip_middle, links, true_address
from mesh_tui.opener import NotOpened, open_address, opener
from tests.tui.conftest import SitDown
from tests.tui.examples import painted_text


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("see https://a.org/x.", ["https://a.org/x"]),
        ("*both* (http://a.org) https://b.org/?q=1#c", ["http://a.org", "https://b.org/?q=1#c"]),
        ("[words](https://a.org/b) ![i](http://c.org/d)", ["https://a.org/b", "http://c.org/d"]),
        ("[https://good.org](https://other.org)", ["https://other.org"]),
        ("```\ncurl https://a.org/x\n```\nand `https://b.org`", ["https://a.org/x", "https://b.org"]),
        ("https://a.org https://a.org", ["https://a.org"]),
        ("[x](javascript:alert(1)) ftp://a.org file:///etc/passwd mailto:a@b.c", []),
        ("https://bank.org@other.org https://a..b https://a.org:99999", []),
    ],
)
def test_the_links_of_a_message(source: str, found: list[str]) -> None:
    assert list(links(source)) == found


def test_so_many_links_and_no_more() -> None:
    assert len(links(" ".join(f"https://a.org/{number}" for number in range(100)))) == LINKS


@pytest.mark.parametrize(
    ("written", "true"),
    [
        ("https://\u0430pple.com/", "https://xn--pple-43d.com/"),
        ("https://ⓔxample.org/ä b", "https://example.org/%C3%A4%20b"),
        ("HTTP://EXAMPLE.org:80/A%20b", "http://example.org:80/A%20b"),
        ("http://[::1]:8000/x", "http://[::1]:8000/x"),
        ("https://", None),
        ("-https://a.org", None),
        ("https://a.org/\x1b[2J", None),
        ("https://a.org/" + "x" * 5_000, None),
    ],
)
def test_an_address_is_what_the_network_takes(written: str, true: str | None) -> None:
    assert true_address(written) == true


@given(painted_text)
def test_whatever_is_written_only_addresses_are_found(text: str) -> None:
    for address in links(text + " https://a.org/" + text):
        assert address.startswith(("http://", "https://"))
        assert address.isascii()
        assert address.isprintable()
        assert true_address(address) == address


def test_a_long_one_keeps_both_ends() -> None:
    clipped = clip_middle("https://docs.example.org/a/very/long/way/to/go/page.html", 30)
    assert len(clipped) == 30
    assert clipped.startswith("https://docs.example")
    assert clipped.endswith("page.html")
    assert clip_middle("https://a.org", 30) == "https://a.org"


# ── what opens it ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def desktop(tmp_path: Path) -> dict[str, str]:
    """An environment with a desktop, whose `xdg-open` writes down what it is given."""
    program = tmp_path / "xdg-open"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >> {tmp_path}/opened\ncase "$1" in *fails*) exit 3;; esac\n'
    )
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "DISPLAY": ":7"}


def test_there_is_a_browser_only_on_a_desktop(desktop: dict[str, str]) -> None:
    assert opener(desktop, "linux") == ("xdg-open",)
    assert opener(desktop | {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "linux") is None
    assert opener(desktop | {"DISPLAY": ""}, "linux") is None
    assert opener(desktop | {"PATH": "/nowhere"}, "linux") is None


async def test_it_is_given_the_address_and_nothing_else(desktop: dict[str, str], tmp_path: Path) -> None:
    await open_address(("xdg-open",), "https://a.org/?x=1&y=$(id)", desktop)
    assert (tmp_path / "opened").read_text() == "https://a.org/?x=1&y=$(id)\n"
    with pytest.raises(NotOpened):
        await open_address(("xdg-open",), "https://a.org/fails", desktop)
    with pytest.raises(NotOpened):
        await open_address(("/nowhere/opener",), "https://a.org", desktop)


@pytest.mark.presses("selected.open_link")
async def test_keys_and_commands(
    shared_server: str,
    sit_down: SitDown,
    number: int,
    desktop: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    seat = await sit_down("alice", shared_server, size=(100, 30))
    await seat.register(f"alice{number}")
    await seat.create_room(f"links {number}")
    for text in (
        "no address",
        "https://a.org/one",
        "https://\u0430pple.com",
        "https://b.org https://c.org/fails",
    ):
        await seat.tell(text)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    await seat.press("up", "o")
    await seat.sees("Copy which link?", "https://b.org (1)", "https://c.org/fails (2)")
    await seat.press("2")
    await seat.sees("Copied, for no browser is here: https://c.org/fails")
    assert seat.app.clipboard == "https://c.org/fails"
    await seat.press("up", "o")
    await seat.sees("https://xn--pple-43d.com (1)")
    await seat.press("escape", "escape")
    for name, value in desktop.items():
        monkeypatch.setenv(name, value)
    await seat.say("/open #2")
    await seat.sees("Opened https://a.org/one")
    assert (tmp_path / "opened").read_text() == "https://a.org/one\n"
    await seat.say("/open #1")
    await seat.sees("✗ There is no link in #1.")
    await seat.press("ctrl+u")
    await seat.say("/open")
    await seat.sees("Open which link?")
    await seat.press("2")
    await seat.sees("Copied, for the browser did not open it: https://c.org/fails")
