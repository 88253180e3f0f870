"""Sessions over the line: each request has its answer, and what comes is handed on in order."""

import asyncio
from typing import Any

import pytest

from mesh_agent.client.asking import Asking
from mesh_agent.client.errors import NotMesh, Unreachable
from mesh_agent.client.signalling import SESSIONS_MAX, SessionEvent, Signalling
from protocol.events import ClientToServer, Pong
from protocol.rest import P2pDevice, P2pKind, P2pPeer
from protocol.signals import (
    Candidate,
    CloseSession,
    RequestSession,
    SendCandidate,
    Sender,
    SessionClosed,
    SessionCreated,
)
from tests.support.conditions import until


class Heard:
    """A consumer that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def session_event(self, event: Any) -> None:
        self.told.append(event)

    def line_up(self) -> None:
        self.told.append("up")

    def line_lost(self) -> None:
        self.told.append("lost")


def created(re: str | int | None = None, *, session_id: str = "s", kind: P2pKind = "file") -> SessionCreated:
    return SessionCreated(
        re=re,
        session_id=session_id,
        kind=kind,
        room_id="r",
        state="pending",
        created_at="2026-01-01T00:00:00.000Z",
        peers=[P2pPeer(user_id=name, username=name, devices=[P2pDevice(device_id=name)]) for name in "ab"],
        session_token="token",
        expires_in=180,
    )


@pytest.fixture
def sent() -> list[ClientToServer]:
    return []


async def test_a_session_is_asked_for_and_ended(sent: list[ClientToServer]) -> None:
    asking, heard = Asking(), Heard()
    signalling = Signalling(asking)
    signalling.listen(heard)
    assert not signalling.up
    with pytest.raises(Unreachable):
        await signalling.request("r", "file", "b", certificate_fingerprint="c")
    with pytest.raises(Unreachable):
        signalling.candidate("s", payload="x")
    asking.line_up(sent.append)
    signalling.line_up(sent.append)

    asked = asyncio.create_task(signalling.request("r", "file", "b", certificate_fingerprint="c"))
    await until(lambda: sent, "the request")
    (request,) = sent
    assert isinstance(request, RequestSession)
    assert (request.room_id, request.kind, request.peer) == ("r", "file", "b")
    assert (request.certificate_fingerprint, request.session_id) == ("c", None)
    answer = created(request.id)
    asking.answered(answer)
    signalling.heard(answer)
    assert await asked == answer

    signalling.candidate("s", payload="here")
    assert sent[-1] == SendCandidate(session_id="s", payload="here")
    sender = Sender(user_id="b", username="b", device_id="b")
    signalling.heard(Candidate(session_id="s", sender=sender, payload="there"))

    closing = asyncio.create_task(signalling.close("s", "x" * 1000))
    await until(lambda: isinstance(sent[-1], CloseSession), "the end")
    assert isinstance(sent[-1], CloseSession)
    assert len(sent[-1].reason or "") == 250
    asking.answered(SessionClosed(re=sent[-1].id, session_id="s", reason="closed"))
    await closing
    signalling.line_lost()
    kinds = [told if isinstance(told, str) else type(told).__name__ for told in heard.told]
    assert kinds == ["up", "SessionCreated", "Candidate", "lost"]


async def test_an_answer_of_another_kind_is_none(sent: list[ClientToServer]) -> None:
    asking = Asking()
    asking.line_up(sent.append)
    asked = asyncio.create_task(Signalling(asking).accept("s", "c"))
    await until(lambda: sent, "the request")
    asking.answered(Pong(re=sent[0].id))
    with pytest.raises(NotMesh):
        await asked


def test_who_listens_late_is_told_of_the_line(sent: list[ClientToServer]) -> None:
    signalling, heard = Signalling(Asking()), Heard()
    signalling.heard(created())
    signalling.line_up(sent.append)
    signalling.listen(heard)
    assert heard.told == ["up"]


def test_each_kind_of_session_has_its_consumer(sent: list[ClientToServer]) -> None:
    signalling, files, terminals = Signalling(Asking()), Heard(), Heard()
    signalling.listen(files, ["file", "folder"])
    signalling.listen(terminals, ["terminal"])
    signalling.line_up(sent.append)
    sender = Sender(user_id="b", username="b", device_id="b")
    told: list[SessionEvent] = [
        created(session_id="f", kind="folder"),
        created(session_id="t", kind="terminal"),
        Candidate(session_id="t", sender=sender, candidate="terminal 1"),
        Candidate(session_id="f", sender=sender, payload="x"),
        SessionClosed(session_id="t", reason="closed"),
    ]
    for event in told:
        signalling.heard(event)
    of_nobody = SessionClosed(session_id="?", reason="closed")
    signalling.heard(of_nobody)
    assert files.told == ["up", told[0], told[3], of_nobody]
    assert terminals.told == ["up", told[1], told[2], told[4], of_nobody]

    signalling.leave(terminals)
    signalling.heard(told[1])
    signalling.heard(told[2])
    signalling.line_lost()
    assert files.told[4:] == ["lost"]
    assert terminals.told[5:] == []


def test_kinds_of_sessions_long_gone_are_forgotten() -> None:
    signalling, files, terminals = Signalling(Asking()), Heard(), Heard()
    signalling.listen(files, ["file"])
    signalling.listen(terminals, ["terminal"])
    for number in range(SESSIONS_MAX + 1):
        signalling.heard(created(session_id=str(number), kind="terminal"))
    files.told.clear()
    for session_id in ("0", "1"):
        signalling.heard(SessionClosed(session_id=session_id, reason="closed"))
    assert [event.session_id for event in files.told] == ["0"]
