"""The browser's door over HTTP and WebSocket, with a program in place of the client."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from mesh_server.doors.sessions import READ_BYTES, Folders
from mesh_server.doors.web.modes import RESET
from mesh_server.doors.web.wire import PACKET_BYTES, WAITING_BYTES
from mesh_server.ids import system_clock
from mesh_server.services.names import login_key
from protocol.rest import CreateRoomRequest, InviteRequest
from tests.server.doors.web_house import PASSWORD, House, emptied, running_house
from tests.support.conditions import until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(tmp_path / "data") as house:
        yield house


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


async def test_who_is_not_signed_in_sees_a_form_that_needs_no_script_and_loads_nothing_from_elsewhere(
    house: House,
) -> None:
    async with house.browser() as browser, browser.http.get("/") as page:
        text, headers = await page.text(), page.headers
    assert 'action="/web/sign-in"' in text
    assert "<script" not in text
    assert not re.findall(r"https?://", text)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


async def test_the_terminals_page_runs_our_scripts_alone(house: House) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.http.get("/") as page:
            text, policy = await page.text(), page.headers["Content-Security-Policy"]
    assert 'data-session-websocket-url="/web/terminal"' in text
    assert not re.findall(r"https?://", text)
    assert re.search(r"script-src 'self';", policy)
    assert "frame-ancestors 'none'" in policy


async def test_files_are_packed_kept_for_good_and_change_their_address_with_what_is_in_them(
    house: House,
) -> None:
    async with house.browser() as browser:
        addresses = re.findall(r'"(/web/static/[^"]+)"', await browser.see())
        assert {address.rpartition(".")[2] for address in addresses} == {"css", "svg", "ttf"}
        for address in addresses:
            async with browser.http.get(address) as file:
                assert file.status == 200
                assert "immutable" in file.headers["Cache-Control"]
                assert len(await file.read()) > int(file.headers["Content-Length"])
        async with browser.http.get(addresses[0], headers={"Accept-Encoding": "identity"}) as file:
            assert len(await file.read()) == int(file.headers["Content-Length"])
        for wrong in (re.sub(r"static/\w+", "static/0", addresses[0]), addresses[0] + ".py"):
            async with browser.http.get(wrong) as file:
                assert file.status == 404


async def test_what_was_shown_at_an_end_is_told_and_nothing_else_can_be_put_into_the_page(
    house: House,
) -> None:
    async with house.browser() as browser:
        assert "away for too long" in await browser.see("/?why=away")
        text = await browser.see("/?register&why=%3Cscript%3E&invite=%22%3E%3Cscript%3E")
        assert "&quot;&gt;&lt;script&gt;" in text
        assert "<script>" not in text


async def test_without_the_setting_nothing_of_it_is_there(tmp_path: Path) -> None:
    from mesh_server.building import build
    from mesh_server.bus.memory import MemoryBus
    from mesh_server.configuring import load
    from mesh_server.keys import load_keys
    from mesh_server.store.sqlite import SqliteStore

    config = load(env={}, flags={"data": str(tmp_path)})
    store = SqliteStore.open(tmp_path)
    built = build(config, store, MemoryBus(), load_keys(config))
    paths = {route.resource.canonical for route in built.application.router.routes() if route.resource}
    assert "/invite/{code}" in paths
    assert not [path for path in paths if path == "/" or path.startswith("/web")]
    assert built.doors == ()
    built.gateway.accounts.close()
    await store.close()


async def test_an_invites_page_leads_to_the_form_with_its_code_in_it(house: House) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.terminal():
            await until(lambda: house.guests, "a program")
        (guest,) = house.guests
        who = await house.built.gateway.accounts.authenticate(guest.session.access_token)
        services = house.door._services
        room = await services.rooms.create(who, CreateRoomRequest(name="ops"))
        code = (await services.invites.create(who, room.id, InviteRequest())).code
    async with house.browser() as newcomer:
        async with newcomer.http.get(f"/invite/{code}") as page:
            text, headers = await page.text(), page.headers
        assert "come in right here" in text
        assert headers["Referrer-Policy"] == "no-referrer"
        register, sign_in = (html.unescape(address) for address in re.findall(r'href="([^"]+)"', text))
        form = await newcomer.see(register)
        assert 'action="/web/register"' in form
        assert f'value="{code}"' in form
        assert 'action="/web/sign-in"' in await newcomer.see(sign_in)
        assert code is not None
        await newcomer.send("/web/register", username="bob", password=PASSWORD, invite=code)
        found = await house.built.store.rooms.list_members(room.id)
        assert len(found) == 2


# ── signing in ───────────────────────────────────────────────────────────────────────────────────


async def test_a_cookie_is_for_http_alone_for_our_pages_alone_and_secure_where_the_line_is(
    tmp_path: Path,
) -> None:
    async with running_house(tmp_path / "data", trusted_proxies=["127.0.0.1"]) as house:
        async with house.browser() as browser:
            _, _, headers = await browser.send("/web/register", username="alice", password=PASSWORD)
            assert re.fullmatch(r"mesh=[\w-]{43}; HttpOnly; Path=/; SameSite=Strict", headers["Set-Cookie"])
        async with house.browser(X_Forwarded_Proto="https", X_Forwarded_For="192.0.2.1") as browser:
            browser.own = {"Origin": house.url.replace("http:", "https:")}
            status, text, headers = await browser.send("/web/sign-in", username="alice", password=PASSWORD)
            assert status == 303, text
            assert headers["Set-Cookie"].startswith("__Host-mesh=")
            assert "; Secure" in headers["Set-Cookie"]
            async with browser.terminal() as terminal:
                await terminal.shows(b"hello")
        assert house.guests[0].address == "192.0.2.1"


async def test_a_wrong_password_is_told_in_the_page_and_throttled_as_anywhere(tmp_path: Path) -> None:
    """At one moment: the sixth try has to wait for a second."""
    now = system_clock()
    async with running_house(tmp_path / "data", clock=lambda: now) as house:
        async with house.browser() as browser:
            await browser.come_in()
        async with house.browser() as stranger:
            for _ in range(5):
                status, text, _ = await stranger.send("/web/sign-in", username="alice", password="guess")
                assert status == 401
                assert 'role="alert"' in text
                assert 'value="alice"' in text
                assert "guess" not in text
            status, text, headers = await stranger.send("/web/sign-in", username="alice", password=PASSWORD)
            assert status == 429
            assert "Too many tries" in text
            assert int(headers["Retry-After"]) >= 1
        assert house.built.gateway.accounts.throttled == 1


async def test_what_another_site_sends_does_nothing(house: House) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        for origin in ("http://evil.example", "null", None, house.url.replace("127.0.0.1", "localhost")):
            for path in ("/web/sign-in", "/web/register", "/web/sign-out"):
                status, text, headers = await browser.send(path, origin, username="bob", password=PASSWORD)
                assert status == 403
                assert "Set-Cookie" not in headers
                assert "did not come from a page of this server" in text
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await browser.http.ws_connect("/web/terminal", headers={"Origin": origin} if origin else {})
            assert refused.value.status == 403
        assert "data-session-websocket-url" in await browser.see(), "alice is still signed in"


@pytest.mark.parametrize(
    ("mode", "says"),
    [("closed", "Accounts are made by the administrators"), ("invite", "you need one here")],
)
async def test_an_account_is_made_where_registration_allows(tmp_path: Path, mode: str, says: str) -> None:
    async with running_house(tmp_path / "data", registration=mode) as house, house.browser() as browser:
        assert "Create an account" in await browser.see(), "the first one may"
        await browser.come_in("alice")
        async with house.browser() as other:
            assert ("Create an account" in await other.see()) == (mode == "invite")
            assert says in await other.see("/?register")
            status, text, _ = await other.send("/web/register", username="bob", password=PASSWORD)
            assert status == 403
            assert 'role="alert"' in text


async def test_a_form_that_is_none_is_refused(house: House) -> None:
    async with house.browser() as browser:
        for body, kind, status in (
            (b"{}", "application/json", 400),
            (b"a=" + b"b" * 20_000, "application/x-www-form-urlencoded", 413),
            (b"a=" + b"b" * 9_000, "application/x-www-form-urlencoded", 413),
            (b"username=%ff", "application/x-www-form-urlencoded", 400),
            (b"\xff", "application/x-www-form-urlencoded", 400),
            (b"&".join(b"a=1" for _ in range(99)), "application/x-www-form-urlencoded", 400),
        ):
            headers = browser.own | {"Content-Type": kind}
            async with browser.http.post("/web/sign-in", data=body, headers=headers) as answer:
                assert answer.status == status, body[:20]


async def test_there_are_so_many_places_in_all_and_for_each(tmp_path: Path) -> None:
    settings = {"sessions": 2, "sessions_per_person": 1}
    async with running_house(tmp_path / "data", doors=settings) as house:
        async with house.browser() as first, house.browser() as second, house.browser() as third:
            await first.come_in("alice")
            status, text, _ = await second.send("/web/sign-in", username="alice", password=PASSWORD)
            assert status == 429
            assert "as often as may be" in text
            assert len(await _devices(house, "alice")) == 1, "who has no place has no device either"
            await second.come_in("bob")
            status, text, _ = await third.send("/web/register", username="carol", password=PASSWORD)
            assert status == 429
            assert "All places here are taken" in text
            await first.send("/web/sign-out")
            await until(lambda: house.door.visits.seats.taken.total() == 1, "a place")
            await third.come_in("carol")
        async with aiohttp.ClientSession() as http, http.get(f"{house.url}/metrics") as metrics:
            assert 'mesh_door_sessions{door="web"} 2.0' in await metrics.text()


async def _devices(house: House, name: str) -> list[str]:
    store = house.built.store.accounts
    user = await store.get_user_by_key(login_key(name))
    assert user is not None
    return [device.name for device in await store.list_devices(user.id)]


# ── the terminal ─────────────────────────────────────────────────────────────────────────────────


async def test_a_page_has_the_program_on_a_terminal_of_its_size_and_types_into_it(house: House) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.terminal(70, 20) as terminal:
            await terminal.shows(b"size 70x20.")
            await terminal.says("stdin", "hé\r")
            await terminal.shows(b"typed 68c3a90d!")
            await terminal.says("resize", {"width": 60, "height": 10})
            await terminal.shows(b"size 60x10.")
            for nothing in (
                ["stdin"],
                ["stdin", 1],
                ["resize", {"width": "x"}],
                ["focus"],
                ["ack", "x"],
                [],
                7,
            ):
                await terminal.line.send_json(nothing)
            await terminal.line.send_str("{")
            await terminal.says("ping", "12")
            while not terminal.words:
                await terminal.hear()
            assert terminal.words == [["pong", "12"]]
    guest = house.guests[0]
    assert guest.session.user.username == "alice"
    assert guest.url == house.url
    assert guest.folder.stat().st_mode & 0o077 == 0


async def test_a_lost_line_leaves_the_program_which_the_next_one_sees_whole(house: House) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as first:
            await first.shows(b"size 91x23.")
        async with browser.terminal(80, 24) as second:
            await second.shows(b"size 80x24.")
            assert second.seen.startswith(RESET + b"\x1b[?1049h\x1b[?25l\x1b[?1000l\x1b[?1004h")
            assert b"hello" not in second.seen
            await second.shows(b"typed 1b5b49!")  # it has the keyboard now
    assert len(house.guests) == 1


async def test_the_newest_page_has_the_terminal(house: House) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as first:
            await first.shows(b"size 91x23.")
            async with browser.terminal() as second:
                assert await first.ended() == (4000, "taken")
                await second.says("stdin", "a")
                await second.shows(b"61!")


async def test_who_stays_away_is_signed_out_and_nothing_of_them_is_left(tmp_path: Path) -> None:
    async with running_house(tmp_path / "data", doors={"away_s": 1}) as house, house.browser() as browser:
        await browser.come_in()
        async with await browser.comes_in_time():
            assert list((tmp_path / "data/doors/web").iterdir())
        await house.gone(house.guests[-1].session)
        await emptied(tmp_path / "data")
        async with browser.terminal() as late:
            assert await late.ended() == (4000, "gone")
        assert 'action="/web/sign-in"' in await browser.see()


async def test_who_signs_in_and_never_looks_is_signed_out_as_well(tmp_path: Path) -> None:
    async with running_house(tmp_path / "data", doors={"away_s": 1}) as house, house.browser() as browser:
        await browser.come_in()
        await until(lambda: not house.door.visits.seats.taken, "an end")
        assert await _devices(house, "alice") == []
        assert house.guests == []


async def test_signing_out_ends_the_program_and_the_device(house: House, tmp_path: Path) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as terminal:
            await terminal.shows(b"hello")
            status, _, headers = await browser.send("/web/sign-out")
            assert (status, headers["Location"]) == (303, "/?why=left")
            assert all('mesh=""; ' in cookie for cookie in headers.getall("Set-Cookie"))
            assert await terminal.ended() == (4000, "left")
        await house.gone(house.guests[0].session)
        await emptied(tmp_path / "data")


async def test_signing_in_again_ends_what_the_browser_had_before(house: House) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as terminal:
            await terminal.shows(b"hello")
            await browser.come_in("alice", "sign-in")
            assert await terminal.ended() == (4000, "left")
        async with browser.terminal() as terminal:
            await terminal.shows(b"hello")
        assert len(house.guests) == 2
        await house.gone(house.guests[0].session)
        assert await house.is_signed_in(house.guests[1].session)


@pytest.mark.parametrize(("typed", "why"), [("Q", "quit"), ("X", "failed")])
async def test_the_end_of_the_program_is_that_of_the_visit(house: House, typed: str, why: str) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as terminal:
            await terminal.shows(b"size")
            await terminal.says("stdin", typed)
            assert await terminal.ended() == (4000, why)
        await house.gone(house.guests[0].session)


async def test_who_is_suspended_is_out_at_once(house: House, tmp_path: Path) -> None:
    async with house.browser() as admin, house.browser() as browser:
        await admin.come_in("alice")
        await browser.come_in("bob")
        async with admin.terminal() as of_admin, browser.terminal() as terminal:
            await of_admin.shows(b"hello")
            await terminal.shows(b"hello")
            sessions = {guest.session.user.username: guest.session for guest in house.guests}
            alice, bob = sessions["alice"], sessions["bob"]
            headers = {"Authorization": f"Bearer {alice.access_token}"}
            url = f"{house.url}/api/admin/users/{bob.user.id}/suspend"
            async with admin.http.post(url, json={"reason": "spam"}, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
            assert await terminal.ended() == (4000, "revoked")
            await of_admin.says("stdin", "a")
            await of_admin.shows(b"61!")
        status, text, _ = await browser.send("/web/sign-in", username="bob", password=PASSWORD)
        assert status == 403
        assert "suspended" in text


async def test_a_page_that_does_not_keep_up_stops_the_program_and_nothing_piles_up(
    house: House, tmp_path: Path
) -> None:
    async with house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as slow:
            await slow.shows(b"size")
            before = len(slow.seen)
            await slow.says("stdin", "F")
            while len(slow.seen) - before < WAITING_BYTES:
                await slow.hear(acknowledges=False)
            stuck = house.guests[0].folder / "stuck"
            await until(lambda: stuck.exists() and "\n" in stuck.read_text(), "a program that has to wait")
            await slow.says("ping", "")
            while not slow.words:
                await slow.hear(acknowledges=False)
            assert len(slow.seen) - before <= WAITING_BYTES + READ_BYTES
            assert int(stuck.read_text().split()[0]) < WAITING_BYTES + 512 * 1024
            await slow.says("ack", len(slow.seen))
            await slow.shows(b"typed 46!")
            assert len(slow.seen) > 1_000_000


async def test_who_types_more_than_the_program_takes_is_cut_off_and_may_come_again(tmp_path: Path) -> None:
    code = """
import os, time, tty
tty.setraw(0)
os.write(1, b"hello")
while not os.path.exists("go"): time.sleep(0.01)
while typed := os.read(0, 65536): os.write(1, b"typed")
"""
    async with running_house(tmp_path / "data", code) as house, house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as terminal:
            await terminal.shows(b"hello")
            with suppress(ConnectionError):
                for _ in range(12):
                    await terminal.says("stdin", "x" * (PACKET_BYTES // 2))
            assert await terminal.ended() != (4000, "gone")
        (house.guests[0].folder / "go").touch()
        async with browser.terminal() as terminal:
            await terminal.shows(b"typed")


async def test_whom_a_killed_server_left_behind_is_signed_out(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with running_house(folder) as house, house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as terminal:
            await terminal.shows(b"hello")
            session = house.guests[0].session
            other = Folders(tmp_path / "data/doors/web").make("nobody", "at-all")
            await house.door.open(house.url, "")  # as the next server does
            assert not other.exists()
            assert not await house.is_signed_in(session)
            assert await terminal.ended() == (4000, "revoked")


async def test_a_server_that_stops_signs_everybody_out_and_lets_pages_try_again(tmp_path: Path) -> None:
    async with running_house(tmp_path / "data") as house, house.browser() as browser:
        await browser.come_in()
        async with browser.terminal() as terminal:
            await terminal.shows(b"hello")
            closing = asyncio.create_task(house.door.close())
            assert await terminal.ended() == (1012, "restart")
            await closing
        assert not await house.is_signed_in(house.guests[0].session)
        assert list((tmp_path / "data/doors/web").iterdir()) == []
        assert not house.door.visits.seats.taken
