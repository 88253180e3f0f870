"""More of what terminals are tested with: late wraps, side margins, wide characters cut, sets, resets."""

from collections.abc import Iterable
from typing import Final

from tests.agent.terminal.cases import Case

NO_SIDE_MARGINS: Final = {"Pyte": "it has no margins to the side"}
NO_PROTECTION: Final = {"Pyte": "it protects nothing"}
NO_SINGLE_SHIFT: Final = {"Pyte": "it knows two sets"}
NO_NOTHING: Final = {"Pyte": "what is blank is a character to it"}


def _rows(text: Iterable[str] = "abcde") -> str:
    return "\r\n".join(text)


FULL: Final = "0123456789"

MORE: Final = (
    # ── the wrap that waits ──
    Case("a row and a newline", f"{FULL}\nx", (FULL, "         x")),
    Case("a row and a new row", f"{FULL}\r\nx", (FULL, "x"), (1, 1)),
    Case("two full rows", FULL * 2, (FULL, FULL), (9, 1)),
    Case("full rows scroll late", FULL * 5, (FULL,) * 5, (9, 4)),
    Case("one more scrolls", FULL * 5 + "x", (FULL,) * 4 + ("x",), (1, 4)),
    Case("moving takes a waiting wrap back", f"{FULL}\x1b[Ax", ("012345678x",), (9, 0)),
    Case("a place takes a waiting wrap back", f"{FULL}\x1b[1;10Hx", ("012345678x",), (9, 0)),
    Case("erasing a full row to its end", f"{FULL}\x1b[1;10H\x1b[K", ("012345678",), (9, 0)),
    Case("erasing a full row to its beginning", f"{FULL}\x1b[1;10H\x1b[1K", (), (9, 0)),
    # ── moving ──
    Case("up stops at the margin", "\x1b[2;4r\x1b[3;1H\x1b[9Ax", ("", "x")),
    Case("up from above the margin", "\x1b[3;4r\x1b[2;1H\x1b[9Ax", ("x",)),
    Case("down stops at the margin", "\x1b[2;4r\x1b[3;1H\x1b[9Bx", ("", "", "", "x")),
    Case("down from below the margin", "\x1b[2;3r\x1b[4;1H\x1b[9Bx", ("", "", "", "", "x")),
    Case("next line stops at the bottom", "\x1b[9Ex", ("", "", "", "", "x")),
    Case("previous line stops at the top", "\x1b[4;4H\x1b[9Fx", ("x",)),
    Case("0 moves by one", "\x1b[3;3H\x1b[0A\x1b[0D\x1b[0C\x1b[0Bx", ("", "", "  x")),
    Case("column beyond the edge", "\x1b[99Gx", ("         x",)),
    Case("row beyond the bottom", "\x1b[99dx", ("", "", "", "", "x")),
    Case("forward stops at the edge", "\x1b[99Cx", ("         x",)),
    Case("relative forward stops at the edge", "\x1b[99ax", ("         x",)),
    Case("back over a wide character", "日\x1b[2Dx", ("x",), (1, 0)),
    Case("home in origin mode", "\x1b[3;5r\x1b[?6hx", ("", "", "x")),
    Case("leaving origin mode is home", "\x1b[3;5r\x1b[?6h\x1b[?6lx", ("x",)),
    Case("row absolute in origin mode", "\x1b[2;4r\x1b[?6h\x1b[2dx", ("", "", "x")),
    # ── tabs ──
    Case("two tabs forward", "\x1b[2Ix", ("         x",)),
    Case("tab backwards to the margin", "abc\x1b[9Zx", ("xbc",)),
    Case("tab from between", "abc\t\x1b[Zx", ("xbc",)),
    Case("own tabs", "\x1b[3g\x1b[1;3H\x1bH\x1b[1;6H\x1bH\r\ta\tb", ("  a  b",)),
    Case("a tab overwrites nothing", "abc\r\tx", ("abc     x",)),
    Case("reset gives the tabs back", "\x1b[3g\x1bc\tx", ("        x",)),
    # ── inserting, deleting, erasing ──
    Case("insert more than there is room", "abc\x1b[H\x1b[99@x", ("x",)),
    Case("delete more than there is", "abc\x1b[H\x1b[99Px", ("x",)),
    Case("erase more than there is", "abc\x1b[H\x1b[99X", ()),
    Case("insert more lines than there are", _rows() + "\x1b[3;1H\x1b[99L", ("a", "b")),
    Case("delete more lines than there are", _rows() + "\x1b[3;1H\x1b[99M", ("a", "b")),
    Case("inserting lines goes to the margin", "abc\x1b[Lx", ("x", "abc")),
    Case("deleting lines goes to the margin", "abc\r\ndef\x1b[A\x1b[Mx", ("xef",)),
    Case(
        "erase below takes the rest of the row",
        _rows(("abc", "def", "ghi")) + "\x1b[2;2H\x1b[J",
        ("abc", "d"),
    ),
    Case("erase above takes the row's beginning", "abc\r\ndef\x1b[2;2H\x1b[1J", ("", "  f")),
    Case("erase all leaves the place", "abc\x1b[2J\x1b[1Cx", ("    x",)),
    Case("insert mode pushes out of the row", f"{FULL}\x1b[H\x1b[4hab", ("ab01234567",)),
    Case("insert mode and a wide character", "abc\x1b[H\x1b[4h日", ("日abc",)),
    Case(
        "selective erase of what is not protected",
        'abc\x1b[1"qdef\x1b[0"q\x1b[?2K',
        ("   def",),
        differs=NO_PROTECTION,
    ),
    Case("what is protected is erased all the same", '\x1b[1"qabc\x1b[0"q\x1b[2K', ()),
    # ── margins ──
    Case("scroll up within margins", _rows() + "\x1b[2;4r\x1b[S", ("a", "c", "d", "", "e")),
    Case("scroll down within margins", _rows() + "\x1b[2;4r\x1b[T", ("a", "", "b", "c", "e")),
    Case("scroll up more than the margins hold", _rows() + "\x1b[2;4r\x1b[99S", ("a", "", "", "", "e")),
    Case("scroll down more than the margins hold", _rows() + "\x1b[2;4r\x1b[99T", ("a", "", "", "", "e")),
    Case("a margin of one row is none", _rows() + "\x1b[3;3r\x1b[5;1H\nx", ("b", "c", "d", "e", "x")),
    Case("margins beyond the bottom", _rows() + "\x1b[2;99r\x1b[5;1H\nx", ("a", "c", "d", "e", "x")),
    Case("margins taken away", _rows() + "\x1b[2;3r\x1b[r\x1b[5;1H\nx", ("b", "c", "d", "e", "x")),
    Case("reverse index above the margin", _rows() + "\x1b[3;4r\x1b[2;1H\x1bMx", ("x", "b", "c", "d", "e")),
    Case("reverse index at the top, outside", _rows() + "\x1b[3;4r\x1b[H\x1bMx", ("x", "b", "c", "d", "e")),
    Case("next line at the margin scrolls", _rows() + "\x1b[1;3r\x1b[3;1H\x1bEx", ("b", "c", "x", "d", "e")),
    Case(
        "wrapping at the margin scrolls",
        _rows() + "\x1b[1;3r\x1b[3;10Hxy",
        ("b", "c        x", "y", "d", "e"),
    ),
    Case("the alignment takes margins away", "\x1b[2;3r\x1b#8\x1b[5;1H\nx", ("EEEEEEEEEE",) * 4 + ("x",)),
    Case(
        "margins to the side hold text",
        "\x1b[?69h\x1b[3;5s\x1b[1;3Habcde",
        ("  abc", "  de"),
        differs=NO_SIDE_MARGINS,
    ),
    Case(
        "inserting within margins to the side",
        f"{FULL}\x1b[?69h\x1b[3;5s\x1b[1;3H\x1b[@",
        ("01 2356789",),
        differs=NO_SIDE_MARGINS,
    ),
    # ── saving, resetting ──
    Case("what was saved can be restored twice", "ab\x1b7\x1b[3;3H\x1b8\x1b[4;4H\x1b8x", ("abx",)),
    Case("the last one saved is restored", "a\x1b7b\x1b7c\x1b[H\x1b8x\x1b[H\x1b8y", ("aby",)),
    Case("origin mode is saved", "\x1b[2;4r\x1b[?6h\x1b7\x1b[?6l\x1b8\x1b[1;1Hx", ("", "x")),
    Case("the set is saved", "\x1b(0\x1b7\x1b(B\x1b8q", ("─",)),
    Case("reset takes modes away", "\x1b[4h\x1b[?7l\x1b[?6h\x1bc" + FULL + "x", (FULL, "x")),
    Case("reset leaves the alternate screen", "ab\x1b[?1049hcd\x1bcx", ("x",)),
    Case("the newest alternate screen clears", "ab\x1b[?1047hxyz\x1b[?1047l\x1b[?1047h", ()),
    Case("saving a cursor by a mode", "ab\x1b[?1048h\x1b[4;4H\x1b[?1048lx", ("abx",)),
    # ── wide characters ──
    Case("overwriting the first half", "日本\x1b[Hx", ("x 本",)),
    Case("overwriting the second half with a wide one", "日本\x1b[1;2H語", (" 語",)),
    Case("erasing the second half", "日本\x1b[1;2H\x1b[X", ("  本",)),
    Case("erasing to the end from within", "日本\x1b[1;4H\x1b[K", ("日",)),
    Case("erasing to the beginning from within", "日本\x1b[H\x1b[1K", ("  本",)),
    Case("inserting before a wide one at the edge", "01234567日\x1b[H\x1b[@", (" 01234567",)),
    Case("a wide one on the last column without wrap", "\x1b[?7l012345678日", ("012345678",)),
    Case("a wide one that fits", "01234567日", ("01234567日",), (8, 0)),
    Case("wide ones in a row", "日本語日本", ("日本語日本",), (8, 0)),
    Case("half wide forms", "ｱｲｳ", ("ｱｲｳ",), (3, 0)),
    Case("full wide forms", "ＡＢ", ("ＡＢ",), (4, 0)),
    Case("hangul", "한글x", ("한글x",), (5, 0)),
    Case("hangul from its parts", "\u1112\u1161\u11abx", ("\u1112\u1161\u11abx",), (3, 0)),
    Case("marks of Thai", "\u0e01\u0e47x", ("\u0e01\u0e47x",), (2, 0)),
    Case("a variation of a heart", "\u2764\ufe0fx", ("\u2764\ufe0fx",), (2, 0)),
    Case("marks upon marks", "e\u0301\u0323x", ("e\u0301\u0323x",), (2, 0)),
    Case("a mark on a wide one", "日\u0301x", ("日\u0301x",), (3, 0)),
    Case("a mark on the last column", "012345678e\u0301x", ("012345678e\u0301", "x"), (1, 1)),
    Case("a mark on nothing", "\u0301x", ("x",), (1, 0)),
    Case("a mark after moving", "a\x1b[3;3H\u0301x", ("a", "", "  x"), differs=NO_NOTHING),
    Case("a family", "👨\u200d👩x", ("👨\u200d👩x",), (5, 0)),
    Case(
        "what cannot be seen",
        "a\u2060b",
        ("ab",),
        (2, 0),
        differs={"Ghostty": "it keeps it with what is before"},
    ),
    # ── sets ──
    Case("all of the line drawing", "\x1b(0jklmnqtuvwx", ("┘┐┌└┼─├┤┴┬", "│")),
    Case("the British pound", "\x1b(A#\x1b(B#", ("£#",), differs={"Pyte": "it does not have this set"}),
    Case("a set for one character", "\x1b*0a\x1bNqq", ("a─q",), differs=NO_SINGLE_SHIFT),
    Case("reset gives the set back", "\x1b(0\x1bcq", ("q",)),
    # ── what is not text ──
    Case("bell, null, enquiry", "a\x07\x00\x05b", ("ab",), (2, 0)),
    Case("controls of eight bits as characters", "a\u0085\u009b2Jb", ("a2Jb",)),
    Case("an escape at the end waits", "ab\x1b", ("ab",), (2, 0)),
    Case("an escape twice", "a\x1b\x1b[Cb", ("a b",)),
    Case("an unknown escape", "a\x1b~b\x1b?c", ("abc",)),
    Case("unknown private modes", "a\x1b[?31337h\x1b[?31337lb", ("ab",)),
    Case("numbers left out", "\x1b[;3Hx", ("  x",)),
    Case("a string within a string", "a\x1b]0;b\x1b]0;c\x07d", ("ad",)),
    Case("a string cancelled", "a\x1bPxyz\x18b", ("ab",)),
    Case("a picture in sixels", "a\x1bPq#0;2;0;0;0#0~~\x1b\\b", ("ab",)),
    Case("a picture in kitty's way", "a\x1b_Gf=24,s=1,v=1,a=T;AAAA\x1b\\b", ("ab",)),
    Case("the clipboard", "a\x1b]52;c;aGk=\x07b", ("ab",)),
    Case("a notification", "a\x1b]9;hello\x07\x1b]777;notify;a;b\x07b", ("ab",)),
    Case("marks of a prompt", "\x1b]133;A\x07$ \x1b]133;B\x07ls", ("$ ls",)),
    Case("colours of the palette", "\x1b]4;1;rgb:ff/00/00\x07\x1b]104\x07x", ("x",)),
    Case("a folder", "\x1b]7;file:///home/alice\x07x", ("x",)),
    Case("repeat a wide one", "日\x1b[2b", ("日日日",)),
    Case("repeat after moving", "a\x1b[3;1H\x1b[2b", ("a", "", "aa")),
    Case("repeat wraps", "x\x1b[11b", ("x" * 10, "xx")),
    Case("newline mode", "\x1b[20hab\ncd", ("ab", "cd")),
    Case("backspace from a waiting wrap", f"{FULL}\x08x", ("01234567x9",), (9, 0)),
    Case("repeat nothing", "\x1b[5bx", ("x",), differs={"Pyte": "it repeats a blank"}),
)
