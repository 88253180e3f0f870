"""Names of other people: whatever they are, they stay one component, visible, and in their folder."""

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.files.errors import OfferRefused
from mesh_agent.files.manifest import check
from mesh_agent.files.safe_path import (
    DEPTH,
    NAME_BYTES,
    PART,
    SafeTree,
    name_key,
    numbered,
    portable,
    safe_name,
    safe_target,
    safe_title,
)
from mesh_agent.machines.receiving import Offer
from protocol.peer import Entry, FileMeta
from protocol.text import clean_line

ODD = st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "\\",
        "\0",
        "a",
        "A",
        "é",
        "e\u0301",
        "con",
        "NUL.txt",
        " ",
        "x.",
        "ß",
        "SS",
        "\x1b[31m",
        "\u202e",
        "ﬁ",
    ]
)
TEXT = st.text(min_size=1, max_size=40) | st.lists(ODD, min_size=1, max_size=6).map("".join)
PATHS = st.lists(st.lists(ODD | TEXT, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12)


@given(TEXT)
def test_any_text_becomes_one_component_that_can_be_shown(text: str) -> None:
    name = safe_name(text)
    assert "/" not in name
    assert "\\" not in name
    assert name not in {"", ".", ".."}
    assert not name.endswith((".", " "))
    assert not name.casefold().startswith(PART)
    assert 0 < len(name.encode()) <= NAME_BYTES
    assert os.path.normpath(f"/into/{name}") == f"/into/{name}"
    assert unicodedata.is_normalized("NFC", name)
    assert name.isprintable() or clean_line(name).replace(" ", "") == "".join(name.split())


@given(TEXT)
def test_a_safe_name_is_its_own(text: str) -> None:
    assert safe_name(safe_name(text)) == safe_name(text)
    assert safe_name(numbered(safe_name(text), 2)) == numbered(safe_name(text), 2)
    assert safe_name(portable(safe_name(text))) == portable(safe_name(text))


@pytest.mark.parametrize(
    "name",
    [
        "report.pdf",
        "a b (2).tar.gz",
        ".bashrc",
        "-rf",
        "~",
        "Übung.txt",
        "日本語.md",
        "family 👨‍👩‍👧.jpg",
        "12:30?.txt",
        "naïve café",
    ],
)
def test_ordinary_names_stay(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cafe\u0301", "café"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("COM¹", "_COM¹"),
        ("com1 .txt", "_com1 .txt"),
        ("lpt9", "_lpt9"),
        ("notes. .", "notes___"),
        ("notes.", "notes_"),
        ("notes ", "notes_"),
        ("aux.h", "_aux.h"),
        ("Prn", "_Prn"),
        ("conin$", "_conin$"),
        (" ", "_"),
        ("a\x1b[2Jb", "a_[2Jb"),
        ("gpj\u202eexe.txt", "gpj_exe.txt"),
        ("a\nb\tc", "a_b_c"),
        ("a\u200bb", "a_b"),
        ("a\u200db", "a_b"),
        ("..\\..\\x", ".._.._x"),
        ("\ud800", "_"),
        (f"{PART}1234", f"_{PART}1234"),
        (f"{PART.upper()}1", f"_{PART.upper()}1"),
        ("x" * 300, "x" * 255),
        ("é" * 300 + ".tar.gz", "é" * 126 + ".gz"),
        ("x" * 400 + ".jpg", "x" * 251 + ".jpg"),
    ],
)
def test_what_cannot_be_kept_gets_another_name(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("12:30?.txt", "12_30_.txt"),
        ('<a>|"b"*', "_a___b__"),
        ("a:stream", "a_stream"),
        ("x" * 250 + ".tar", "x" * 136 + ".tar"),
        ("ordinary.pdf", "ordinary.pdf"),
    ],
)
def test_a_disk_of_fat_or_ntfs_gets_a_name_that_it_takes(text: str, name: str) -> None:
    assert portable(safe_name(text)) == name


@pytest.mark.parametrize("text", ["", ".", "..", "/", "/etc/passwd", "a/b", "../a", "a/", "a\0b"])
def test_a_title_is_no_path(text: str) -> None:
    with pytest.raises(OfferRefused):
        safe_title(text)


@pytest.mark.parametrize(
    "text",
    [
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/../b",
        "a/..",
        "./a",
        "a/./b",
        "..",
        ".",
        "",
        "a/b\0",
        "/".join("a" * 102),
    ],
)
@pytest.mark.parametrize("kind", ["leaf", "folder"])
def test_a_path_that_cannot_be_honest_is_refused(text: str, kind: str) -> None:
    with pytest.raises(OfferRefused):
        getattr(SafeTree(), kind)(text)


def test_a_path_may_be_deep_and_long_and_not_deeper_and_longer() -> None:
    SafeTree().leaf("/".join("a" * DEPTH))
    SafeTree().leaf("/".join(["x" * 200] * 14))
    with pytest.raises(OfferRefused, match="too long"):
        SafeTree().leaf("/".join(["x" * 200] * 16))


def folder(*paths: str, kinds: str = "") -> Offer:
    entries = [
        Entry(path, "folder" if kinds[at : at + 1] == "d" else "file", 0, 0, 0o644)
        for at, path in enumerate(paths)
    ]
    meta = FileMeta(
        transfer="t", name="top", size=0, mtime=0, mode=0o755, kind="folder", entries=len(entries)
    )
    return Offer(meta, entries)


def received(*paths: str, kinds: str = "") -> list[str]:
    return [str(path) for path in check(folder(*paths, kinds=kinds)).paths]


def test_names_that_a_disk_takes_for_one_get_numbers() -> None:
    assert received("README", "readme", "Readme", "readme (2)") == [
        "README",
        "readme (2)",
        "Readme (3)",
        "readme (2) (2)",
    ]
    assert received("é.txt", "e\u0301.txt", "É.txt") == ["é.txt", "é (2).txt", "É (3).txt"]
    assert received("straße", "STRASSE") == ["straße", "STRASSE (2)"]
    assert received("a\x01", "a\x02", "a_") == ["a_", "a_ (2)", "a_ (3)"]
    assert received("Src/a", "src/b", "Src/c", "src/A") == ["Src/a", "src (2)/b", "Src/c", "src (2)/A"]
    assert received("con", "CON/x", "Con") == ["_con", "_CON (2)/x", "_Con (3)"]


@pytest.mark.parametrize(
    ("paths", "kinds"),
    [
        (["a", "a"], ""),
        (["a/b", "a/b"], ""),
        (["a", "a/b"], ""),
        (["a/b", "a"], ""),
        (["a", "a"], "dd"),
        (["a", "a"], "fd"),
        (["a/b", "a", "a"], "fdd"),
    ],
)
def test_what_contradicts_itself_is_refused(paths: list[str], kinds: str) -> None:
    with pytest.raises(OfferRefused):
        check(folder(*paths, kinds=kinds))


def test_a_folder_may_be_named_by_what_is_in_it_and_by_itself() -> None:
    assert received("a/b", "a", "c", "c/d", kinds="fddf") == ["a/b", "a", "c", "c/d"]


def test_many_names_for_one_do_not_take_long() -> None:
    names = [f"n ({number})" for number in range(2, 4_000)]
    same = [
        "".join(c.upper() if at & (1 << bit) else c for bit, c in enumerate("n" * 11)) for at in range(2_000)
    ]
    assert len(set(map(name_key, received(*names, *same)))) == len(names) + len(same)


@settings(deadline=None)
@given(PATHS, st.lists(st.sampled_from("df"), min_size=12, max_size=12).map("".join))
def test_no_offer_leads_out_or_gives_two_things_one_name(paths: list[str], kinds: str) -> None:
    refused: OfferRefused | None
    try:
        safe = check(folder(*paths, kinds=kinds)).paths
    except OfferRefused as error:
        refused = error
    else:
        refused = None
    if refused:
        assert refused.message == clean_line(refused.message)
        return
    where = Path("/into/top")
    for path in safe:
        made = os.path.normpath(where.joinpath(*path.parts))
        assert made == str(where.joinpath(*path.parts))
        assert Path(made).is_relative_to(where)
        assert made != str(where)
    assert len({name_key(str(path)) for path in safe}) == len(safe)


@pytest.mark.parametrize(
    ("target", "depth", "fits"),
    [
        ("x", 0, True),
        ("a/b", 3, True),
        ("../x", 1, True),
        ("../../x", 2, True),
        ("..", 1, True),
        ("..", 0, False),
        ("../x", 0, False),
        ("../../x", 1, False),
        ("/etc", 5, False),
        ("a/../..", 5, False),
        ("a/../b", 5, False),
        ("./a", 1, False),
        ("", 1, False),
        ("a//b", 1, False),
        ("a\x1b", 1, False),
        ("../a/", 1, False),
    ],
)
def test_a_link_stays_inside(target: str, depth: int, fits: bool) -> None:
    if fits:
        assert safe_target(target, depth) == target
    else:
        with pytest.raises(OfferRefused):
            safe_target(target, depth)


@given(st.lists(st.sampled_from(["..", ".", "a", "b", ""]), max_size=6).map("/".join), st.integers(0, 4))
def test_no_link_leads_out(target: str, depth: int) -> None:
    try:
        safe = safe_target(target, depth)
    except OfferRefused:
        return
    here = "/top" + "/d" * depth
    assert (os.path.normpath(f"{here}/{safe}") + "/").startswith("/top/")
