"""`docs/protocol.md` says what is so: no type, field, code, call, limit or frame is made up or left out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest

from mesh_server.http import routes
from protocol import errors, events, limits, peer, rest, signals
from protocol.close import CloseCode
from tests.protocol import golden_table

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = (DOCS / "protocol.md").read_text("utf-8")

_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)
_LINK: Final = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
_QUOTED: Final = re.compile(r"`([^`\n]+)`")
PROSE: Final = _BLOCK.sub("", PAGE)

GOLDENS: Final = [golden for table in golden_table.TABLES for golden in golden_table.read(table)]
TYPES: Final = {
    member.__struct_config__.tag: member
    for member in (*get_args(events.ClientToServer), *get_args(events.ServerToClient))
}
CODES: Final = errors.MeshError.by_code
SETTABLE_ON_EVERY_REQUEST: Final = "id?"


def table(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its own heading."""
    _, found, rest_of_page = PAGE.partition(f"\n{heading}\n")
    assert found, f"there is no heading {heading!r}"
    lines = iter(rest_of_page.splitlines())
    rows = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows or line.startswith("#"):
            break
    return rows[2:]


def unquoted(cell: str) -> str:
    return cell.strip("`")


def field_names(cell: str) -> set[str]:
    return {name.strip() for name in unquoted(cell).split(",") if name.strip()}


def fields_of(kind: type[msgspec.Struct]) -> set[str]:
    """As the page writes them: with a `?` where the field may be absent."""
    return {
        field.encode_name if field.required else f"{field.encode_name}?"
        for field in msgspec.structs.fields(kind)
    }


def frames() -> Iterator[Any]:
    """Every JSON value of the page's `json` blocks."""
    decoder = json.JSONDecoder()
    for language, block in _BLOCK.findall(PAGE):
        if language != "json":
            continue
        rest_of_block = block.strip()
        while rest_of_block:
            value, end = decoder.raw_decode(rest_of_block)
            yield value
            rest_of_block = rest_of_block[end:].strip()


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("heading", "union"),
    [
        ("### What a client sends", events.ClientToServer),
        ("### What a server sends", events.ServerToClient),
    ],
)
def test_every_type_and_field_of_a_message_is_on_the_page_and_no_other(heading: str, union: Any) -> None:
    documented = {unquoted(row[0]): field_names(row[1]) for row in table(heading)}
    assert documented == {
        member.__struct_config__.tag: fields_of(member) - {SETTABLE_ON_EVERY_REQUEST}
        for member in get_args(union)
    }


def test_every_frame_between_agents_and_field_is_on_the_page_and_no_other() -> None:
    rows = [*table("### Who is there"), *table("### Frames")]
    documented = {unquoted(row[0]): field_names(row[1]) for row in rows}
    assert len(documented) == len(rows)
    assert documented == {
        member.__struct_config__.tag: fields_of(member) for member in get_args(peer.PeerFrame)
    }


def test_every_request_can_carry_an_id() -> None:
    for member in get_args(events.ClientToServer):
        assert SETTABLE_ON_EVERY_REQUEST in fields_of(member)


def test_requests_are_answered_with_what_there_is() -> None:
    answers = {member.__struct_config__.tag for member in get_args(events.ServerToClient)}
    for row in table("### What a client sends"):
        assert row[2] == "nothing" or unquoted(row[2]) in answers


def test_every_object_and_field_is_on_the_page_and_no_other() -> None:
    documented = {unquoted(row[0]): field_names(row[1]) for row in table("### Objects")}
    assert documented == {
        name: fields_of(kind)
        for name, kind in vars(rest).items()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == rest.__name__
        if not name.startswith("_")
    }


def test_the_objects_within_events_are_on_the_page() -> None:
    _, _, after = PAGE.partition("Some of these hold further objects:")
    documented = dict(
        re.findall(r"^\| `([A-Z]\w+)` \| `([^`]+)` \|", after.partition("###")[0], re.MULTILINE)
    )
    assert {name: field_names(cell) for name, cell in documented.items()} == {
        kind.__name__: fields_of(kind)
        for kind in (events.Server, events.Limits, events.RoomState, signals.Sender)
    }


def test_every_frame_on_the_page_is_a_golden() -> None:
    texts = {golden.json.decode() for golden in GOLDENS}
    shown = [json.dumps(value, separators=(",", ":"), ensure_ascii=False) for value in frames()]
    assert [text for text in shown if text not in texts] == []


def test_every_type_of_message_is_shown() -> None:
    assert {frame["type"] for frame in frames() if "type" in frame} == set(TYPES)


def test_the_bytes_on_the_page_are_the_golden_ones() -> None:
    (shown,) = [block.strip() for language, block in _BLOCK.findall(PAGE) if language == "hex"]
    (ping,) = [golden for golden in GOLDENS if golden.name == "system.ping"]
    assert bytes.fromhex(shown) == ping.msgpack


# ── calls, codes and numbers ─────────────────────────────────────────────────────────────────────


def test_every_call_is_on_the_page_and_no_other() -> None:
    documented = {unquoted(row[0]): row[3].startswith("*open*") for row in table("### Calls")}
    assert documented == {each.name: each.open for each in routes.CALLS}


def test_calls_take_and_answer_with_what_the_page_says() -> None:
    calls = {each.name: each for each in routes.CALLS}
    for name, body, answer, _ in table("### Calls"):
        each = calls[unquoted(name)]
        assert _QUOTED.findall(body) == ([] if each.body is None else [each.body.__name__]), name
        assert int(answer[:3]) == each.status, name
        assert _QUOTED.findall(answer) == ([] if each.answer is None else [each.answer.__name__]), name


def test_every_error_code_is_on_the_page_with_its_status_and_no_other() -> None:
    documented = {unquoted(code): int(status) for code, status, _ in table("## 6. Errors")}
    assert documented == {code: error.status for code, error in CODES.items()}


def test_every_close_code_is_on_the_page_and_no_other() -> None:
    documented = {unquoted(row[1]): int(row[0]) for row in table("## 7. Close codes")}
    assert documented == {code.name: code.value for code in CloseCode}


def test_every_limit_is_on_the_page_with_its_value_and_no_other() -> None:
    documented = {unquoted(name): float(value.replace(",", "")) for name, value, _ in table("## 8. Limits")}
    assert documented == {name: value for name, value in vars(limits).items() if name.isupper()}


# ── the rest of the text ─────────────────────────────────────────────────────────────────────────


def test_what_looks_like_a_type_or_a_code_is_one() -> None:
    """So that nothing is described before it is there, or after it is gone."""
    dotted = {word for word in _QUOTED.findall(PROSE) if re.fullmatch(r"[a-z][a-z0-9]*(\.[a-z_]+)+", word)}
    expressions = {"message.rev", "error.code", "device.id", "mesh.v1.json", "mesh.v1.msgpack"}
    actions = set(get_args(rest.AuditAction))
    assert dotted - set(TYPES) - set(CODES) - actions - expressions == set()


def test_every_action_is_on_the_page_and_no_other() -> None:
    documented = {name for row in table("### The audit log") for name in _QUOTED.findall(row[0])}
    assert documented == set(get_args(rest.AuditAction))


def test_what_looks_like_a_call_is_one() -> None:
    calls = {each.name for each in routes.CALLS}
    named = {word for word in _QUOTED.findall(PROSE) if re.match(r"(GET|POST|PATCH|PUT|DELETE) ", word)}
    assert named <= calls


def test_links_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(PROSE)
    }
    for target in _LINK.findall(PROSE):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (DOCS / target).exists(), target


def test_numbers_in_the_text_are_the_limits() -> None:
    """The sentences repeat some limits; each is found as it is written there."""
    sentences = " ".join(PROSE.split())
    for said in (
        f"strings of 1 to {limits.ID_CHARS} characters",
        f"a string of up to {limits.ID_CHARS} characters",
        f"`limit`, 1 to {limits.PAGE_MAX} ({limits.PAGE_DEFAULT} where it is absent)",
        f"more than {limits.FRAME_BYTES // 1024} KiB is answered",
        f"one packet of up to {limits.RELAY_PACKET_BYTES:,} bytes",
        f"A clock may be {limits.CLOCK_SKEW_S} seconds behind",
        f"have asked for {limits.P2P_SESSIONS} sessions at a time",
        f"a list of up to {limits.SIGNAL_TARGETS} of them",
        f"within {limits.HELLO_TIMEOUT_S:.0f} seconds",
        f"1 to {limits.CONTENT_CHARS:,} characters",
        f"up to {limits.QUERY_CHARS} characters",
        f"one line of up to {limits.STATUS_CHARS} characters",
        f"one word of 1 to {limits.REACTION_CHARS} characters",
        f"at most {limits.REACTIONS} different ones, and {limits.REACTION_USERS} people",
        f"of the {limits.PAGE_MAX} that were pinned last",
        f"More than {limits.RESUME_MAX} messages changed",
        f"A frame is at most {limits.PEER_FRAME_BYTES:,} bytes",
    ):
        assert said in sentences, said
