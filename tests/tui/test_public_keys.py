"""Which files of `~/.ssh` are offered as keys."""

import os
from pathlib import Path

from mesh_tui.public_keys import FILES, LINE_BYTES, public_keys

LINE = "ssh-ed25519 AAAA alice@laptop"


def test_only_lines_of_keys_are_offered_by_name_and_by_their_comment(tmp_path: Path) -> None:
    files = {
        "id_ed25519": "-----BEGIN OPENSSH PRIVATE KEY-----",
        "id_ed25519.pub": f"{LINE}\nmore",
        "desk.pub": "ecdsa-sha2-nistp256 BBBB",
        "signed-cert.pub": "ssh-ed25519-cert-v01@openssh.com CCCC",
        "letter.pub": "To whom it may concern",
        "empty.pub": "",
        "word.pub": "ssh-ed25519",
        "known_hosts": LINE,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "folder.pub").mkdir()
    os.mkfifo(tmp_path / "pipe.pub")
    (tmp_path / "gone.pub").symlink_to("nowhere")
    found = public_keys(tmp_path)
    assert [key.words for key in found] == ["desk.pub", "id_ed25519.pub: alice@laptop"]
    assert found[1].line == LINE


def test_there_are_only_so_many_and_each_has_an_end(tmp_path: Path) -> None:
    for number in range(FILES + 3):
        (tmp_path / f"{number:02}.pub").write_text("ssh-rsa " + "A" * 3 * LINE_BYTES)
    found = public_keys(tmp_path)
    assert [key.file for key in found] == [f"{number:02}.pub" for number in range(FILES)]
    assert {len(key.line) for key in found} == {LINE_BYTES}


def test_without_the_folder_there_is_none(tmp_path: Path) -> None:
    assert public_keys(tmp_path / "none") == []
    assert public_keys(Path("~no-such-account-here")) == []
