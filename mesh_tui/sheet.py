"""Textual's stylesheet, which parses a text once and tells rules apart in less time.

Strategy: each kind of widget that is seen for the first time brings styles of its own, after which all that
there are must be put together anew: more than a hundred texts. Textual remembers what the last 64 of them
meant, which is too few: all of them are parsed again, about ten times on the way to a room. Here all are
remembered, for every app of the process that has the same colours. And who looks for the rules of a widget
puts a hundred of them in a set and looks for a thousand in it: their hash, which Textual's rules compute in
Python, is left to the interpreter.
"""

from typing import Final, TypeAlias

from textual.cache import LRUCache
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

Texts: TypeAlias = "LRUCache[tuple[object, ...], list[RuleSet]]"

TEXTS_MAX: Final = 512
"""So many texts are remembered: there are about 130."""

COLOURS_MAX: Final = 8
"""So many themes; one that was not seen for long is parsed again."""

_known: Final[LRUCache[tuple[tuple[str, str], ...], Texts]] = LRUCache(COLOURS_MAX)


class LeanRule(RuleSet):
    """One and the same object is the same rule, as in Textual."""

    __hash__ = object.__hash__


def _texts(variables: dict[str, str]) -> Texts:
    """What was parsed with these colours."""
    key = tuple(variables.items())
    texts = _known.get(key)
    if texts is None:
        texts = _known[key] = LRUCache(TEXTS_MAX)
    return texts


class LeanSheet(Stylesheet):
    """Shares what it has parsed. Nothing changes rules once they are parsed."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._parse_cache = _texts(self._variables)

    def set_variables(self, variables: dict[str, str]) -> None:
        self._parse_cache = LRUCache(1)  # Textual's clears it
        super().set_variables(variables)
        self._parse_cache = _texts(variables)

    def reparse(self) -> None:
        """Textual has a second sheet for it, for fear of errors; where `parse` fails, the rules stay."""
        self.parse()

    def _parse_rules(
        self,
        css: str,
        read_from: CSSLocation,
        is_default_rules: bool = False,
        tie_breaker: int = 0,
        scope: str = "",
    ) -> list[RuleSet]:
        rules = super()._parse_rules(css, read_from, is_default_rules, tie_breaker, scope)
        for rule in rules:
            if rule.__class__ is LeanRule:
                break
            rule.__class__ = LeanRule
        return rules
