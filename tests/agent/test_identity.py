"""A device's identity, certificates of sessions, and the words that two identities make."""

import asyncio
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.client.errors import FilesUnusable
from mesh_agent.client.folders import Profile
from mesh_agent.net.certificates import make_certificate
from mesh_agent.net.identity import Identity, device_identity, fingerprint, signed_by
from mesh_agent.net.words import BITS_A_WORD, LABEL, SCRYPT_N, SCRYPT_R, WORDS, safety_words, word_list

ALICE, BOB = Identity(b"a" * 32), Identity(b"b" * 32)


async def test_an_identity_is_made_once_and_for_its_owner_alone() -> None:
    profile = Profile.open("once")
    made = await device_identity(profile)
    assert (await device_identity(profile)).public == made.public
    assert stat.S_IMODE(profile.identity_path.stat().st_mode) == 0o600


async def test_programs_that_start_at_once_get_the_same_identity() -> None:
    profile = Profile.open("together")
    identities = await asyncio.gather(*(device_identity(profile) for _ in range(5)))
    assert len({identity.public for identity in identities}) == 1


async def test_a_file_that_others_may_read_is_closed_to_them() -> None:
    profile = Profile.open("open")
    await device_identity(profile)
    profile.identity_path.chmod(0o644)
    await device_identity(profile)
    assert stat.S_IMODE(profile.identity_path.stat().st_mode) == 0o600


async def test_one_that_was_kept_without_its_public_key_stays_the_same() -> None:
    profile = Profile.open("older")
    profile.identity_path.write_bytes(ALICE.seed.hex().encode() + b"\n")
    assert (await device_identity(profile)).public == ALICE.public
    assert profile.identity_path.read_text().split() == [ALICE.seed.hex(), ALICE.public.hex()]
    assert (await device_identity(profile)).fingerprint == ALICE.fingerprint


async def test_who_only_says_who_it_is_needs_no_cryptography() -> None:
    profile = Profile.open("quick")
    made = await device_identity(profile)
    code = (
        "import asyncio, sys\n"
        "from mesh_agent.client.folders import Profile\n"
        "from mesh_agent.net.identity import device_identity\n"
        "print(asyncio.run(device_identity(Profile.open('quick'))).fingerprint)\n"
        "print('cryptography' in sys.modules)\n"
    )
    run = partial(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said: str = (await asyncio.to_thread(run)).stdout
    assert said.split() == [made.fingerprint, "False"]


DAMAGED: Final = (
    *(b"", b"\n", b"ab" * 31, b"ab" * 33, b"zz" * 32, b"\xff" * 64),
    b"ab" * 32 + b"\n" + b"cd" * 31,
    b"ab" * 32 + b" cd" * 2,
)


@pytest.mark.parametrize("content", DAMAGED)
async def test_a_damaged_identity_is_never_replaced(content: bytes) -> None:
    profile = Profile.open("damaged")
    profile.identity_path.write_bytes(content)
    with pytest.raises(FilesUnusable, match="is damaged"):
        await device_identity(profile)
    assert profile.identity_path.read_bytes() == content


def test_what_was_signed_is_what_verifies() -> None:
    signature = ALICE.sign(b"terms")
    assert signed_by(ALICE.public, signature, b"terms")
    assert not signed_by(ALICE.public, signature, b"other terms")
    assert not signed_by(BOB.public, signature, b"terms")
    assert not signed_by(b"\xff" * 32, signature, b"terms")


def test_a_fingerprint_looks_as_servers_know_it() -> None:
    assert fingerprint(b"") == "SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    assert ALICE.fingerprint == fingerprint(ALICE.public)


def test_a_certificate_is_of_its_session_alone() -> None:
    one, other = make_certificate(1_700_000_000.0), make_certificate(1_700_000_000.0)
    assert one.fingerprint != other.fingerprint
    read = x509.load_der_x509_certificate(one.der)
    assert one.fingerprint == fingerprint(one.der)
    assert read.not_valid_before_utc.timestamp() == 1_700_000_000 - 3600
    assert read.not_valid_after_utc.timestamp() == 1_700_000_000 + 86_400
    key = load_der_private_key(one.key, None)
    assert key.public_key() == read.public_key()
    read.verify_directly_issued_by(read)


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_has_a_word_for_each_ten_bits() -> None:
    words = word_list()
    assert len(words) == len(set(words)) == 2**BITS_A_WORD
    assert WORDS * BITS_A_WORD >= 77
    assert list(words) == sorted(words)
    assert all(word.isascii() and word.islower() and 3 <= len(word) <= 9 for word in words)


def test_no_two_words_are_one_letter_apart() -> None:
    """Each word with one place left out: two words one letter apart would share such a rest."""
    seen: dict[tuple[str, int], str] = {}
    for word in word_list():
        for place in range(len(word)):
            rest = word[:place] + word[place + 1 :]
            assert rest not in word_list(), (word, rest)
            assert seen.setdefault((rest, place), word) == word


def test_both_sides_see_the_same_words() -> None:
    assert safety_words(ALICE.public, BOB.public) == safety_words(BOB.public, ALICE.public)
    assert len(safety_words(ALICE.public, BOB.public)) == WORDS


def test_the_words_never_change_for_the_same_two() -> None:
    """People have them on paper: another algorithm would look like another identity."""
    assert " ".join(safety_words(ALICE.public, BOB.public)) == GOLDEN


GOLDEN = "frost condor outpost ostrich bubble beaver cricket cellar pixel"


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_another_identity_has_other_words(other: bytes) -> None:
    if other != BOB.public:
        assert safety_words(ALICE.public, other) != safety_words(ALICE.public, BOB.public)


def test_the_list_is_in_what_is_installed() -> None:
    import mesh_agent.net

    assert Path(str(mesh_agent.net.__file__)).with_name("words.txt").exists()


def test_the_pages_say_how_many_words_there_are() -> None:
    docs = Path(__file__).parents[2] / "docs"
    protocol = " ".join((docs / "protocol.md").read_text("utf-8").split())
    assert f"They are the first {WORDS * BITS_A_WORD} bits" in protocol
    assert f"scrypt (N = {SCRYPT_N:,}, r = {SCRYPT_R}, p = 1; 32 bytes)" in protocol
    assert f"the salt `{LABEL.decode()}`" in protocol
    assert f"The words are {WORDS * BITS_A_WORD} bits" in (docs / "sharing.md").read_text("utf-8")
