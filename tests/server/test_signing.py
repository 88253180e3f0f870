"""The server's own key: made once, for its owner's eyes, changed without losing what it signed before."""

import stat
from pathlib import Path

import pytest
from msgspec import structs

from mesh_server.ids import id_maker
from mesh_server.services.signing import KEYS_MAX, SIGNING_FILE, Signer, SigningKeyUnusable, load_signing_keys
from protocol.capability import Grant, from_jwks, verify
from protocol.errors import CapabilityInvalid

NOW = 1_700_000_000_500
GRANT = Grant(kind="file", room_id="room", user_id="alice")


def signer(folder: Path) -> Signer:
    return Signer(load_signing_keys(folder), clock=lambda: NOW, new_id=id_maker())


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first, again = signer(tmp_path), signer(tmp_path)
    assert first.public == again.public
    assert stat.S_IMODE((tmp_path / SIGNING_FILE).stat().st_mode) == 0o600
    (tmp_path / SIGNING_FILE).chmod(0o644)
    signer(tmp_path)
    assert stat.S_IMODE((tmp_path / SIGNING_FILE).stat().st_mode) == 0o600


def test_each_capability_has_a_name_of_its_own(tmp_path: Path) -> None:
    one = signer(tmp_path)
    assert one.sign(GRANT) != one.sign(GRANT)


def test_a_new_key_on_top_signs_and_the_old_one_still_verifies(tmp_path: Path) -> None:
    before = signer(tmp_path)
    token = before.sign(GRANT)
    file = tmp_path / SIGNING_FILE
    file.write_text("5a" * 32 + "\n" + file.read_text())
    after = signer(tmp_path)
    assert after.public[1:] == before.public
    assert verify(token, from_jwks(after.public), GRANT, now=NOW) == GRANT
    assert verify(after.sign(GRANT), from_jwks(after.public), GRANT, now=NOW) == GRANT
    with pytest.raises(CapabilityInvalid):
        verify(after.sign(GRANT), from_jwks(before.public), structs.replace(GRANT), now=NOW)


@pytest.mark.parametrize(
    "content",
    [
        *("", "no key\n", "5a" * 31 + "\n", "é\n"),
        *("5a" * 32 + "\n" + "5a" * 32 + "\n", "\n".join(f"{number:064x}" for number in range(KEYS_MAX + 1))),
    ],
)
def test_a_file_that_holds_no_keys_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / SIGNING_FILE).write_text(content)
    with pytest.raises(SigningKeyUnusable, match=r"Restore it from a backup, or delete it"):
        load_signing_keys(tmp_path)
