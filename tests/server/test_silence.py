"""Who is asked whether they are there, and who is given up; the clock is a number."""

import pytest

from mesh_server.ws.gateway import SWEEPS
from mesh_server.ws.silence import next_step

HEARTBEAT_S = 10.0


class Client:
    """Looked at as the server does, who was `begun` at 0."""

    def __init__(self) -> None:
        self.heard_at = self.asked_at = 0.0
        self.asked: list[float] = []

    def is_given_up(self, now: float) -> bool:
        step = next_step(now, self.heard_at, self.asked_at, HEARTBEAT_S)
        if step == "ask":
            self.asked_at = now
            self.asked.append(now)
        return step == "give up"

    def looked_at(self, since: float, until: float, *, answers: bool = False) -> float | None:
        """When they were given up; None where they were not. Who answers is heard before the next look."""
        now = since
        while now < until:
            if self.is_given_up(now):
                return now
            if answers and self.asked_at == now:
                self.heard_at = now + 0.001
            now += HEARTBEAT_S / SWEEPS
        return None


@pytest.mark.parametrize("phase", [0.0, 0.1, 0.9, 1.7, 2.4])
def test_who_is_silent_is_asked_once_and_given_up_within_two_heartbeats(phase: float) -> None:
    client = Client()
    gone_at = client.looked_at(phase, 100.0)
    assert gone_at is not None
    assert 1.75 * HEARTBEAT_S < gone_at <= 2 * HEARTBEAT_S
    (asked_at,) = client.asked
    assert HEARTBEAT_S < asked_at <= 1.25 * HEARTBEAT_S


@pytest.mark.parametrize("held_s", [15.0, 18.0, 25.0, 3600.0])
def test_a_server_that_was_held_up_itself_asks_first(held_s: float) -> None:
    client = Client()
    assert client.looked_at(held_s, held_s + 100.0, answers=True) is None
    assert client.asked[0] == held_s
    silent = Client()
    gone_at = silent.looked_at(held_s, held_s + 100.0)
    assert gone_at is not None
    assert 0.5 * HEARTBEAT_S < gone_at - held_s <= HEARTBEAT_S


def test_who_answers_is_asked_again_after_the_next_heartbeat() -> None:
    client = Client()
    assert client.looked_at(0.0, 100.0, answers=True) is None
    assert len(client.asked) == 8
