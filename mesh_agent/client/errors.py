"""What goes wrong on this side of the wire, each in a sentence for the person who reads it.

MeshError
├── Unreachable              unreachable             no Mesh server was spoken to; trying again may help
│   ├── WrongAddress         client.wrong_address    this cannot be a server's address
│   ├── NameNotFound         client.name_not_found   no machine has that name (or there is no network)
│   ├── ServerDown           client.server_down      the machine is there, nothing answers at that port
│   ├── CertificateRejected  client.certificate      the TLS certificate does not fit
│   ├── TlsFailed            client.tls              one end speaks TLS and the other does not
│   ├── TimedOut             client.timeout
│   ├── LineLost             client.line_lost        the connection was there and broke
│   ├── NotMesh              client.not_mesh         something answers that is not a Mesh server
│   └── VersionMismatch      client.version          this program and the server have no version in common
├── SignInNeeded             client.signed_out
└── LocalError               something in this program's own files or arguments
    ├── NoServer             client.no_server
    ├── AlreadySignedIn      client.already_signed_in
    ├── LinkInvalid          client.invite_link
    ├── ProfileInvalid       client.profile
    ├── FileTooNew           client.file_too_new     written by a newer Mesh
    ├── FilesUnusable        client.files            folder or file cannot be read or written
    ├── SwitchedOff          client.switched_off     this program runs on somebody else's machine
    ├── OutboxFull           client.outbox_full
    └── OutgoingUnknown      client.outgoing_unknown
"""

from protocol.errors import MeshError


class Unreachable(MeshError):
    code = "unreachable"
    text = "The server cannot be reached."


class WrongAddress(Unreachable):
    code = "client.wrong_address"


class NameNotFound(Unreachable):
    code = "client.name_not_found"


class ServerDown(Unreachable):
    code = "client.server_down"


class CertificateRejected(Unreachable):
    code = "client.certificate"


class TlsFailed(Unreachable):
    code = "client.tls"


class TimedOut(Unreachable):
    code = "client.timeout"


class LineLost(Unreachable):
    code = "client.line_lost"
    text = "The connection to the server was lost."


class NetworkChanged(LineLost):
    """The address that the line began at is not this device's any more."""

    code = "client.network_changed"
    text = "This device is in another network now."


class NotMesh(Unreachable):
    code = "client.not_mesh"


class VersionMismatch(Unreachable):
    code = "client.version"


class SignInNeeded(MeshError):
    """There is no session, or the server ended it."""

    code = "client.signed_out"
    text = "You are not signed in."


class LocalError(MeshError):
    """Nothing was sent: the reason lies on this machine."""

    code = "client.local"


class NoServer(LocalError):
    code = "client.no_server"
    text = "No server is known for this profile yet. Name one with --server."


class AlreadySignedIn(LocalError):
    code = "client.already_signed_in"


class LinkInvalid(LocalError):
    code = "client.invite_link"
    text = "This is not the link of an invite. One looks like https://chat.example.org/invite/5d0a8be2c71f."


class ProfileInvalid(LocalError):
    code = "client.profile"
    text = "A profile's name has 1 to 64 letters, digits and . _ - and begins with a letter or a digit."


class FileTooNew(LocalError):
    code = "client.file_too_new"


class FilesUnusable(LocalError):
    code = "client.files"


class SwitchedOff(LocalError):
    """It would act on the machine that this program runs on, which is not the person's own."""

    code = "client.switched_off"
    text = "This is off here: Mesh runs on the server's machine, not on yours."


class OutboxFull(LocalError):
    code = "client.outbox_full"


class OutgoingUnknown(LocalError):
    code = "client.outgoing_unknown"
    text = "This message is no longer in the outbox."
