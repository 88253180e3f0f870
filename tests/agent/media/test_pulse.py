"""The names that a sound server has for its devices; the server is a few functions like those of libpulse."""

import ctypes
import os
import time
from collections.abc import Callable
from typing import Any

from mesh_agent.media.pulse import APPLICATION, NAME_CHARS, NAMED, Info, Known, library, listed, meant


class Libpulse:
    """As the library behaves where a server with these devices answers; `ready`: after so many turns."""

    def __init__(
        self, *devices: tuple[bytes | None, bytes | None], ready: float = 2, fails: bool = False
    ) -> None:
        self.devices, self.ready, self.fails = devices, ready, fails
        self.freed = self.turns = 0
        self._work: list[Callable[[], None]] = []
        for one in (
            "pa_mainloop_new",
            "pa_mainloop_get_api",
            "pa_context_new",
            "pa_context_get_sink_info_list",
        ):
            setattr(self, one, getattr(self, one, lambda *_: 1))

    def pa_context_connect(self, *_: Any) -> int:
        return -1 if self.fails else 0

    def pa_context_get_state(self, _: Any) -> int:
        return 4 if self.turns >= self.ready else 1

    def pa_context_get_source_info_list(self, context: Any, heard: Any, data: Any) -> int:
        def tell() -> None:
            for name, description in self.devices:
                heard(context, ctypes.pointer(Info(name, 1, description)), 0, data)
            heard(context, None, 1, data)

        self._work.append(tell)
        return 1

    def pa_mainloop_prepare(self, _: Any, left: ctypes.c_int) -> int:
        self.turns += 1
        if not self._work:
            time.sleep(min(left.value, 1_000) / 1_000_000)
        return 0

    def pa_mainloop_poll(self, _: Any) -> int:
        return 0

    def pa_mainloop_dispatch(self, _: Any) -> int:
        while self._work:
            self._work.pop()()
        return 1

    def pa_operation_cancel(self, _: Any) -> None:
        """It is over."""

    pa_operation_unref = pa_context_disconnect = pa_context_unref = pa_operation_cancel

    def pa_mainloop_free(self, _: Any) -> None:
        self.freed += 1


def test_microphones_have_the_names_that_people_know_and_what_loudspeakers_play_is_none() -> None:
    server = Libpulse(
        (b"alsa.usb", b"USB Headset"),
        (b"alsa.usb.monitor", b"Monitor of USB Headset"),
        (b"alsa.usb.2", b"USB Headset"),
        (b"plain", None),
        (b"caf\xe9", b"x" * 300),
    )
    assert listed("input", server) == [
        Known("USB Headset", "alsa.usb"),
        Known("USB Headset (alsa.usb.2)", "alsa.usb.2"),
        Known("plain", "plain"),
        Known("x" * NAME_CHARS, "caf\ufffd"),
    ]
    assert server.freed == 1


def test_a_server_that_is_not_there_or_does_not_answer_is_known_for_that() -> None:
    for server in (Libpulse(fails=True), Libpulse(ready=float("inf"))):
        assert listed("input", server, answer_s=0.05) is None
        assert server.freed == 1
    silent = Libpulse()
    assert listed("output", silent, answer_s=0.05) is None, "it takes the question and says nothing"
    assert silent.freed == 1


def test_what_is_opened_is_what_was_meant_and_only_then() -> None:
    before = dict(os.environ)
    with meant("output", "alsa.usb"):
        assert os.environ["PULSE_SINK"] == "alsa.usb"
        assert os.environ[NAMED] == APPLICATION
    assert dict(os.environ) == before
    with meant("input", ""):
        assert os.environ.get("PULSE_SOURCE") == before.get("PULSE_SOURCE")
    assert dict(os.environ) == before


def test_without_a_server_the_real_library_says_so_at_once(monkeypatch: Any) -> None:
    """Also where there is no such library at all."""
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere/native")
    assert listed("input") is None
    assert library() is library()
