"""Safety words: what two people read to each other to know that nobody sits between their devices.

Strategy: nine words of a list of 1,024 are 90 bits of a hash of both identities, sorted, so that both sides
see the same. Somebody in between has to find two keys of their own whose words with one side equal those
with the other, which by trying takes 2^45 keys, not 2^90; so the hash is scrypt, which makes each try cost
16 MiB and tens of milliseconds. The list (`words.txt`) was made for Mesh and has its licence: words of three
to nine letters that one can picture and say, no two of them one letter apart.
"""

import functools
import hashlib
from importlib import resources
from typing import Final

WORDS: Final = 9
BITS_A_WORD: Final = 10
LABEL: Final = b"mesh-p2p/1 words"

SCRYPT_N: Final = 2**14
SCRYPT_R: Final = 8
_MEMORY: Final = 256 * SCRYPT_N * SCRYPT_R
"""What OpenSSL may take; twice what it needs."""


@functools.cache
def word_list() -> tuple[str, ...]:
    """The 1,024 words, in the order of the alphabet."""
    text = resources.files("mesh_agent.net").joinpath("words.txt").read_text("ascii")
    return tuple(text.split())


@functools.lru_cache(maxsize=256)
def safety_words(one: bytes, other: bytes) -> tuple[str, ...]:
    """The words of two identities (32 bytes each), in whichever order.

    Takes tens of milliseconds the first time: call it in a thread.
    """
    digest = hashlib.scrypt(
        b"".join(sorted((one, other))), salt=LABEL, n=SCRYPT_N, r=SCRYPT_R, p=1, maxmem=_MEMORY, dklen=32
    )
    number = int.from_bytes(digest) >> (8 * len(digest) - WORDS * BITS_A_WORD)
    words, mask = word_list(), (1 << BITS_A_WORD) - 1
    return tuple(words[number >> BITS_A_WORD * place & mask] for place in reversed(range(WORDS)))
