"""Names found by some of their letters, in order: `gtk` finds "general talk". Knows no screen.

Strategy: what is typed and each name are folded once (case, accents, and what stands between words as a
space). A name then fits in one of four ways, the better way first: it begins so, a word in it does, it has
that anywhere, or it has the letters scattered. The first three are calls into C for each name. Scattered
letters may have a choice of places, which costs time; so the best one is looked for only in the few names
whose letters stand closest. Letters at the beginning of a word and side by side count most.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import nsmallest
from itertools import chain, groupby
from math import inf
from typing import Final, NamedTuple

from rich.cells import split_graphemes

QUERY_CHARS: Final = 40
"""Folded characters of what is typed that are looked at."""

NAME_CHARS: Final = 64
"""Folded characters of a name that are looked at."""

SCATTERED: Final = 50
"""Names for which the best places of scattered letters are worked out, for each key."""

EXACT, BEGINS, WORD, WITHIN, LETTERS = range(5)
"""The ways in which a name fits, the best first."""

WORD_POINTS: Final = 8
"""For a letter that begins a word."""

SIDE_POINTS: Final = 6
"""For a letter right after the one before."""

GAP_POINTS: Final = 4
"""What one character between costs; each further one costs a point."""

_BETWEEN_WORDS: Final = str.maketrans(dict.fromkeys("-_./\\:·\t\n", " "))


class Folded(NamedTuple):
    """A name as it is compared. `text` begins with a space; `origin`: where each character of it was."""

    text: str
    origin: Sequence[int]


class Match(NamedTuple):
    """How a name fits. `at`: the indices of its characters that do, ascending; `points` of scattered ones."""

    way: int
    at: tuple[int, ...]
    points: float = 0


class Hit(NamedTuple):
    """An item that fits: its index, by which of its names it does, and where."""

    item: int
    name: int
    at: tuple[int, ...]


def fold(name: str) -> Folded:
    """`name` without case, accents and what stands between words."""
    if name.isascii():
        text = name[:NAME_CHARS].lower().translate(_BETWEEN_WORDS)
        return Folded(f" {text}", range(-1, len(text)))
    text, origin = " ", [-1]
    for index, character in enumerate(name[:NAME_CHARS]):
        parts = _fold_character(character)
        text += parts
        origin += [index] * len(parts)
    return Folded(text[: NAME_CHARS + 1], origin[: NAME_CHARS + 1])


@lru_cache(maxsize=4_096)
def _fold_character(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character.casefold()).translate(_BETWEEN_WORDS)
    return "".join(part for part in parts if not unicodedata.combining(part))


def fold_query(typed: str) -> str:
    """What is typed as it is looked for; white space at its ends, and more than one, is none."""
    return " ".join(fold(typed).text.split())[:QUERY_CHARS].rstrip()


def match(query: str, name: Folded) -> Match | None:
    """How `name` fits a folded query; None where it does not."""
    way, _ = _way(query, name.text)
    if way is None:
        return None
    if way == LETTERS:
        points, places = _scattered(query, name.text)
    else:
        start = name.text.find(f" {query}") + 1 if way < WITHIN else name.text.find(query)
        points, places = 0.0, list(range(start, start + len(query)))
    at = dict.fromkeys(name.origin[place] for place in places)
    return Match(way, tuple(index for index in at if index >= 0), points)


class Names:
    """The names of many items, looked through with each letter that is typed."""

    def __init__(self, items: Sequence[Sequence[Folded]]) -> None:
        """`items`: the names of each, those that it is less often looked for by last."""
        self._folded = [name for names in items for name in names]
        self._texts = [folded.text for folded in self._folded]
        self._item = [item for item, names in enumerate(items) for _ in names]
        self._name = [place for names in items for place, _ in enumerate(names)]
        self._before = ""
        self._fitted: Sequence[int] = range(len(self._folded))
        """What was looked for last, and what fitted: with more letters, nothing else can."""

    def find(self, query: str, most: int) -> list[Hit]:
        """The `most` items that fit a folded query best; equal ones in the order given."""
        among = self._fitted if query.startswith(self._before) else range(len(self._folded))
        texts = self._texts
        fitting: list[list[int]] = [[] for _ in range(LETTERS)]
        scattered: list[tuple[int, int]] = []
        for number in among:
            way, reach = _way(query, texts[number])
            if way == LETTERS:
                scattered.append((reach, number))
            elif way is not None:
                fitting[way].append(number)
        self._before = query
        self._fitted = sorted((*chain(*fitting), *(number for _, number in scattered)))
        for numbers in fitting:
            numbers.sort(key=self._name.__getitem__)
        return self._best(query, chain(*fitting, self._by_points(query, scattered)), most)

    def _by_points(self, query: str, scattered: list[tuple[int, int]]) -> list[int]:
        """The names with scattered letters, as far as they are looked at, the best first."""
        closest = [number for _, number in nsmallest(SCATTERED, scattered)]
        points = {number: _scattered(query, self._texts[number])[0] for number in closest}
        return sorted(points, key=lambda number: (-points[number], self._name[number], number))

    def _best(self, query: str, numbers: Iterable[int], most: int) -> list[Hit]:
        """The items of the first names, `most` of them, each by the first of its own."""
        hits: dict[int, Hit] = {}
        for number in numbers:
            if len(hits) == most:
                break
            item = self._item[number]
            fits = match(query, self._folded[number]) if item not in hits else None
            if fits is not None:
                hits[item] = Hit(item, self._name[number], fits.at)
        return list(hits.values())


def pieces(name: str, at: Sequence[int]) -> Iterator[tuple[str, bool]]:
    """`name` in pieces, and whether each is made of characters `at`; a grapheme is never broken."""
    chosen = set(at)
    spans = [(start, end) for start, end, _ in split_graphemes(name)[0]] if not name.isascii() else None
    spans = spans or [(index, index + 1) for index in range(len(name))]
    for fits, group in groupby(spans, key=lambda span: not chosen.isdisjoint(range(*span))):
        yield "".join(name[start:end] for start, end in group), fits


def _way(query: str, text: str) -> tuple[int | None, int]:
    """The way in which `text` fits, and for scattered letters how far they reach; None: it does not fit."""
    begins = text.find(f" {query}")
    if begins == 0:
        return (EXACT if len(text) == len(query) + 1 else BEGINS), 0
    if begins > 0:
        return WORD, 0
    if query in text:
        return WITHIN, 0
    place = -1
    first = text.find(query[0])
    for letter in query:
        place = text.find(letter, place + 1)
        if place < 0:
            return None, 0
    return LETTERS, place - first


def _scattered(query: str, text: str) -> tuple[float, list[int]]:
    """The most points that the letters of `query` can have in `text`, which has them, and their places."""
    places = [place for place, letter in enumerate(text) if letter == query[0]]
    points: dict[int, float] = {place: _own(text, place) for place in places}
    steps: list[dict[int, int]] = []
    for letter in query[1:]:
        before, points, step = points, {}, {}
        far, far_place = -inf, -1
        """The best place for the letter before that is further back than one, and what it is worth here."""
        for place, character in enumerate(text):
            far -= 1
            if (known := before.get(place - 2, -inf)) - GAP_POINTS >= far:
                far, far_place = known - GAP_POINTS, place - 2
            if character == letter:
                beside = before.get(place - 1, -inf) + SIDE_POINTS
                if (best := max(beside, far)) > -inf:
                    points[place] = best + _own(text, place)
                    step[place] = place - 1 if beside >= far else far_place
        steps.append(step)
    last = max(points, key=points.__getitem__)
    places = [last]
    for step in reversed(steps):
        places.append(step[places[-1]])
    return points[last], places[::-1]


def _own(text: str, place: int) -> int:
    return 1 + (WORD_POINTS if place and text[place - 1] == " " else 0)
