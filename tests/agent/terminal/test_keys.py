"""What a program is sent for a key, a paste and the mouse; and what a person's own terminal sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.terminal import keys
from mesh_agent.terminal.keys import Mouse, focus_bytes, key_bytes, mouse_bytes, paste_bytes, wants_mouse
from mesh_agent.terminal.typed import PASTE_BYTES, Done, Focus, KeyReader, Pasted, Pressed, Typed
from protocol.peer_terminal import (
    APPLICATION_CURSOR,
    BRACKETED_PASTE,
    FOCUS_EVENTS,
    MOUSE_FORMAT_SHIFT,
    MOUSE_SHIFT,
)

NAMED = [
    ("up", 0, b"\x1b[A"),
    ("up", APPLICATION_CURSOR, b"\x1bOA"),
    ("ctrl+up", APPLICATION_CURSOR, b"\x1b[1;5A"),
    ("alt+left", 0, b"\x1b[1;3D"),
    ("ctrl+shift+home", 0, b"\x1b[1;6H"),
    ("end", APPLICATION_CURSOR, b"\x1bOF"),
    ("f1", 0, b"\x1bOP"),
    ("shift+f1", 0, b"\x1b[1;2P"),
    ("f13", 0, b"\x1b[1;2P"),
    ("f5", 0, b"\x1b[15~"),
    ("ctrl+f12", 0, b"\x1b[24;5~"),
    ("delete", 0, b"\x1b[3~"),
    ("pageup", 0, b"\x1b[5~"),
    ("enter", 0, b"\r"),
    ("tab", 0, b"\t"),
    ("shift+tab", 0, b"\x1b[Z"),
    ("escape", 0, b"\x1b"),
    ("backspace", 0, b"\x7f"),
    ("ctrl+a", 0, b"\x01"),
    ("ctrl+z", 0, b"\x1a"),
    ("ctrl+at", 0, b"\x00"),
    ("ctrl+backslash", 0, b"\x1c"),
    ("alt+enter", 0, b"\x1b\r"),
    ("alt+x", 0, b"\x1bx"),
    ("x", 0, b"x"),
    ("space", 0, b" "),
    ("ctrl+unknown", 0, b""),
    ("play", 0, b""),
]


@pytest.mark.parametrize(("key", "modes", "expected"), NAMED)
def test_a_key_by_its_name(key: str, modes: int, expected: bytes) -> None:
    assert key_bytes(key, None, modes) == expected


def test_a_key_that_writes_is_what_it_writes() -> None:
    assert key_bytes("upper_e", "É") == "É".encode()
    assert key_bytes("alt+full_stop", ".") == b"\x1b."
    assert key_bytes("odd", "\x9b") == b""


def test_a_paste_cannot_end_its_brackets_nor_press_keys() -> None:
    evil = "ls\x1b[201~\nrm -rf x\x03\x9b201~\x1b\x1b[201~[201~"
    pasted = paste_bytes(evil, BRACKETED_PASTE)
    assert pasted.startswith(keys.PASTE_BEGIN)
    assert pasted.endswith(keys.PASTE_END)
    inner = pasted[len(keys.PASTE_BEGIN) : -len(keys.PASTE_END)]
    assert b"\x1b" not in inner
    assert b"\x03" not in inner
    assert "\x9b".encode() not in inner
    assert b"\r" in inner
    assert paste_bytes("a\r\nb\nc\t\x1b", 0) == b"a\rb\rc\t"


@given(st.text())
def test_no_paste_has_a_key_in_it(text: str) -> None:
    inner = paste_bytes(text, BRACKETED_PASTE)[len(keys.PASTE_BEGIN) : -len(keys.PASTE_END)]
    assert not set(inner) & (set(range(32)) - {9, 13} | {127})


def test_the_focus_is_told_to_who_asked() -> None:
    assert focus_bytes(True, 0) == b""
    assert focus_bytes(True, FOCUS_EVENTS) == b"\x1b[I"
    assert focus_bytes(False, FOCUS_EVENTS) == b"\x1b[O"


def mouse_modes(level: int, form: int) -> int:
    return level << MOUSE_SHIFT | form << MOUSE_FORMAT_SHIFT


PRESS = Mouse("press", keys.LEFT, 4, 9)
MOUSE = [
    (PRESS, 0, 2, b""),
    (PRESS, 1, 0, b"\x1b[M %*"),
    (PRESS, 2, 2, b"\x1b[<0;5;10M"),
    (PRESS._replace(modifiers=keys.CTRL), 2, 2, b"\x1b[<16;5;10M"),
    (PRESS._replace(modifiers=keys.CTRL), 1, 2, b"\x1b[<0;5;10M"),
    (PRESS._replace(kind="release"), 1, 2, b""),
    (PRESS._replace(kind="release"), 2, 2, b"\x1b[<0;5;10m"),
    (PRESS._replace(kind="release"), 2, 0, b"\x1b[M#%*"),
    (PRESS._replace(kind="release"), 2, 3, b"\x1b[35;5;10M"),
    (PRESS._replace(button=keys.WHEEL_UP), 2, 2, b"\x1b[<64;5;10M"),
    (PRESS._replace(button=keys.WHEEL_UP, kind="release"), 2, 2, b""),
    (PRESS._replace(kind="move"), 2, 2, b""),
    (PRESS._replace(kind="move"), 3, 2, b"\x1b[<32;5;10M"),
    (PRESS._replace(kind="move", button=0), 3, 2, b""),
    (PRESS._replace(kind="move", button=0), 4, 2, b"\x1b[<35;5;10M"),
    (PRESS._replace(column=300), 2, 0, b""),
    (PRESS._replace(column=300), 2, 1, b"\x1b[M " + chr(333).encode() + b"*"),
    (PRESS._replace(column=-1), 2, 2, b""),
]


@pytest.mark.parametrize(("mouse", "level", "form", "expected"), MOUSE)
def test_the_mouse_as_the_program_wants_it(mouse: Mouse, level: int, form: int, expected: bytes) -> None:
    assert mouse_bytes(mouse, mouse_modes(level, form)) == expected
    assert wants_mouse(mouse_modes(level, form)) == (level > 0)


# ── what a terminal sends ────────────────────────────────────────────────────────────────────────

READ: list[tuple[bytes, list[Done]]] = [
    (b"ls -l\r", [Typed(b"ls -l\r")]),
    (b"\x03", [Typed(b"\x03")]),
    ("é".encode(), [Typed("é".encode())]),
    (b"\x1b[A", [Pressed("up")]),
    (b"\x1bOA", [Pressed("up")]),
    (b"\x1b[1;3D", [Pressed("alt+left")]),
    (b"\x1b[1;8A", [Pressed("ctrl+alt+shift+up")]),
    (b"\x1b\x1b[A", [Pressed("alt+up")]),
    (b"\x1b[H", [Pressed("home")]),
    (b"\x1b[1~", [Pressed("home")]),
    (b"\x1b[3~", [Pressed("delete")]),
    (b"\x1b[15;5~", [Pressed("ctrl+f5")]),
    (b"\x1bOP", [Pressed("f1")]),
    (b"\x1b[Z", [Pressed("shift+tab")]),
    (b"\x1bx", [Typed(b"\x1bx")]),
    ("\x1bé".encode(), [Typed("\x1bé".encode())]),
    (b"\x1b\r", [Typed(b"\x1b\r")]),
    (b"\x1b", [Pressed("escape")]),
    (b"\x1b\x1b", [Pressed("escape"), Pressed("escape")]),
    (b"\x1b\x1bx", [Pressed("escape"), Typed(b"\x1bx")]),
    (b"\x1b[", [Typed(b"\x1b[")]),
    (b"\x1bO", [Typed(b"\x1bO")]),
    (b"\x1b[I", [Focus(True)]),
    (b"\x1b[O", [Focus(False)]),
    (b"\x1b[<0;5;10M", [Mouse("press", keys.LEFT, 4, 9)]),
    (b"\x1b[<16;5;10m", [Mouse("release", keys.LEFT, 4, 9, keys.CTRL)]),
    (b"\x1b[<65;1;1M", [Mouse("press", keys.WHEEL_DOWN, 0, 0)]),
    (b"\x1b[<35;1;1M", [Mouse("move", 0, 0, 0)]),
    (b"\x1b[M %*", [Mouse("press", keys.LEFT, 4, 9)]),
    (b"\x1b[M#%*", [Mouse("release", 0, 4, 9)]),
    (b"\x1b[200~one\ntwo\x1b[201~x", [Pasted("one\ntwo"), Typed(b"x")]),
    (b"\x1b[200~\x1b[A\x03\x1b[201~", [Pasted("\x1b[A\x03")]),
    # Answers to queries are no keys.
    (b"a\x1b[?62;22cb", [Typed(b"a"), Typed(b"b")]),
    (b"\x1b[24;80R", []),
    (b"\x1b]11;rgb:0000/0000/0000\x1b\\q", [Typed(b"q")]),
    (b"\x1bP>|xterm\x1b\\", []),
    (b"\x1b[?1u", []),
    (b"\x1b[97;5u", []),
    (b"\x1b[<0;0;1M", []),
]


def read(*pieces: bytes) -> list[Done]:
    reader = KeyReader()
    done = [each for piece in pieces for each in reader.feed(piece)]
    while reader.waiting:
        done += reader.flush()
    return done


def joined(done: list[Done]) -> list[Done]:
    """Typed bytes side by side are one."""
    result: list[Done] = []
    for each in done:
        if isinstance(each, Typed) and result and isinstance(result[-1], Typed):
            result[-1] = Typed(result[-1].data + each.data)
        else:
            result.append(each)
    return result


@pytest.mark.parametrize(("data", "expected"), READ)
def test_what_a_terminal_sends(data: bytes, expected: list[Done]) -> None:
    assert read(data) == expected
    assert joined(read(*(data[at : at + 1] for at in range(len(data))))) == joined(expected)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_cut_anywhere_it_means_the_same(data: bytes, at: int) -> None:
    assert joined(read(data[:at], data[at:])) == joined(read(data))


def test_a_long_paste_comes_in_pieces_and_whole() -> None:
    text = "aé€😀" * PASTE_BYTES
    data = keys.PASTE_BEGIN + text.encode() + keys.PASTE_END
    reader = KeyReader()
    done = [each for at in range(0, len(data), 5_000) for each in reader.feed(data[at : at + 5_000])]
    assert all(isinstance(each, Pasted) and len(each.text) <= PASTE_BYTES + 5_000 for each in done)
    assert "".join(each.text for each in done if isinstance(each, Pasted)) == text


def test_what_never_ends_is_not_kept_nor_typed() -> None:
    reader = KeyReader()
    for _ in range(1_000):
        assert reader.feed(b"\x1b]52;c;" + b"A" * 1_000 if not reader.waiting else b"A" * 1_000) == []
    assert reader.feed(b"\x07") == []
    assert reader.feed(b"q") == [Typed(b"q")]
