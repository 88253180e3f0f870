"""What people move files with otherwise, on this machine alone: servers of our own for ssh and wormhole.

Strategy: each is started on a free port of 127.0.0.1 with keys and settings in a folder that goes away, and
is ended with the benchmark; nothing of the machine's own ssh is touched. What is not installed is told by
`Missing`. Programs are looked for in `--tools FOLDER` first, such as the `bin` of a virtual environment with
`magic-wormhole` and `magic-wormhole-mailbox-server`, then on the PATH.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

HERE: Final = "127.0.0.1"
PATIENCE_S: Final = 20.0
SBIN: Final = ("/usr/sbin", "/usr/local/sbin")


class Missing(Exception):
    """Why there is no figure, as a sentence's end."""


def program(name: str, tools: Path | None = None) -> str:
    """Where a program is. Raises: Missing."""
    places = [str(tools)] if tools else []
    path = os.pathsep.join([*places, os.environ.get("PATH", os.defpath), *SBIN])
    found = shutil.which(name, path=path)
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def _free_port() -> int:
    with socket.create_server((HERE, 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[None]:
    """A server, from when it answers. Raises: Missing: it does not."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as server:
        try:
            until = time.monotonic() + PATIENCE_S
            while True:
                with contextlib.suppress(OSError), socket.create_connection((HERE, port)):
                    break
                if server.poll() is not None or time.monotonic() > until:
                    raise Missing(f"{Path(command[0]).name} does not start here")
                time.sleep(0.05)
            yield
        finally:
            server.terminate()


@contextmanager
def ssh(folder: Path) -> Iterator[list[str]]:
    """The options for `scp` and `ssh` by which they reach a server of our own here. Raises: Missing."""
    keygen, server = program("ssh-keygen"), program("sshd")
    program("ssh")
    port = _free_port()
    for name in ("host", "user"):
        command = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    (folder / "sshd.conf").write_text(
        f"Port {port}\nListenAddress {HERE}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n"
    )
    (folder / "ssh.conf").write_text(
        f"Host *\n Port {port}\n IdentityFile {folder}/user\n IdentitiesOnly yes\n BatchMode yes\n"
        f" StrictHostKeyChecking no\n UserKnownHostsFile {folder}/known\n LogLevel ERROR\n"
    )
    with _serving([server, "-D", "-f", str(folder / "sshd.conf")], port):
        options = ["-F", str(folder / "ssh.conf")]
        if subprocess.run(["ssh", *options, HERE, "true"], capture_output=True, check=False).returncode:
            raise Missing("an ssh server of one's own lets nobody in here")
        yield options


class Wormhole:
    """magic-wormhole between two processes here, straight from one to the other."""

    def __init__(self, command: list[str]) -> None:
        self._command = command

    def carry(self, path: Path, into: Path) -> None:
        """Raises: CalledProcessError."""
        code = f"{secrets.randbelow(10**6) + 1}-bench-{secrets.token_hex(4)}"
        quiet = subprocess.DEVNULL
        send = [*self._command, "send", "--hide-progress", "--code", code, str(path)]
        with subprocess.Popen(send, stdout=quiet, stderr=quiet, env=_environment()) as sender:
            try:
                receive = [
                    *self._command,
                    "receive",
                    "--hide-progress",
                    "--accept-file",
                    "-o",
                    str(into),
                    code,
                ]
                subprocess.run(receive, stdout=quiet, stderr=quiet, check=True, env=_environment())
                sender.wait(PATIENCE_S)
            finally:
                sender.kill()


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


@contextmanager
def wormhole(folder: Path, tools: Path | None) -> Iterator[Wormhole]:
    """With a mailbox of our own. Raises: Missing."""
    client, twist = program("wormhole", tools), program("twist", tools)
    port = _free_port()
    mailbox = ["wormhole-mailbox", "--port", f"tcp:{port}:interface={HERE}"]
    database = ["--channel-db", str(folder / "mailbox.sqlite")]
    relay = ["--relay-url", f"ws://{HERE}:{port}/v1", "--transit-helper", f"tcp:{HERE}:{_free_port()}"]
    with _serving([twist, *mailbox, *database], port):
        yield Wormhole([client, *relay])
