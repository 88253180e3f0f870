"""Of what a program writes, no question reaches its person's own terminal, and everything else does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.terminal.clean import STRING_BYTES, QueryFilter

QUESTIONS = [
    b"\x1b[c",
    b"\x1b[0c",
    b"\x1b[>c",
    b"\x1b[=c",
    b"\x1b[5n",
    b"\x1b[6n",
    b"\x1b[?6n",
    b"\x1b[?996n",
    b"\x1b[?2026$p",
    b"\x1b[4$p",
    b"\x1b[>q",
    b"\x1b[?u",
    b"\x1b[>1u",
    b"\x1b[=5;1u",
    b"\x1b[<u",
    b"\x1b[>4;2m",
    b"\x1b[?4m",
    b"\x1b[18t",
    b"\x1b[21t",
    b"\x1b[8;50;100t",
    b"\x1b[x",
    b"\x1b[1;1;1;1;10;10*y",
    b"\x1b[?1;1;0S",
    b"\x1b[?2048h",
    b"\x1b[?25;2031h",
    b"\x1b[\r6n",
    b"\x1b\n[6n",
    b"\x1bZ",
    b"\x05",
    b"\xc2\x9b6n",
    b"\x1b]10;?\x07",
    b"\x1b]11;?\x1b\\",
    b"\x1b]4;1;?\x07",
    b"\x1b]52;c;?\x07",
    b"\x1bP$qm\x1b\\",
    b"\x1bP+q544e\x1b\\",
    b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\",
]

HARMLESS = [
    b"plain text\r\n",
    "é世😀".encode(),
    b"\x1b[31mred\x1b[0m",
    b"\x1b[2J\x1b[H",
    b"\x1b[?25l\x1b[?25h\x1b[?1049h",
    b"\x1b[?2004h\x1b[?1006h",
    b"\x1b[2 q",
    b"\x1b[!p",
    b"\x1b[22;0t",
    b"\x1b[3;4r",
    b"\x1b[5S",
    b"\x1b[s\x1b[u",
    b"\x1b]0;title\x07",
    b"\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\",
    b"\x1b]11;#123456\x07",
    b"\x1b]52;c;QQ==\x07",
    b"\x1bPq#0;2;0;0;0~\x1b\\",
    b"\x1b(B\x1b)0\x1bM\x1b7\x1b8\x1b=",
]


def clean(*pieces: bytes) -> bytes:
    queries = QueryFilter()
    return b"".join(queries.feed(piece) for piece in pieces)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_taken_out(question: bytes) -> None:
    left = clean(b"a" + question + b"b")
    if question.startswith(b"\xc2"):
        assert left == b"a6nb"  # what is left of it asks nothing
    else:
        assert left == b"ab"
    whole = b"a" + question + b"b"
    assert clean(*(whole[at : at + 1] for at in range(len(whole)))) == left


@pytest.mark.parametrize("harmless", HARMLESS)
def test_everything_else_passes(harmless: bytes) -> None:
    assert clean(harmless + b"a") == harmless + b"a"
    whole = harmless + b"a"
    assert clean(*(whole[at : at + 1] for at in range(len(whole)))) == whole


@pytest.mark.parametrize("final", [bytes([code]) for code in range(0x40, 0x7F)])
def test_of_sequences_without_a_mark_four_kinds_ask(final: bytes) -> None:
    for parameters in (b"", b"1", b"0;38:2::1:2:3"):
        sequence = b"\x1b[" + parameters + final
        assert clean(b"a" + sequence + b"b") == (b"ab" if final in b"cntx" else b"a" + sequence + b"b")


@pytest.mark.parametrize("mode", [1, 7, 12, 25, 1000, 1006, 1049, 2004, 2026, 2031, 2048, 9999])
def test_of_modes_two_tell_by_themselves(mode: int) -> None:
    for final in "hl":
        sequence = f"\x1b[?{mode}{final}".encode()
        assert clean(b"a" + sequence + b"b") == (b"ab" if mode in (2031, 2048) else b"a" + sequence + b"b")


@settings(deadline=None)
@given(st.lists(st.sampled_from([*QUESTIONS, *HARMLESS]), max_size=8), st.data())
def test_cut_anywhere_it_is_the_same(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts) + b"."
    at = data.draw(st.integers(0, len(whole)))
    assert clean(whole[:at], whole[at:]) == clean(whole)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_cut_anywhere(data: bytes, at: int) -> None:
    assert clean(data[:at], data[at:]) == clean(data)


def test_what_comes_out_ends_where_a_sequence_does() -> None:
    queries = QueryFilter()
    assert queries.feed(b"a\x1b[3") == b"a"
    assert queries.feed(b"1mb\xe4\xb8") == b"\x1b[31mb"
    assert queries.feed(b"\x96\x1b") == "世".encode()
    assert queries.feed(b"]0;ti") == b""
    assert queries.feed(b"tle\x1b") == b""
    assert queries.feed(b"\\c") == b"\x1b]0;title\x1b\\c"


def test_a_string_without_end_is_not_kept_nor_shown() -> None:
    queries = QueryFilter()
    out = queries.feed(b"a\x1b]52;c;")
    for _ in range(40):
        out += queries.feed(b"A" * 65_536)
    assert 2 * STRING_BYTES < 40 * 65_536
    out += queries.feed(b"\x07b")
    assert out == b"ab"
