"""What is done with an offer: taken, refused, or asked about."""

from pathlib import Path

import pytest

from mesh_agent.sharing.rules import Rules, platform_downloads
from mesh_agent.sharing.telling import sentence_of


@pytest.mark.parametrize(
    ("rules", "compared", "stranger"),
    [
        (Rules(), "ask", "ask"),
        (Rules(accept="verified"), "take", "ask"),
        (Rules(accept="verified", largest=10), "ask", "ask"),
        (Rules(accept="verified", largest=11), "take", "ask"),
        (Rules(accept="all"), "take", "take"),
        (Rules(accept="all", largest=10), "ask", "ask"),
        (Rules(accept="all", people=frozenset({"other"})), "refuse", "refuse"),
        (Rules(accept="all", people=frozenset({"u"})), "take", "take"),
        (Rules(accept="ask", people=frozenset({"u"})), "take", "take"),
        (Rules(accept="ask", people=frozenset({"other"})), "ask", "ask"),
        (Rules(accept="none", people=frozenset({"u"})), "refuse", "refuse"),
    ],
)
def test_what_is_done_with_eleven_bytes(rules: Rules, compared: str, stranger: str) -> None:
    assert rules.decide("u", 11, verified=True) == compared
    assert rules.decide("u", 11, verified=False) == stranger


def test_where_it_goes() -> None:
    assert Rules().folder == platform_downloads()
    assert platform_downloads().name == "Mesh"
    assert Rules(downloads=Path("/there")).folder == Path("/there")


def test_what_is_worth_saying_of_a_success() -> None:
    assert sentence_of() == ""
    assert sentence_of(skipped=1) == "1 file was here already or left out."
    assert sentence_of(renamed=2, faults=1) == (
        "2 files got another name, as theirs was taken; 1 file could not be read and is missing."
    )
