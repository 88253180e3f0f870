"""Peers of the fan-out benchmark: rooms of XMPP servers (XEP-0045), where one is installed.

Strategy: the same number of people in the same number of rooms, one of each of which sends its next message
when its last one has come back to it, which is XMPP's acknowledgement in a room. Everyone is anonymous
(XEP-0175), nothing is encrypted and no history is kept, so that a server does nothing but fan out. Its CPU is
counted as ours is.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from scripts.bench import harness

_PORT: Final = 15_222
_ROOMS: Final = "rooms.localhost"
_START_S: Final = 60.0

_PROSODY: Final = """
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}"
log = {{ warn = "{folder}/prosody.log" }}
modules_enabled = {{ "saslauth" }}
modules_disabled = {{ "s2s", "tls", "offline", "c2s_limits" }}
authentication = "anonymous"
c2s_require_encryption = false
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
s2s_ports = {{ }}
VirtualHost "localhost"
Component "{rooms}" "muc"
    restrict_room_creation = false
    muc_room_locking = false
"""

_EJABBERD: Final = """
hosts: [localhost]
loglevel: error
auth_method: [anonymous]
anonymous_protocol: sasl_anon
listen:
  - {{port: {port}, ip: 127.0.0.1, module: ejabberd_c2s, shaper: none, access: all}}
shaper: {{}}
modules:
  mod_muc:
    hosts: ["{rooms}"]
    history_size: 0
    max_users: 1000
    min_message_interval: 0
    default_room_options: {{public: true}}
"""


class _Person(asyncio.Protocol):
    """One client: signs in, enters its room, then counts the messages that come; may send its own."""

    _BODY = b"</body>"

    def __init__(self, nick: str, room: str) -> None:
        self.messages = 0
        self.inside = False
        self.closed = False
        self.running = False
        self._room, self._nick = room, nick
        self._seen = b""
        self._tail = b""
        self._text = "x" * 200
        self._mine = f'from="{room}@{_ROOMS}/{nick}"'.encode(), f"from='{room}@{_ROOMS}/{nick}'".encode()
        self._transport: asyncio.Transport | None = None
        join = (
            f"<presence to='{room}@{_ROOMS}/{nick}'><x xmlns='http://jabber.org/protocol/muc'>"
            "<history maxstanzas='0'/></x></presence>"
        )
        # What is waited for, and what is said then.
        self._steps = [
            (b"</stream:features>", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"),
            (b"<success", self._OPEN),
            (b"</stream:features>", self._BIND),
            (b"</jid>", join),
            (b"<subject", ""),
        ]

    _OPEN = (
        "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    _BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._say(self._OPEN)

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed = True

    def data_received(self, data: bytes) -> None:
        if self.inside:
            self._count(data)
            return
        self._seen += data
        while self._steps and self._steps[0][0] in self._seen:
            awaited, answer = self._steps.pop(0)
            self._seen = self._seen.partition(awaited)[2]
            self._say(answer)
        self.inside = not self._steps

    def _count(self, data: bytes) -> None:
        keep = len(self._BODY) - 1
        seam = self._tail[-keep:] + data[:keep]
        came = data.count(self._BODY) + seam.count(self._BODY)
        self._tail = (seam if len(data) < keep else data)[-keep:]
        self.messages += came
        if came and self.running and any(mine in data for mine in self._mine):
            self.speak()

    def speak(self) -> None:
        self.running = True
        self._say(f"<message type='groupchat' to='{self._room}@{_ROOMS}'><body>{self._text}</body></message>")

    def _say(self, text: str) -> None:
        if self._transport is not None and text:
            self._transport.write(text.encode())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


@contextmanager
def _prosody() -> Iterator[Callable[[], float]]:
    with tempfile.TemporaryDirectory(prefix="mesh-bench-") as folder:
        config = Path(folder, "prosody.cfg.lua")
        config.write_text(_PROSODY.format(folder=folder, port=_PORT, rooms=_ROOMS))
        process = subprocess.Popen(
            ["prosody", "--config", str(config), "-F"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield lambda: harness.cpu_seconds(process.pid)
        finally:
            process.kill()  # asked nicely, it first tells everyone of everyone who goes
            process.wait(30)


@contextmanager
def _ejabberd() -> Iterator[Callable[[], float]]:
    with tempfile.TemporaryDirectory(prefix="mesh-bench-") as folder:
        Path(folder, "ejabberd.yml").write_text(_EJABBERD.format(port=_PORT, rooms=_ROOMS))
        if os.getuid() == 0:  # ejabberdctl becomes its own user
            user = pwd.getpwnam("ejabberd")
            for path in (folder, Path(folder, "ejabberd.yml")):
                os.chown(path, user.pw_uid, user.pw_gid)
        control = ["ejabberdctl", "--config-dir", folder, "--spool", folder, "--logs", folder]
        control += ["--node", "meshbench@localhost"]
        process = subprocess.Popen(
            [*control, "foreground"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield lambda: sum(harness.cpu_seconds(pid) for pid in _descendants(process.pid))
        finally:
            for pid in reversed(_descendants(process.pid)):
                os.kill(pid, signal.SIGKILL)
            process.wait(30)
            # Erlang's daemon for names stays behind, and refuses to go while another node needs it.
            for _ in range(20):
                if not subprocess.run(
                    ["epmd", "-kill"], capture_output=True, timeout=30, check=False
                ).returncode:
                    break
                time.sleep(0.1)


def _descendants(pid: int) -> list[int]:
    """A process and all that came from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, ()))
    return found


PEERS: Final = {"prosody": ("prosody", _prosody), "ejabberd": ("ejabberdctl", _ejabberd)}


async def measure(peer: str, rooms: int, members: int, seconds: float) -> None:
    command, running = PEERS[peer]
    case = f"{rooms} rooms of {members}, beside it: {peer}"
    if shutil.which(command) is None:
        harness.skip("fanout", case, f"{peer} is not installed (apt-get install {peer})")
        return
    harness.raise_file_limit()
    with running() as cpu_seconds:
        await _until_listening()
        people = [
            await _enter(f"nick{number}", f"room{room}") for room in range(rooms) for number in range(members)
        ]
        for person in people[::members]:
            person.speak()
        await asyncio.sleep(1.0)
        before, cpu, began = sum(person.messages for person in people), cpu_seconds(), time.perf_counter()
        await asyncio.sleep(seconds)
        used, took = cpu_seconds() - cpu, time.perf_counter() - began
        delivered = sum(person.messages for person in people) - before
        harness.report(
            "fanout",
            case,
            delivered / used,
            "deliveries per server CPU second",
            senders=rooms,
            deliveries_per_s=round(delivered / took),
            server_cpu_share=round(used / took, 2),
            readers_dropped=sum(person.closed for person in people),
        )
        for person in people:
            person.close()


async def _until_listening() -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", _PORT)
        except OSError:
            await asyncio.sleep(0.2)
        else:
            writer.close()
            return
    raise SystemExit("the peer does not listen")


async def _enter(nick: str, room: str) -> _Person:
    loop = asyncio.get_running_loop()
    _, person = await loop.create_connection(lambda: _Person(nick, room), "127.0.0.1", _PORT)
    await harness.until(lambda: person.inside or person.closed)
    if person.closed:
        raise SystemExit(f"the peer closed the connection of {nick}")
    return person
