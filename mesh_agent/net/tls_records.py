"""TLS 1.3 between memory and memory: what is decrypted here came from no socket, and what is encrypted goes
to none.

Strategy: pyOpenSSL, whose OpenSSL comes with `cryptography`: where a system's own is some years old it
encrypts half as fast on processors of today, and it takes keys from files alone. Where pyOpenSSL would copy
each record once or twice more, OpenSSL is called by its own names. What it raises becomes an OSError, as of
any other connection. One object is for one thread at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from OpenSSL import SSL
from OpenSSL._util import ffi, lib

from mesh_agent.net.certificates import Certificate
from protocol.version import ALPN

RECORD_BYTES: Final = 16 * 1024
"""The most that a record of TLS carries (RFC 8446, 5.1)."""

IN_BYTES: Final = 256 * 1024
"""Encrypted bytes that come at a time: they stay in the processor's own cache."""

OUT_BYTES: Final = 288 * 1024
"""Encrypted bytes that are handed out at a time."""

_ALPN: Final = ALPN.encode()

_PARTIAL_WRITE: Final = 1
"""`SSL_MODE_ENABLE_PARTIAL_WRITE`: each call would encrypt one record, and no more."""


class MoreWanted(OSError):
    """It goes on once more of the other end's bytes have come."""


def tls_context(certificate: Certificate | None) -> SSL.Context:
    """Of a server, where it has a certificate; else of a client. Neither asks for a certain one of the
    other's: who it is, is for whoever looks at it.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.clear_mode(_PARTIAL_WRITE)
    if certificate is None:
        context.set_alpn_protos([_ALPN])
        return context
    key = serialization.load_der_private_key(certificate.key, None)
    assert isinstance(key, EllipticCurvePrivateKey)
    context.use_certificate(x509.load_der_x509_certificate(certificate.der))
    context.use_privatekey(key)
    context.set_alpn_select_callback(_choose)
    return context


def _choose(_: SSL.Connection, offered: list[bytes]) -> Any:
    return _ALPN if _ALPN in offered else SSL.NO_OVERLAPPING_PROTOCOLS


class TlsRecords:
    """One end of a connection. Every method that moves bytes raises OSError where TLS is broken, and
    MoreWanted.

    Attributes:
        space: where the other end's bytes are to be put.
    """

    def __init__(self, context: SSL.Context, *, server: bool) -> None:
        self._tls = SSL.Connection(context)
        if server:
            self._tls.set_accept_state()
        else:
            self._tls.set_connect_state()
        came, made = bytearray(IN_BYTES), bytearray(OUT_BYTES)
        self.space: Final = memoryview(came)
        self._came = ffi.from_buffer(came)
        self._out, self._made = memoryview(made), ffi.from_buffer(made)

    def shake(self) -> None:
        """The handshake, as far as it goes."""
        with _as_os_errors():
            self._tls.do_handshake()

    @property
    def protocol(self) -> str | None:
        """What both ends speak over it (ALPN)."""
        return self._tls.get_alpn_proto_negotiated().decode("ascii", "replace") or None

    @property
    def certificate(self) -> bytes:
        """The other end's, as DER; empty where it has none."""
        found = self._tls.get_peer_certificate(as_cryptography=True)
        return b"" if found is None else found.public_bytes(serialization.Encoding.DER)

    # ── the other end's bytes ────────────────────────────────────────────────────────────────────

    def feed(self, count: int) -> None:
        """So many bytes came into `space`, where they are read; none means that no more will. Not before all
        that came there was read: MoreWanted.
        """
        if not count:
            self._tls.bio_shutdown()
            return
        source = lib.BIO_new_mem_buf(self._came, count)
        if source == ffi.NULL:
            raise MemoryError
        lib.BIO_set_mem_eof_return(source, -1)
        lib.SSL_set_bio(self._tls._ssl, source, self._tls._from_ssl)  # frees the one before
        self._tls._into_ssl = source

    def read(self, view: memoryview) -> int:
        """Decrypts as much into `view` as is there, at least one byte; 0 means that the other end has said
        its last.
        """
        ssl, end, at = self._tls._ssl, len(view), 0
        with ffi.from_buffer(view) as into:
            while at < end:
                count = lib.SSL_read(ssl, into + at, end - at)
                if count <= 0:
                    return at or self._why(view, count)
                at += count
        return at

    def _why(self, view: memoryview, count: int) -> int:
        """What was in the way: read once more, pyOpenSSL tells it."""
        if lib.SSL_get_error(self._tls._ssl, count) == lib.SSL_ERROR_WANT_READ:
            raise MoreWanted
        with _as_os_errors():
            try:
                return self._tls.recv_into(view[:1])
            except SSL.ZeroReturnError:
                return 0

    # ── ours ─────────────────────────────────────────────────────────────────────────────────────

    def write(self, data: memoryview) -> None:
        """Encrypts all of it."""
        with _as_os_errors():
            self._tls.sendall(data)

    def taken(self) -> memoryview:
        """What is to be sent, up to `OUT_BYTES` of it; until this is called again. Empty where there is no
        more.
        """
        count = lib.BIO_read(self._tls._from_ssl, self._made, OUT_BYTES)
        return self._out[: max(count, 0)]

    def finish(self) -> None:
        """Says that nothing more comes."""
        with _as_os_errors():
            self._tls.shutdown()


@contextmanager
def _as_os_errors() -> Iterator[None]:
    try:
        yield
    except SSL.WantReadError:
        raise MoreWanted from None
    except SSL.Error as error:
        raise OSError(f"TLS: {error}") from error
