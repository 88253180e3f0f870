"""docs/agent.md says what is so."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from mesh_agent.arguments import VERBS
from mesh_agent.client import cache_writes, errors, outbox
from mesh_agent.client.link import ChangeLost
from mesh_agent.verbs import PARTS, common, find, say, verbs_of
from protocol import limits
from protocol.errors import MeshError
from protocol.rest import Message

PAGE: Final = (Path(__file__).parents[2] / "docs" / "agent.md").read_text("utf-8")

INTERNAL: Final = {errors.LocalError.code, errors.OutgoingUnknown.code, ChangeLost.code}
"""Codes that no verb ends with."""


def test_every_verb_and_option_is_there() -> None:
    for verb in VERBS:
        assert f"| `{verb.name}" in PAGE, verb.name
        for argument in verb.arguments:
            option = argument.names[-1]
            if option.startswith("--"):
                assert option in PAGE, option


def test_every_verb_does_something() -> None:
    known = [name for part in PARTS for name in verbs_of(part)]
    assert sorted(known) == sorted(verb.name for verb in VERBS)
    for verb in VERBS:
        assert find(verb.name) is not None


def test_every_code_of_this_side_is_there() -> None:
    codes = {kind.code for kind in kinds(MeshError) if kind.__module__.startswith("mesh_agent.")}
    assert common.UsageError.code in codes
    assert {code for code in codes - INTERNAL if f"`{code}`" not in PAGE} == set()


def kinds(error: type[MeshError]) -> Iterator[type[MeshError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_numbers_are_those_of_the_program() -> None:
    for number in (outbox.OUTBOX_MAX, cache_writes.MESSAGES_KEPT, limits.CONTENT_CHARS, say.LINES_AHEAD):
        assert f"{number:,}" in PAGE


def test_the_example_of_a_message_is_one() -> None:
    (line,) = re.findall(r'^\{"id":.*$', PAGE, re.MULTILINE)
    message = msgspec.json.decode(line, type=Message)
    assert json.loads(msgspec.json.encode(message)) == json.loads(line)


def test_the_example_of_a_program_compiles() -> None:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    compile(source, "docs/agent.md", "exec")
