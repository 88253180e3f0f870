"""A certificate that can be changed while the server runs.

Each handshake takes the newest certificate, which replaces the one before it whole or not at all; open
connections go on with the one that they began with. OpenSSL's own files are never half loaded: new ones
are read into a context of their own first.
"""

import logging
import ssl
from pathlib import Path

from mesh_server.config import Tls
from mesh_server.doubts import who_else_reads

log = logging.getLogger(__name__)


class CertificateUnusable(Exception):
    """One sentence for the operator."""


class Certificate:
    """`context` is for the listening socket."""

    def __init__(self, files: Tls) -> None:
        """Raises: CertificateUnusable."""
        self._files = files
        self._newest = _load(files)
        self.context = _load(files)
        self.context.sni_callback = self._choose

    def reload(self) -> None:
        """Reads the files again; where they cannot be used, what was before stays.

        Raises: CertificateUnusable.
        """
        self._newest = _load(self._files)

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """OpenSSL calls this for every handshake, whether or not the client names a host."""
        handshake.context = self._newest


class _PassphraseWanted(Exception):
    pass


def _no_passphrase() -> str:
    raise _PassphraseWanted


def _load(files: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_passphrase)
    except _PassphraseWanted:
        raise CertificateUnusable(
            f"The key in {files.key} has a passphrase, which nobody is there to type. Take it off: "
            f"openssl pkey -in {files.key} -out NEW."
        ) from None
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or error
        raise CertificateUnusable(
            f"The certificate in {files.certificate} and {files.key} cannot be used: {why}."
        ) from None
    if readers := who_else_reads(Path(files.key)):
        log.warning("the key of the certificate can be read by %s", readers, extra={"file": files.key})
    return context
