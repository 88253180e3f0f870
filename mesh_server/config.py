"""What a server can be told: the settings, what each means, and which of them cannot be.

Strategy: every setting is a field of `Config`, and a field that is a struct is a section. The type says what
a setting may be, and `Config.check` what is wrong with several, or with the text of one. Each has a
description, from which `mesh-server config example` is made (`mesh_server.settings`); where the values come
from is the matter of `mesh_server.configuring`.
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import platformdirs
from msgspec import Meta, Struct

from mesh_server.limits import Limits
from mesh_server.services.addresses import Network, parse_networks
from mesh_server.services.push_addresses import AllowList
from mesh_server.settings import SECRET, SECRET_FILE
from protocol import limits as wire
from protocol.rest import Registration

OFF: Final = "off"


_PUBLIC_URL: Final = re.compile(r"https?://[^\s/?#@]+/?")
"""A scheme and a host, perhaps with a port: calls live at paths of their own."""


_DATABASE_URL: Final = re.compile(r"postgres(ql)?://\S+")
_BUS_URL: Final = re.compile(r"(nats|tls)://[^\s/?#]+/?")


class ConfigError(Exception):
    """A setting that cannot be; the text is for the operator."""


class Tls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS by the server itself. Name both files, or neither; SIGHUP reads them again."""

    certificate: Annotated[str, Meta(description="PEM file of the certificate and its chain.")] = ""
    key: Annotated[
        str, Meta(description="PEM file of the certificate's key, without a passphrase.", extra=SECRET_FILE)
    ] = ""


class MetricsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Prometheus reads."""

    listen: Annotated[
        str,
        Meta(
            description="HOST:PORT where /metrics is answered, in plain HTTP, and not where clients come; "
            "/livez and /readyz are answered at both. Empty: /metrics is where clients come."
        ),
    ] = ""


class AuditSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of what administrators and moderators do."""

    keep_days: Annotated[
        int, Meta(description="After so many days an entry is forgotten.", ge=1, le=36_500)
    ] = 365


class PushSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pushes to people's phones, through Gotify and ntfy."""

    allowed: Annotated[
        tuple[str, ...],
        Meta(
            description="How addresses of push servers begin, such as https://ntfy.example.org. After one, "
            "separated by spaces, the private networks where its name may lead to: "
            "http://gotify.lan 10.0.0.0/8. Where there is none, no pushes are sent."
        ),
    ] = ()
    delay_s: Annotated[
        float,
        Meta(description="How long a message waits for its reader before it is pushed.", ge=0, le=3_600),
    ] = 10.0
    timeout_s: Annotated[
        float, Meta(description="How long a push server may take to answer.", ge=0.1, le=60)
    ] = 10.0
    retry_s: Annotated[
        float,
        Meta(
            description="When a push is tried again that was not answered; twice as long every time, up to "
            "half an hour.",
            ge=0.01,
            le=1_800,
        ),
    ] = 15.0
    give_up_s: Annotated[float, Meta(description="How old a push may become.", ge=1, le=7 * 86_400)] = (
        86_400.0
    )


class RtcSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How two peers find a way to each other."""

    stun_listen: Annotated[
        str,
        Meta(
            description="HOST:PORT of the STUN responder, which tells a client over UDP how it is seen from "
            "here. Empty: the address of listen, where that is free. off: no responder."
        ),
    ] = ""
    stun_urls: Annotated[
        list[str], Meta(description="Further STUN servers, such as stun:stun.example:3478.")
    ] = []
    turn_urls: Annotated[
        list[str],
        Meta(
            description="TURN servers, such as turn:turn.example:3478?transport=udp. They need turn_secret."
        ),
    ] = []
    turn_secret: Annotated[
        str,
        Meta(
            description="What coturn calls static-auth-secret: from it are made the credentials for "
            "turn_urls, which expire.",
            extra=SECRET,
        ),
    ] = ""
    ttl_s: Annotated[
        int,
        Meta(
            description="How long credentials for TURN live; a call asks for others before that.",
            ge=60,
            le=7 * 86_400,
        ),
    ] = 86_400


class RelaySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Packets that go through this server where two peers find no direct way; it cannot read them.

    A limit of 0 is none.
    """

    enabled: Annotated[bool, Meta(description="False: nothing is relayed.")] = True
    sessions: Annotated[
        int, Meta(description="Sessions that are relayed at the same time.", ge=1, le=100_000)
    ] = 200
    rate_kib: Annotated[
        int, Meta(description="KiB a second that one device may send; what is more is dropped.", ge=0)
    ] = 8_192
    session_mib: Annotated[int, Meta(description="MiB that one session may send in all.", ge=0)] = 4_096
    user_mib_a_day: Annotated[int, Meta(description="MiB that one person may send in a day (UTC).", ge=0)] = (
        16_384
    )


class DoorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ways in for people who have none of Mesh's programs: the server runs mesh-tui for each of them."""

    sessions: Annotated[
        int, Meta(description="People who may be in at the same time, by each way.", ge=1, le=10_000)
    ] = 20
    sessions_per_person: Annotated[int, Meta(description="How many of these one person may have.", ge=1)] = 4
    memory_mib: Annotated[
        int, Meta(description="MiB of memory that the program of one of them may ask for.", ge=64, le=65_536)
    ] = 512
    away_s: Annotated[
        float,
        Meta(
            description="How long a program waits for a browser whose line is lost; then it ends, and its "
            "device is signed out.",
            ge=1,
            le=86_400,
        ),
    ] = 60.0
    idle_s: Annotated[
        float,
        Meta(description="After how long without a key an ssh session ends. 0: never.", ge=0, le=30 * 86_400),
    ] = 86_400.0


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a server is told. Times are seconds."""

    listen: Annotated[
        str,
        Meta(description="HOST:PORT where clients come; [::]:8000 is every address, port 0 any free port."),
    ] = "127.0.0.1:8000"
    web: Annotated[
        bool,
        Meta(
            description="True: a browser that comes to listen may sign in there, and has the whole client in "
            "a page."
        ),
    ] = False
    ssh: Annotated[
        str,
        Meta(
            description="HOST:PORT where ssh NAME@HOST is the whole client, with nothing installed. Empty: "
            "nowhere."
        ),
    ] = ""
    data: Annotated[
        str,
        Meta(description="The folder of everything that the server keeps; it is made where it is missing."),
    ] = msgspec.field(default_factory=lambda: str(platformdirs.user_data_path("mesh") / "server"))
    name: Annotated[
        str,
        Meta(
            description="What clients show as the name of this server.",
            min_length=1,
            max_length=wire.NAME_CHARS,
        ),
    ] = "Mesh"
    public_url: Annotated[
        str,
        Meta(
            description="Where people reach this server, such as https://chat.example.org; it stands in the "
            "links that mesh-server admin prints. Empty: where the server listens."
        ),
    ] = ""
    registration: Annotated[
        Literal["open", "invite", "closed", "default"],
        Meta(
            description="Who may make an account; the very first one anybody may. The default is open where "
            "only this machine reaches the server, and invite elsewhere."
        ),
    ] = "default"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="How much goes to the log, which is stderr."),
    ] = "info"
    heartbeat_s: Annotated[
        float, Meta(description="A client that is silent for twice as long is gone.", ge=0.1, le=600)
    ] = wire.HEARTBEAT_S
    hello_timeout_s: Annotated[
        float, Meta(description="How long a new connection may take to sign in.", ge=0.1, le=600)
    ] = wire.HELLO_TIMEOUT_S
    close_timeout_s: Annotated[
        float,
        Meta(
            description="How long a client may take to answer a goodbye, before its line is cut.",
            ge=0.1,
            le=600,
        ),
    ] = 2.0
    stop_timeout_s: Annotated[
        float,
        Meta(
            description="How long stopping may take; a message that the disk has not taken by then was not "
            "acknowledged.",
            ge=0.5,
            le=600,
        ),
    ] = 30.0
    bcrypt_cost: Annotated[
        int,
        Meta(description="How dear a guess at a password is; one more is twice the work.", ge=4, le=16),
    ] = 12
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses and networks of the proxies in front of this server, whose word on where "
            "a client comes from (X-Forwarded-For, or Forwarded) is believed."
        ),
    ] = ()
    database: Annotated[
        str,
        Meta(
            description="Where the PostgreSQL database is that the nodes of one server share: "
            "postgresql://USER:PASSWORD@HOST/NAME. Empty: a file in the data folder, for a server that is "
            "alone.",
            extra=SECRET,
        ),
    ] = ""
    bus: Annotated[
        str,
        Meta(
            description="Where the nodes of one server hear each other: nats://HOST:PORT of a NATS server, "
            "or of several, with commas; a name and password, or a token, stand before an @; tls:// is "
            "encrypted. Empty: this is the only node.",
            extra=SECRET,
        ),
    ] = ""
    bus_ca: Annotated[
        str,
        Meta(
            description="PEM file of the certificates by which tls:// addresses of the bus are checked. "
            "Empty: those of the system."
        ),
    ] = ""
    poll_s: Annotated[
        float,
        Meta(
            description="How often a node without a line to the bus looks into the database for what others "
            "wrote; one that has a line looks ten times as seldom.",
            ge=0.05,
            le=60,
        ),
    ] = 1.0
    tls: Tls = Tls()
    metrics: MetricsSettings = MetricsSettings()
    limits: Limits = Limits()
    audit: AuditSettings = AuditSettings()
    rtc: RtcSettings = RtcSettings()
    relay: RelaySettings = RelaySettings()
    push: PushSettings = PushSettings()
    doors: DoorSettings = DoorSettings()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`. Raises: ConfigError."""
        return address_of("listen", self.listen)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.address[0])

    @property
    def registration_mode(self) -> Registration:
        """`open` by default on loopback only; elsewhere `invite`, but for the very first account."""
        if self.registration == "default":
            return "open" if self.is_loopback else "invite"
        return self.registration

    @property
    def proxies(self) -> tuple[Network, ...]:
        """Raises: ConfigError."""
        try:
            return parse_networks(self.trusted_proxies)
        except ValueError as error:
            raise ConfigError(f"trusted_proxies: {error}.") from None

    @property
    def url(self) -> str:
        """Where people reach the server: as it was told, or where it listens."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host, port = self.address
        scheme = "https" if self.tls.certificate else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    @property
    def bus_urls(self) -> list[str]:
        """Raises: ConfigError."""
        urls = [url.strip() for url in self.bus.split(",")] if self.bus else []
        for url in urls:
            if not _BUS_URL.fullmatch(url):
                raise ConfigError("bus is an address such as nats://127.0.0.1:4222, or several with commas.")
        return urls

    @property
    def push_allowed(self) -> AllowList:
        """Raises: ConfigError."""
        try:
            return AllowList(self.push.allowed)
        except ValueError as error:
            raise ConfigError(f"push.allowed: {error}.") from None

    @property
    def folder(self) -> Path:
        return Path(self.data).expanduser()

    def check(self) -> None:
        """Raises: ConfigError, naming what cannot be."""
        _ = self.address, self.proxies, self.push_allowed, self.bus_urls
        if self.database and not _DATABASE_URL.fullmatch(self.database):
            raise ConfigError("database is an address such as postgresql://mesh:PASSWORD@127.0.0.1/mesh.")
        if self.public_url and not _PUBLIC_URL.fullmatch(self.public_url):
            raise ConfigError(
                f"public_url is an address such as https://chat.example.org, not {self.public_url!r}."
            )
        if self.ssh:
            address_of("ssh", self.ssh)
        if self.metrics.listen:
            address_of("metrics.listen", self.metrics.listen)
        if self.rtc.stun_listen not in ("", OFF):
            address_of("rtc.stun_listen", self.rtc.stun_listen)
        _check_ice(self.rtc)
        if bool(self.tls.certificate) != bool(self.tls.key):
            raise ConfigError("tls.certificate and tls.key go together: name both files, or neither.")


def address_of(key: str, text: str) -> tuple[str, int]:
    """Host and port of what the setting `key` says. Raises: ConfigError."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 0xFFFF:
        raise ConfigError(f"{key} is HOST:PORT, for instance 127.0.0.1:8000, not {text!r}.")
    return host, int(port)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_ice(rtc: RtcSettings) -> None:
    for name, urls, schemes in (
        ("rtc.stun_urls", rtc.stun_urls, ("stun:", "stuns:")),
        ("rtc.turn_urls", rtc.turn_urls, ("turn:", "turns:")),
    ):
        for url in urls:
            if not url.startswith(schemes):
                raise ConfigError(f"{name} holds addresses such as {schemes[0]}host:3478, not {url!r}.")
    if bool(rtc.turn_urls) != bool(rtc.turn_secret):
        raise ConfigError("rtc.turn_urls and rtc.turn_secret go together: set both, or neither.")
