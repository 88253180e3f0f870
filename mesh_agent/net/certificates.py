"""The certificate of one session: made for it, pinned by its fingerprint, thrown away after it.

Strategy: ECDSA on P-256, which QUIC (aioquic) and TLS (OpenSSL) both take; signed by itself, with a subject
that says nothing. Nobody reads its dates: what makes it good is that its fingerprint came with the session,
so both ends compare the DER and nothing else. It is dated an hour back and a day ahead for engines that look.
"""

import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

from mesh_agent.net.identity import fingerprint

BACK: Final = datetime.timedelta(hours=1)
AHEAD: Final = datetime.timedelta(days=1)


class Certificate(Struct, frozen=True):
    """`der`: the certificate; `key`: its private key, DER in PKCS #8 without a password."""

    der: bytes
    key: bytes

    @property
    def fingerprint(self) -> str:
        """`SHA256:` and the hash of the DER in base64url without padding."""
        return fingerprint(self.der)


def make_certificate(now: float) -> Certificate:
    """A new one; `now`: seconds since 1970."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mesh")])
    at = datetime.datetime.fromtimestamp(now, datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BACK)
        .not_valid_after(at + AHEAD)
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        certificate.public_bytes(serialization.Encoding.DER),
        key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
