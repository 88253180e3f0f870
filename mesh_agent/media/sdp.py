"""What is taken of another device's description (SDP, RFC 8866), and what ours has besides.

Strategy: aiortc's parser trusts what it reads, so what goes into it is bounded and made anew first: only the
sections, codecs and candidates that a call has. A candidate is a numeric address that some device can have;
one of loopback is only kept where the description shows that it was made on this machine (`a=x-mesh-machine`,
a hash that nobody else can compute, over the fingerprint and the loopback addresses themselves).
"""

import contextlib
from hmac import compare_digest
from typing import Any, Final

from mesh_agent.net.addresses import is_loopback, machine_tag, read_address, write_address

SDP_BYTES: Final = 32 * 1024
LINES_MAX: Final = 500
LINE_CHARS: Final = 1_000
CANDIDATES_MAX: Final = 32
"""Of one other end; more are left out."""

CANDIDATE_CHARS: Final = 400
SECTIONS: Final = ("audio", "video")
SHA256_CHARS: Final = 32 * 3 - 1

_MACHINE: Final = "a=x-mesh-machine:"
_CANDIDATE: Final = "a=candidate:"
_FINGERPRINT: Final = "a=fingerprint:"
_NEEDED: Final = {"audio": "opus/48000", "video": "vp8/90000"}
_OPUS: Final = "useinbandfec=1;usedtx=1"
_NAMES: Final = {"audio": "sound", "video": "pictures"}


class Refused(Exception):
    """`text`: a sentence."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def checked(text: str) -> str:
    """The description as aiortc may read it. Raises: Refused."""
    lines = _lines(text)
    fingerprint(text)
    _check_sections(lines)
    here = _same_machine(lines)
    kept, candidates = [], 0
    for line in lines:
        if line.startswith(_CANDIDATE):
            candidates += 1
            if candidates > CANDIDATES_MAX * len(SECTIONS) or not _usable(line[2:], here=here):
                continue
        kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def fingerprint(text: str) -> str:
    """The one SHA-256 of its certificate: 32 pairs of upper-case digits with colons.

    Raises: Refused: there is none, there are different ones, or one of another kind.
    """
    found = {line[len(_FINGERPRINT) :] for line in _lines(text) if line.startswith(_FINGERPRINT)}
    values = set()
    for each in found:
        kind, _, value = each.partition(" ")
        pairs = value.strip().upper().split(":")
        if kind.lower() != "sha-256" or len(pairs) != 32 or not all(map(_is_pair, pairs)):
            raise Refused("The other device shows no usable fingerprint of its certificate.")
        values.add(":".join(pairs))
    if len(values) != 1:
        raise Refused("The other device shows no fingerprint of its certificate, or more than one.")
    return values.pop()


def candidate(text: str) -> Any:
    """One that came by itself, as aiortc takes it; None where it is none that can be used."""
    from aiortc.sdp import candidate_from_sdp

    text = text.strip().removeprefix("a=").removeprefix("candidate:")
    if len(text) > CANDIDATE_CHARS or not _usable("candidate:" + text, here=False):
        return None
    with contextlib.suppress(ValueError, AssertionError, IndexError):
        found = candidate_from_sdp(text)
        found.sdpMLineIndex = 0
        return found
    return None


def told(text: str) -> str:
    """Our description for others: with one fingerprint, and what another program here knows it by."""
    others = tuple(_FINGERPRINT + kind for kind in ("sha-384", "sha-512"))
    lines = [line for line in _lines(text) if not line.startswith(others)]
    lines = [each for line in lines for each in (line, *_more(line))]
    tag = machine_tag(_nonce(lines))
    at = next(index for index, line in enumerate(lines) if line.startswith("m="))
    if tag:
        lines.insert(at, _MACHINE + tag)
    return "\r\n".join(lines) + "\r\n"


def _more(line: str) -> list[str]:
    """What ours reads and sends of Opus: copies of what was lost, and little of silence (RFC 7587)."""
    number, _, codec = line.removeprefix("a=rtpmap:").partition(" ")
    return [f"a=fmtp:{number} {_OPUS}"] if codec.lower() == "opus/48000/2" else []


def _lines(text: str) -> list[str]:
    if len(text.encode("utf-8", "replace")) > SDP_BYTES:
        raise Refused("The description of the other device is too long.")
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    printable = all(line.isprintable() and line.isascii() and len(line) <= LINE_CHARS for line in lines)
    if len(lines) > LINES_MAX or not printable or lines[0] != "v=0":
        raise Refused("The description of the other device cannot be read.")
    return lines


def _check_sections(lines: list[str]) -> None:
    """One of sound, and at most one of pictures, each with a codec that we have."""
    kinds: list[str] = []
    codecs: dict[str, set[str]] = {}
    for line in lines:
        if line.startswith("m="):
            kind = line[2:].split(" ", 1)[0]
            if kind not in SECTIONS or kind in kinds:
                raise Refused("The other device wants to send something that is neither sound nor pictures.")
            kinds.append(kind)
            codecs[kind] = set()
        elif line.startswith("a=rtpmap:") and kinds:
            name = line.partition(" ")[2].lower().split("/")
            codecs[kinds[-1]].add("/".join(name[:2]))
    if "audio" not in kinds:
        raise Refused("The other device sends no sound.")
    for kind in kinds:
        if _NEEDED[kind] not in codecs[kind]:
            raise Refused(f"The other device has no way to send {_NAMES[kind]} that is known here.")


def _usable(text: str, *, here: bool) -> bool:
    """`candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host`, over UDP."""
    fields = text.split(" ")
    if len(fields) < 8 or fields[1] != "1" or fields[2].lower() != "udp" or fields[6] != "typ":
        return False
    try:
        host, _ = _address(fields)
    except ValueError:
        return False
    return (here or not is_loopback(host)) and fields[3].isdigit() and len(fields[3]) <= 10


def _address(fields: list[str]) -> tuple[str, int]:
    return read_address(write_address(fields[4], int(fields[5]) if fields[5].isdigit() else 0))


def _same_machine(lines: list[str]) -> bool:
    told = next((line[len(_MACHINE) :] for line in lines if line.startswith(_MACHINE)), "")
    return bool(told) and told.isascii() and compare_digest(told, machine_tag(_nonce(lines)))


def _nonce(lines: list[str]) -> bytes:
    """What the hash is over: nobody can take one from a description and put it in another."""
    parts = {line for line in lines if line.startswith(_FINGERPRINT)}
    for line in lines:
        fields = line.split(" ")
        if line.startswith(_CANDIDATE) and len(fields) >= 8:
            with contextlib.suppress(ValueError):
                host, port = _address(fields)
                if is_loopback(host):
                    parts.add(write_address(host, port))
    return "\n".join(sorted(parts)).encode()


def _is_pair(text: str) -> bool:
    return len(text) == 2 and all(digit in "0123456789ABCDEF" for digit in text)
