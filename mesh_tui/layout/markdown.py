"""Markdown to flows: paragraphs of fragments that know how they are indented.

Strategy: most messages hold no markdown, which one regular expression sees; the rest are parsed with
markdown-it (imported with the first of them). HTML is off, so tags are text; a link shows where it leads;
an image is a link. A source with more marks than people write is painted as it came, since parsing costs up
to the square of their number. Rows are kept for a while: going back to a room asks for the same again.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from mesh_tui.layout.cells import Fragment, Line, fit, paintable, width, wrap
from mesh_tui.layout.code import LEXERS, highlight
from mesh_tui.layout.memory import Memory
from protocol.text import clean_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MARKS: Final = 1_200
"""Characters with a meaning in markdown that one message may have and still be parsed."""

NESTING: Final = 6
"""Quotes and lists within each other that are still indented."""

DEPTH: Final = 40
"""Levels that the parser goes down."""

KEPT: Final = 20_000
"""Rows and fragments of messages that are kept."""

CHARS: Final = 64
"""So many characters of a source weigh as much as a fragment."""

_MEANT: Final = re.compile(r"[\\`*_~\[\]!<>&#|]")
_PLAIN: Final = re.compile(r"(?:(?!\s{0,3}(?:[-+=#>]|\d+[.)])|\t| {4})[^\\`*_~\[\]<&]*(?:\n|\Z))*\Z")
_BLANK_RUN: Final = re.compile(r"\n{3,}")
_REFERENCE: Final = re.compile(
    r"(?P<link>https?://[^\s<>\"]*[^\s<>\".,;:!?'()\[\]])|(?<![\w@])@(?P<name>\w[\w.-]*\w|\w)"
)


@dataclass(slots=True)
class Flow:
    """A paragraph, heading, rule or line of code, before it is broken into rows.

    Attributes:
        lines: its own lines, which are broken separately.
        first, rest: what stands before its first row and before the others.
        words: False where rows break anywhere (code).
        fill: the role that the rest of each row is painted with.
        tight: no empty row before it.
    """

    lines: list[list[Fragment]]
    first: tuple[Fragment, ...] = ()
    rest: tuple[Fragment, ...] = ()
    words: bool = True
    fill: str = ""
    tight: bool = True


def prepare() -> None:
    """Imports what the first message with markdown or code would wait for; may run in a thread."""
    highlight("pass", "python")
    _parser()


_known: Final = Memory[tuple[str, int, str], tuple[Line, ...]](KEPT)
"""What `rows` was given -> what it gave; nothing else decides that."""


def rows(source: str, cells: int, me: str = "") -> tuple[Line, ...]:
    """`source`, cleaned and paintable, as rows of at most `cells` cells. `me`: whose mentions stand out."""
    asked = source, cells, me
    if (found := _known.get(asked)) is None:
        found = tuple(_rows(source, cells, me))
        _known.keep(asked, found, 1 + sum(1 + len(line.fragments) for line in found) + len(source) // CHARS)
    return found


def _rows(source: str, cells: int, me: str) -> Iterator[Line]:
    for number, flow in enumerate(flows(source, me)):
        if number and not flow.tight:
            yield Line(())
        yield from _flow_rows(flow, cells)


def flows(source: str, me: str = "") -> list[Flow]:
    """The paragraphs of `source`."""
    if _PLAIN.match(source) or len(_MEANT.findall(source)) > MARKS:
        return _as_it_is(source, me)
    tokens = _parser().parse(source)
    if any(token.level >= DEPTH - 1 for token in tokens):
        return _as_it_is(source, me)  # the parser leaves out what lies deeper
    return _Walk(me).walk(tokens)


def addresses(source: str) -> Iterator[str]:
    """What `source` links to, as it is written there, in code too; not the words of a link."""
    if _PLAIN.match(source) or len(_MEANT.findall(source)) > MARKS:
        yield from _written(source)
        return
    linked = 0
    for block in _parser().parse(source):
        for token in block.children or (block,):
            linked += token.nesting if token.type in ("link_open", "link_close") else 0
            if token.type in ("link_open", "image"):
                yield str(token.attrGet("href") or token.attrGet("src") or "")
            elif not linked and token.type != "inline":
                yield from _written(token.content)


def _written(text: str) -> Iterator[str]:
    return (match["link"] for match in _REFERENCE.finditer(text) if match["link"])


def _as_it_is(source: str, me: str) -> list[Flow]:
    lines = _BLANK_RUN.sub("\n\n", source.strip("\n")).split("\n")
    return [Flow([_references(line, "", me) for line in lines])]


def _flow_rows(flow: Flow, cells: int) -> Iterator[Line]:
    prefix, rest = tuple(fit(flow.first, cells // 2)), tuple(fit(flow.rest, cells // 2))
    for fragments in flow.lines:
        room = cells - sum(width(fragment.text) for fragment in prefix)
        for row in wrap(fragments, room, words=flow.words):
            decoration = sum(len(fragment.text) for fragment in prefix)
            yield Line((*prefix, *row.fragments), decoration, row.joiner, flow.fill)
            prefix = rest


def _references(text: str, role: str, me: str) -> list[Fragment]:
    """Addresses and mentions told apart within plain text."""
    fragments, position = [], 0
    for match in _REFERENCE.finditer(text):
        kind = "link" if match["link"] else "mention-me" if match["name"] == me else "mention"
        fragments += [
            Fragment(text[position : match.start()], role),
            Fragment(match[0], f"{role} {kind}".strip()),
        ]
        position = match.end()
    fragments.append(Fragment(text[position:], role))
    return [fragment for fragment in fragments if fragment.text]


_OFF: Final = ("reference", "lheading", "entity", "autolink")
"""Entities and percent signs could spell the characters that cleaning removed; the rest surprise in chat."""


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": DEPTH})
    return parser.enable("strikethrough").disable(list(_OFF))


@dataclass(slots=True)
class _Level:
    """A quote or a list around what is being read: `first` stands before its next row, then `rest`."""

    rest: Fragment
    first: Fragment | None = None
    written: str = ""
    """The mark as it was typed, which is painted where nothing follows it."""


@dataclass(slots=True)
class _Walk:
    """Reads markdown-it's tokens in order; each block token's handler is in `_BLOCKS`."""

    me: str
    flows: list[Flow] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    heading: str = ""
    tight: bool = True

    def walk(self, tokens: Sequence["Token"]) -> list[Flow]:
        for token in tokens:
            if handler := _BLOCKS.get(token.type):
                handler(self, token)
        return self.flows or [Flow([[]])]

    def add(
        self, lines: list[list[Fragment]], *, words: bool = True, fill: str = "", tight: bool = False
    ) -> None:
        levels = self.levels[:NESTING]
        lines = [[Fragment(paintable(clean_text(text)), role) for text, role in line] for line in lines]
        first = tuple(level.first or level.rest for level in levels)
        for level in levels:
            level.first = None
        rest = tuple(level.rest for level in levels)
        self.flows.append(Flow(lines, first, rest, words, fill, tight or self.tight))
        self.tight = False

    def inline(self, token: "Token") -> None:
        lines = _inline(token.children or [], "heading" if self.heading else "", self.me)
        self.add(lines if token.content else [[Fragment(self.heading)]])

    def code(self, token: "Token") -> None:
        source, info = token.content.rstrip("\n"), token.info.strip()
        lines = highlight(source, info.split()[0] if info else "")
        if info and info.lower() not in LEXERS:  # more than a language: somebody wrote it to be read
            lines = [[Fragment(info, "code code-comment")], *(lines if source else ())]
        self.levels.append(_Level(Fragment(" ", "code")))
        self.add(lines, words=False, fill="code", tight=True)
        self.levels.pop()
        self.tight = True

    def rule(self, _: "Token") -> None:
        self.add([[Fragment("─" * 16, "rule")]])

    def open_heading(self, token: "Token") -> None:
        self.heading = token.markup

    def close_heading(self, _: "Token") -> None:
        self.heading = ""

    def open_quote(self, _: "Token") -> None:
        bar = Fragment("▎ ", "quote")
        self.levels.append(_Level(bar, bar, ">"))

    def open_list(self, _: "Token") -> None:
        self.levels.append(_Level(Fragment("  ")))

    def close_level(self, token: "Token") -> None:
        self.close_item(token)
        self.levels.pop()

    def open_item(self, token: "Token") -> None:
        level = self.levels[-1]
        level.written = f"{token.info}{token.markup}"
        level.first = Fragment(f"{level.written} " if token.info else "• ", "bullet")
        level.rest = Fragment(" " * len(level.first.text))

    def close_item(self, _: "Token") -> None:
        level = self.levels[-1]
        if level.first is not None:
            level.first, level.rest = None, Fragment("")
            self.add([[Fragment(level.written)]])

    def open_paragraph(self, token: "Token") -> None:
        # `hidden` marks the paragraphs of a list whose items have no empty line between them.
        self.tight = self.tight or (token.hidden and bool(self.flows))


_BLOCKS: Final[dict[str, Callable[[_Walk, "Token"], None]]] = {
    "inline": _Walk.inline,
    "fence": _Walk.code,
    "code_block": _Walk.code,
    "hr": _Walk.rule,
    "heading_open": _Walk.open_heading,
    "heading_close": _Walk.close_heading,
    "blockquote_open": _Walk.open_quote,
    "blockquote_close": _Walk.close_level,
    "bullet_list_open": _Walk.open_list,
    "bullet_list_close": _Walk.close_level,
    "ordered_list_open": _Walk.open_list,
    "ordered_list_close": _Walk.close_level,
    "list_item_open": _Walk.open_item,
    "list_item_close": _Walk.close_item,
    "paragraph_open": _Walk.open_paragraph,
}

_INLINE_ROLES: Final = {"strong": "strong", "em": "em", "s": "strike", "link": "link"}


def _inline(tokens: Sequence["Token"], role: str, me: str) -> list[list[Fragment]]:
    lines: list[list[Fragment]] = [[]]
    roles, targets = [role], [""]
    for token in tokens:
        kind, _, edge = token.type.rpartition("_")
        current = " ".join(filter(None, roles))
        if token.type in ("softbreak", "hardbreak"):
            lines.append([])
        elif token.type == "text":
            lines[-1] += _references(token.content, current, me)
        elif token.type == "code_inline":
            lines[-1].append(Fragment(token.content, f"{current} code-inline".strip()))
        elif token.type == "image":
            lines[-1] += [Fragment(token.content or "image", f"{current} link".strip())]
            lines[-1] += _target(_where(token, "src"))
        elif edge == "open":
            roles.append(_INLINE_ROLES.get(kind, ""))
            targets.append(_where(token, "href"))
        elif edge == "close":
            roles.pop()
            target = targets.pop()
            if not (lines[-1] and target == lines[-1][-1].text):
                lines[-1] += _target(target)
    return lines


def _where(token: "Token", attribute: str) -> str:
    """The address of a link, and its title if it has one."""
    return " ".join(str(token.attrGet(name)) for name in (attribute, "title") if token.attrGet(name))


def _target(address: str) -> list[Fragment]:
    """Where a link leads, which its text need not say."""
    return [Fragment(f" ‹{address}›", "muted")] if address else []
