"""The tree of errors: what its docstring draws is what there is, and each code finds its class."""

import re

import pytest

from protocol import errors
from protocol.codec import JSON, MSGPACK
from protocol.errors import MeshError, ProtocolError
from protocol.events import Error

_TREE_LINE = re.compile(r"^    (?P<bars>[│├└─ ]*)(?P<name>[A-Z]\w+)  +(?P<first>\S+)")


def subclasses(kind: type[MeshError]) -> list[type[MeshError]]:
    """Those of the wire alone: a client may have errors of its own beside them."""
    return [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]


GROUPS = subclasses(MeshError)
ERRORS = [error for group in GROUPS for error in subclasses(group)]


def tree_in_docstring() -> dict[str, dict[str, str]]:
    """Group -> error -> code, as the module's docstring draws them."""
    tree: dict[str, dict[str, str]] = {}
    lines = [line for line in map(_TREE_LINE.match, (errors.__doc__ or "").splitlines()) if line]
    root, *rest = lines
    assert (root["bars"], root["name"]) == ("", "MeshError")
    for line in rest:
        if len(line["bars"]) == len("├── "):
            tree[line["name"]] = {}
        else:
            assert len(line["bars"]) == len("│   ├── ")
            tree[list(tree)[-1]][line["name"]] = line["first"]
    return tree


def test_the_docstring_draws_every_error_with_its_code_under_its_group() -> None:
    assert tree_in_docstring() == {
        group.__name__: {error.__name__: error.code for error in subclasses(group)} for group in GROUPS
    }


def test_the_tree_has_two_levels() -> None:
    assert not [error for error in ERRORS if subclasses(error)]


def test_codes_are_unique() -> None:
    assert len({error.code for error in ERRORS}) == len(ERRORS)


def test_only_errors_have_codes_and_not_their_groups() -> None:
    assert [group.__name__ for group in GROUPS if "code" in vars(group)] == []
    assert [error.__name__ for error in ERRORS if "code" not in vars(error)] == []


@pytest.mark.parametrize("error", ERRORS)
class TestEachError:
    def test_its_code_is_lower_case_and_dotted(self, error: type[MeshError]) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9]*\.[a-z]+(_[a-z]+)*", error.code)

    def test_it_says_what_is_wrong_in_a_sentence(self, error: type[MeshError]) -> None:
        assert "text" in vars(error)
        assert re.fullmatch(r"[A-Z].{10,150}\.", error.text)
        assert str(error()) == error().message == error.text

    def test_it_has_a_fitting_http_status(self, error: type[MeshError]) -> None:
        least, most = (500, 599) if issubclass(error, errors.ServerError) else (400, 499)
        assert least <= error.status <= most or error is errors.RateLimited

    def test_it_survives_the_wire(self, error: type[MeshError]) -> None:
        for fmt in (JSON, MSGPACK):
            sent = Error(code=error.code, message=error.text, retry_after=2.5)
            event = fmt.decode_event(fmt.encode(sent))
            assert isinstance(event, Error)
            arrived = MeshError.from_wire(event.code, event.message, event.retry_after)
            assert type(arrived) is error
            assert (arrived.code, arrived.message, arrived.retry_after) == (error.code, error.text, 2.5)


def test_a_message_of_its_own_takes_the_place_of_the_sentence() -> None:
    error = errors.QueryInvalid("limit is a whole number from 1 to 200.")
    assert error.message == str(error) == "limit is a whole number from 1 to 200."
    assert error.code == "query.invalid"


@pytest.mark.parametrize("code", ["poll.closed", "room", "", "error"])
def test_an_unknown_code_keeps_its_name(code: str) -> None:
    arrived = MeshError.from_wire(code, "This poll is closed.")
    assert type(arrived) is MeshError
    assert (arrived.code, arrived.message, arrived.retry_after) == (code, "This poll is closed.", None)


def test_an_unknown_code_does_not_rename_any_other_error() -> None:
    MeshError.from_wire("poll.closed", "This poll is closed.")
    assert MeshError("").code == "error"
    assert errors.RoomNotFound().code == "room.not_found"


def test_no_answer_passes_for_an_error_of_this_program() -> None:
    class OutOfPaper(MeshError):
        code = "printer.out_of_paper"

    arrived = MeshError.from_wire(OutOfPaper.code, "Out of paper.")
    assert type(arrived) is MeshError
    assert arrived.code == OutOfPaper.code


def test_an_empty_message_from_the_wire_is_replaced_by_the_sentence() -> None:
    assert MeshError.from_wire("room.not_found", "").message == errors.RoomNotFound.text


def test_the_request_that_was_refused_is_not_shared_between_refusals() -> None:
    first = errors.InvalidMessage()
    first.re = 7
    assert ProtocolError.re is None
    assert errors.InvalidMessage().re is None
