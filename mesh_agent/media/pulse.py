"""What PulseAudio and PipeWire call the microphones and loudspeakers that they have.

Strategy: PortAudio on Linux sees such a server as one device, `pulse`, whatever is behind it. So the server
itself is asked, by libpulse, which is there wherever that device works; and which of them `pulse` becomes is
said in the environment while it is opened. Where there is no libpulse, or nobody answers in time, nothing is
known, and PortAudio's own names are all there are.
"""

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, Literal, NamedTuple

ANSWER_S: Final = 1.5
"""How long a server has to answer."""

DEVICES_MAX: Final = 64
NAME_CHARS: Final = 200
"""Of the name of a device; what is more is cut off."""

APPLICATION: Final = "Mesh"

Kind = Literal["input", "output"]
_ASKED: Final = {"input": "pa_context_get_source_info_list", "output": "pa_context_get_sink_info_list"}
_VARIABLES: Final = {"input": "PULSE_SOURCE", "output": "PULSE_SINK"}
NAMED: Final = "PULSE_PROP_OVERRIDE_application.name"
"""What sets the name of this program in the lists of others, where "ALSA plug-in [python3]" would stand."""

_MONITOR: Final = ".monitor"
"""How the names of sources end that are what a loudspeaker plays, and no microphones."""

_READY, _OVER = 4, (5, 6)
_NO_AUTOSPAWN: Final = 1
_POINTER: Final = ctypes.c_void_p


class Info(ctypes.Structure):
    """How `pa_source_info` and `pa_sink_info` begin."""

    _fields_ = (("name", ctypes.c_char_p), ("index", ctypes.c_uint32), ("description", ctypes.c_char_p))


Heard: Final = ctypes.CFUNCTYPE(None, _POINTER, ctypes.POINTER(Info), ctypes.c_int, _POINTER)


class Known(NamedTuple):
    """`name`: for a person. `inner`: as the server has it."""

    name: str
    inner: str


@cache
def library() -> Any:
    """libpulse; None where it is not there."""
    try:
        pulse = ctypes.CDLL("libpulse.so.0")
        for returns in ("pa_mainloop_new", "pa_mainloop_get_api", "pa_context_new", *_ASKED.values()):
            getattr(pulse, returns).restype = _POINTER
    except (OSError, AttributeError):
        return None
    return pulse


def listed(kind: Kind, pulse: Any = None, answer_s: float = ANSWER_S) -> list[Known] | None:
    """All of that kind, in the server's order; None: no server answers. Blocks, for `answer_s` at most.

    `pulse`: as `library` gives it, which is also what None stands for.
    """
    pulse = pulse or library()
    if pulse is None:
        return None
    loop = _POINTER(pulse.pa_mainloop_new())
    context = _POINTER(pulse.pa_context_new(_POINTER(pulse.pa_mainloop_get_api(loop)), APPLICATION.encode()))
    until = time.monotonic() + answer_s
    try:
        if pulse.pa_context_connect(context, None, _NO_AUTOSPAWN, None) < 0:
            return None
        while (state := pulse.pa_context_get_state(context)) != _READY:
            if state in _OVER or not _turn(pulse, loop, until):
                return None
        return _ask(pulse, loop, context, kind, until)
    finally:
        pulse.pa_context_disconnect(context)
        pulse.pa_context_unref(context)
        pulse.pa_mainloop_free(loop)


def _ask(pulse: Any, loop: Any, context: Any, kind: Kind, until: float) -> list[Known] | None:
    found: list[Known] = []
    over: list[int] = []

    def hear(_context: Any, info: Any, end: int, _: Any) -> None:
        if end:
            over.append(end)
        elif info and len(found) < DEVICES_MAX:
            found.append(_known(info.contents))

    heard = Heard(hear)
    operation = getattr(pulse, _ASKED[kind])(context, heard, None)
    if not operation:
        return None
    try:
        while not over:
            if pulse.pa_context_get_state(context) != _READY or not _turn(pulse, loop, until):
                return None
    finally:
        pulse.pa_operation_cancel(_POINTER(operation))
        pulse.pa_operation_unref(_POINTER(operation))
    return _distinct([each for each in found if not (kind == "input" and each.inner.endswith(_MONITOR))])


def _turn(pulse: Any, loop: Any, until: float) -> bool:
    """Does what there is to do now, or waits for it. False: it is too late, or the loop is over."""
    left = until - time.monotonic()
    if left <= 0 or pulse.pa_mainloop_prepare(loop, ctypes.c_int(max(1, int(left * 1_000_000)))) < 0:
        return False
    return bool(pulse.pa_mainloop_poll(loop) >= 0 and pulse.pa_mainloop_dispatch(loop) >= 0)


def _known(info: Info) -> Known:
    inner = (info.name or b"").decode("utf-8", "replace")
    name = (info.description or b"").decode("utf-8", "replace")
    return Known((name.strip() or inner)[:NAME_CHARS], inner)


def _distinct(found: list[Known]) -> list[Known]:
    """Two of the same make have the same name: the second one also has its inner one."""
    names: set[str] = set()
    told = []
    for each in found:
        name = f"{each.name} ({each.inner})"[:NAME_CHARS] if each.name in names else each.name
        names.add(name)
        told.append(Known(name, each.inner))
    return told


@contextmanager
def meant(kind: Kind, inner: str) -> Iterator[None]:
    """What is opened meanwhile as `pulse` is that device of the server; the usual one, where it is empty."""
    wanted = {NAMED: APPLICATION} | ({_VARIABLES[kind]: inner} if inner else {})
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
