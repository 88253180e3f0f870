"""Bodies that do not arrive, and errors that nobody foresaw, against handlers of our own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from mesh_server.http import bodies
from mesh_server.http.middleware import errors
from mesh_server.log import JsonFormatter, on_loop_error
from protocol.errors import RateLimited, StorageUnavailable
from protocol.rest import RefreshRequest
from tests.support.conditions import PATIENCE_S

HEAD = (
    b"POST /read HTTP/1.1\r\nHost: mesh\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
)
SECRET = "a word in confidence"


async def read(request: web.Request) -> web.Response:
    return bodies.answer(await bodies.read_body(request, RefreshRequest))


async def stumble(_request: web.Request) -> web.Response:
    raise ValueError(SECRET) from KeyError(SECRET)


async def full(_request: web.Request) -> web.Response:
    raise StorageUnavailable


async def busy(_request: web.Request) -> web.Response:
    raise RateLimited(retry_after=1.2)


async def teapot(_request: web.Request) -> web.Response:
    raise web.HTTPInternalServerError(text=SECRET)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    application = web.Application(middlewares=[errors])
    application.router.add_post("/read", read)
    for handler in (stumble, full, busy, teapot):
        application.router.add_get(f"/{handler.__name__}", handler)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield reader, writer
    finally:
        writer.close()


@pytest.mark.parametrize("chunk", [b"", b"2\r\n{\r\n", b"zz\r\nxx\r\n", b"2\r\n{}x\r\n"])
async def test_a_body_that_does_not_arrive(port: int, chunk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_S", 0.05)
    async with line_to(port) as (reader, writer):
        writer.write(HEAD)
        assert (await reader.readuntil(b"\r\n\r\n")).split()[1] == b"100"
        writer.write(chunk)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.split()[1] == b"400"
        assert b"body.malformed" in await reader.readuntil(b"}}")


@pytest.mark.parametrize(
    ("path", "status", "code", "retry_after"),
    [
        ("/stumble", 500, "server.internal", None),
        ("/full", 503, "storage.unavailable", None),
        ("/busy", 429, "rate.limited", "2"),
        ("/teapot", 500, "server.internal", None),
    ],
)
async def test_every_failure_is_answered_in_one_form(
    port: int, path: str, status: int, code: str, retry_after: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}{path}") as response:
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (status, code)
        assert response.headers.get("Retry-After") == retry_after
        assert error["request_id"] == response.headers["X-Request-Id"]
        assert SECRET not in await response.text()


async def test_what_was_not_foreseen_is_logged_by_kind_and_place_only(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/stumble"):
        pass
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    line = JsonFormatter().format(record)
    assert "GET /stumble failed" in line
    assert "KeyError" in line
    assert "ValueError" in line
    assert "in stumble" in line
    assert SECRET not in line


async def test_a_task_that_nobody_waits_for_is_logged_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = ValueError(SECRET)
    on_loop_error(
        asyncio.get_running_loop(), {"message": "Task exception was never retrieved", "exception": error}
    )
    (record,) = caplog.records
    line = JsonFormatter().format(record)
    assert "never retrieved" in line
    assert "ValueError" in line
    assert SECRET not in line
