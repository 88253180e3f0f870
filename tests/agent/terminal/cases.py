"""What terminals are tested with, after what vttest and esctest look at: what is written and then seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Case:
    """`rows_shown`: from the top, without empty ones at the end. `differs`: what an engine does not do."""

    name: str
    written: str
    rows_shown: tuple[str, ...]
    cursor: tuple[int, int] | None = None
    columns: int = 10
    rows: int = 5
    differs: Mapping[str, str] = field(default_factory=dict)


NO_SOFT_RESET: Final = {"Ghostty": "it has none"}
ENDS_THERE: Final = {"Pyte": "a control ends the sequence"}
COMPOSED: Final = {"Pyte": "the two are one character then"}


def _five(text: str = "abcde") -> str:
    """A letter on each of five rows."""
    return "\r\n".join(text)


CASES: Final = (
    Case("text", "hello", ("hello",), (5, 0)),
    Case("newline alone goes straight down", "ab\ncd", ("ab", "  cd"), (4, 1)),
    Case("carriage return", "ab\rc", ("cb",), (1, 0)),
    Case("backspace stops at the margin", "a\x08\x08\x08b", ("b",), (1, 0)),
    Case("tab", "a\tb", ("a       b",), (9, 0)),
    Case("tab stops at the last column", "\t\t\tb", ("         b",)),
    Case("vertical tab and form feed are newlines", "a\x0bb\x0cc", ("a", " b", "  c")),
    Case("null and delete are nothing", "a\x00\x7fb", ("ab",), (2, 0)),
    Case("a full row waits with the wrap", "0123456789", ("0123456789",), (9, 0)),
    Case("the next character wraps", "0123456789a", ("0123456789", "a"), (1, 1)),
    Case("carriage return takes the wrap back", "0123456789\ra", ("a123456789",), (1, 0)),
    Case("no wrap where that is off", "\x1b[?7l0123456789abc", ("012345678c",), (9, 0)),
    Case("a wide character does not split at the edge", "012345678日", ("012345678", "日"), (2, 1)),
    Case("scrolling at the bottom", _five() + "\r\nf", ("b", "c", "d", "e", "f"), (1, 4)),
    Case("cursor position", "\x1b[3;4Hx", ("", "", "   x"), (4, 2)),
    Case("cursor position by the other name", "\x1b[3;4fx", ("", "", "   x"), (4, 2)),
    Case("cursor position beyond the edge", "\x1b[99;99Hx", ("", "", "", "", "         x"), (9, 4)),
    Case("cursor position 0 is 1", "\x1b[0;0Hx", ("x",), (1, 0)),
    Case("cursor home without numbers", "abc\x1b[Hx", ("xbc",), (1, 0)),
    Case("cursor up", "\x1b[4;3H\x1b[2Ax", ("", "  x"), (3, 1)),
    Case("cursor up stops at the top", "\x1b[9Ax", ("x",)),
    Case("cursor down", "a\x1b[2Bx", ("a", "", " x")),
    Case("cursor down stops at the bottom", "\x1b[99Bx", ("", "", "", "", "x")),
    Case("cursor forward and back", "\x1b[5Cx\x1b[3Dy", ("   y x",)),
    Case("cursor back stops at the margin", "ab\x1b[99Dx", ("xb",)),
    Case("next and previous line", "abc\x1b[2Ex\x1b[1Fy", ("abc", "y", "x")),
    Case("column absolute", "abc\x1b[7Gx", ("abc   x",)),
    Case("column by the other name", "abc\x1b[7`x", ("abc   x",)),
    Case("row absolute", "abc\x1b[3dx", ("abc", "", "   x")),
    Case("relative forward and down", "a\x1b[2ax\x1b[1ey", ("a  x", "    y")),
    Case("erase to the end of the row", "abcdef\x1b[3D\x1b[K", ("abc",), (3, 0)),
    Case("erase to the beginning of the row", "abcdef\x1b[3D\x1b[1K", ("    ef",), (3, 0)),
    Case("erase the row", "abc\x1b[2Kx", ("   x",)),
    Case("erase below", _five() + "\x1b[3;1H\x1b[J", ("a", "b"), (0, 2)),
    Case("erase above", _five() + "\x1b[3;1H\x1b[1J", ("", "", "", "d", "e"), (0, 2)),
    Case("erase all leaves the cursor", _five() + "\x1b[2Jx", ("", "", "", "", " x")),
    Case("erase characters", "abcdef\x1b[H\x1b[3X", ("   def",), (0, 0)),
    Case("insert characters", "abcdef\x1b[1;3H\x1b[2@", ("ab  cdef",), (2, 0)),
    Case("insert characters pushes out of the row", "0123456789\x1b[H\x1b[3@", ("   0123456",)),
    Case("delete characters", "abcdef\x1b[1;3H\x1b[2P", ("abef",), (2, 0)),
    Case("insert lines", _five() + "\x1b[2;1H\x1b[2L", ("a", "", "", "b", "c"), (0, 1)),
    Case("delete lines", _five() + "\x1b[2;1H\x1b[2M", ("a", "d", "e"), (0, 1)),
    Case("insert mode", "abc\x1b[H\x1b[4hx\x1b[4ly", ("xybc",)),
    Case("repeat", "a\x1b[4b", ("aaaaa",)),
    Case("scroll up", _five() + "\x1b[2S", ("c", "d", "e"), (1, 4)),
    Case("scroll down", _five() + "\x1b[2T", ("", "", "a", "b", "c"), (1, 4)),
    Case("margins scroll between them", _five() + "\x1b[2;4r\x1b[4;1H\nx", ("a", "c", "d", "x", "e")),
    Case("margins put the cursor home", "abc\x1b[2;4rx", ("xbc",)),
    Case("margins that cannot be are none", _five() + "\x1b[4;2r\x1b[5;1H\nx", ("b", "c", "d", "e", "x")),
    Case("insert lines within margins", _five() + "\x1b[2;4r\x1b[2;1H\x1b[L", ("a", "", "b", "c", "e")),
    Case("delete lines within margins", _five() + "\x1b[2;4r\x1b[2;1H\x1b[M", ("a", "c", "d", "", "e")),
    Case("lines outside of margins are not inserted", _five() + "\x1b[2;4r\x1b[5;1H\x1b[L", tuple("abcde")),
    Case("reverse index within margins", _five() + "\x1b[2;4r\x1b[2;1H\x1bM", ("a", "", "b", "c", "e")),
    Case("below the margins nothing scrolls", _five() + "\x1b[1;3r\x1b[5;1H\n\nx", ("a", "b", "c", "d", "x")),
    Case("origin mode counts from the margin", "\x1b[2;4r\x1b[?6h\x1b[1;1Hx", ("", "x")),
    Case("origin mode holds within the margins", "\x1b[2;4r\x1b[?6h\x1b[9;1Hx", ("", "", "", "x")),
    Case("index", "a\x1bDb", ("a", " b")),
    Case("index at the bottom scrolls", _five() + "\x1bD", ("b", "c", "d", "e"), (1, 4)),
    Case("next line", "a\x1bEb", ("a", "b")),
    Case("reverse index", "\x1b[3;1Ha\x1bMb", ("", " b", "a")),
    Case("reverse index at the top scrolls", _five() + "\x1b[H\x1bM", ("", "a", "b", "c", "d"), (0, 0)),
    Case("save and restore", "ab\x1b7\x1b[4;4Hx\x1b8y", ("aby", "", "", "   x")),
    Case("save and restore by the other name", "ab\x1b[s\x1b[4;4Hx\x1b[uy", ("aby", "", "", "   x")),
    Case("restore without a save is home", "abc\x1b[4;4H\x1b8x", ("xbc",)),
    Case("set a tab", "\x1b[1;4H\x1bH\r\tx", ("   x",)),
    Case("clear a tab", "\x1b[1;9H\x1b[0g\r\tx", ("         x",)),
    Case("clear all tabs", "\x1b[3g\tx", ("         x",)),
    Case("tab backwards", "\x1b[1;10H\x1b[Zx", ("        x",)),
    Case("tab forwards", "\x1b[Ix", ("        x",)),
    Case("line drawing", "\x1b(0lqk\x1b(Bx", ("┌─┐x",)),
    Case("shift to the other set", "\x1b)0a\x0eq\x0fb", ("a─b",)),
    Case("alignment", "\x1b#8", ("EEEEEEEEEE",) * 5, (0, 0)),
    Case("reset", _five() + "\x1b[2;4r\x1bcx", ("x",), (1, 0)),
    Case(
        "soft reset takes margins away",
        "\x1b[2;3r\x1b[!p" + _five() + "\r\nf",
        ("b", "c", "d", "e", "f"),
        differs={"Ghostty": "it has none"},
    ),
    Case("the alternate screen is empty", "ab\x1b[?1049h", (), (2, 0)),
    Case("and leaves what was there", "ab\x1b[?1049h\x1b[Hxyz\x1b[?1049lc", ("abc",), (3, 0)),
    Case("the older alternate screen", "ab\x1b[?47hxyz\x1b[?47l", ("ab",)),
    Case("twice in is once in", "ab\x1b[?1049h\x1b[?1049hx\x1b[?1049l", ("ab",)),
    Case("out of it without in", "ab\x1b[?47lc", ("abc",)),
    Case(
        "controls within a sequence", "a\x1b[2\x08Cb", ("a b",), differs={"Pyte": "it ends such a sequence"}
    ),
    Case("cancel ends a sequence", "a\x1b[3\x18b", ("ab",)),
    Case("substitute ends a sequence", "a\x1b]0;x\x1ab", ("ab",)),
    Case("escape begins anew", "a\x1b[3\x1b[2Cb", ("a  b",)),
    Case("an unknown sequence is nothing", "a\x1b[5;6~\x1b[>4;2m\x1b[=1c\x1b[?9999hb", ("ab",)),
    Case("an unknown string is nothing", "a\x1bPsome\x1b\\\x1b_thing\x1b\\\x1b^else\x1b\\b", ("ab",)),
    Case("a title is nothing on the screen", "a\x1b]0;title\x07\x1b]2;title\x1b\\b", ("ab",)),
    Case("a link is its text", "\x1b]8;;http://example.com\x1b\\link\x1b]8;;\x1b\\!", ("link!",)),
    Case("huge numbers are held within", "\x1b[99999999999999999999Cx", ("         x",)),
    Case("many numbers are taken as they fit", "\x1b[" + ";".join("1" * 60) + "mx", ("x",)),
    Case("numbers by colons", "\x1b[38:2::1:2:3mx", ("x",)),
    Case("wide characters overwrite whole", "日本\x1b[1;2Hx", (" x本",)),
    Case("deleting half of a wide character", "日a\x1b[H\x1b[P", (" a",)),
    Case("an emoji is wide", "👍a", ("👍a",), (3, 0)),
    Case("a mark stands on what was before", "e\u0301a", ("e\u0301a",), (2, 0)),
    Case("synchronized output is shown", "\x1b[?2026hab\x1b[?2026l", ("ab",)),
    Case("application modes show nothing", "\x1b[?1h\x1b=\x1b[?2004h\x1b[?1000h\x1b[?1006hx", ("x",)),
    Case("shapes of the cursor show nothing", "\x1b[4 q\x1b[0 qx", ("x",)),
    Case("keyboard protocols show nothing", "\x1b[>1u\x1b[<u\x1b[?ux", ("x",)),
    Case("a window's wishes show nothing", "\x1b[8;40;100t\x1b[22;0t\x1b[23;0tx", ("x",)),
)
