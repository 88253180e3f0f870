#!/usr/bin/env python3
"""Makes `mesh_server/services/confusables.txt` from Unicode's confusables (UTS 39).

Run with the package `confusable-homoglyphs` installed, which carries them as JSON: a relation, each pair
in both directions. The data is closed here, so that the program looks a character up once:

- pairs form stars around a prototype, which may be several characters (`m` looks like `rn`);
- names are compared without case, so only characters that case folding leaves as they are have a row;
- a letter whose small form looks like no ASCII letter takes the look of its capital: the Cyrillic `ve`
  that of B, and, since the capital I looks like a small l, `i` that of `l`. Only this way do names that
  differ in case and then in look end in one key. Where the small and the capital form look like different
  ASCII letters (the Greek upsilon: u and Y) the small one counts, or u and y would be one letter.
"""

import json
import unicodedata
from collections import defaultdict
from importlib.resources import files
from pathlib import Path

TARGET = Path(__file__).parent.parent / "mesh_server/services/confusables.txt"
HEADER = """\
# Characters that look like others: what is looked like, a tab, and every character that looks like it.
# Derived from Unicode's confusables.txt (UTS 39) by scripts/make_confusables.py.
# © Unicode, Inc. Terms of use: confusables.LICENSE.txt
"""
DIRECTION_MARK = "\u200e"


def read_pairs() -> dict[str, set[str]]:
    text = files("confusable_homoglyphs").joinpath("confusables.json").read_text("utf-8")
    pairs: dict[str, set[str]] = defaultdict(set)
    for left, others in json.loads(text).items():
        for other in others:
            one, two = left.strip(DIRECTION_MARK), other["c"].strip(DIRECTION_MARK)
            if one != two:
                pairs[one].add(two)
                pairs[two].add(one)
    return pairs


def prototypes(pairs: dict[str, set[str]]) -> dict[str, str]:
    """Each single character that looks like something else -> what it looks like."""

    def rank(text: str) -> tuple[bool, bool, bool, str]:
        """The lowest is the prototype: the middle of a star, or the better half of a lone pair."""
        return len(pairs[text]) == 1, len(text) == 1, not text.isascii(), text

    looks: dict[str, str] = {}
    for text, others in pairs.items():
        prototype = min({text, *others}, key=rank)
        if len(text) == 1 and text != prototype:
            looks[text] = prototype
    return looks


def folded(text: str) -> str:
    while (step := unicodedata.normalize("NFKD", text).casefold()) != text:
        text = step
    return text


def close(looks: dict[str, str]) -> dict[str, str]:
    """`looks` among characters as case folding leaves them."""

    def step(character: str) -> str:
        small = looks.get(character, character)
        if small != character and small.isascii():
            return folded(small)
        capital = character.upper()
        large = looks.get(capital, capital)
        return folded(large if large.isascii() else small)

    def end(text: str) -> str:
        while (following := "".join(map(step, text))) != text:
            text = following
        return text

    letters = {folded(character) for source in looks for character in (source, source.lower())}
    return {c: end(c) for c in sorted(letters) if len(c) == 1 and end(c) != c}


def main() -> None:
    rows: dict[str, list[str]] = defaultdict(list)
    for character, look in close(prototypes(read_pairs())).items():
        rows[look].append(character)
    lines = [f"{look}\t{''.join(characters)}\n" for look, characters in sorted(rows.items())]
    TARGET.write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"{TARGET.name}: {sum(map(len, rows.values()))} characters look like {len(rows)}")


if __name__ == "__main__":
    main()
