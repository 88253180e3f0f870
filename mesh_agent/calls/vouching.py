"""Who is at the other end of a leg: each description is vouched for by the identity of the device it is from.

Strategy: DTLS proves that the other end has the certificate that its description names; the signature over
that certificate's fingerprint proves whose it is. An answer is also over the fingerprint of the offer, so
that nobody in between can show each end a certificate of their own. Identities are remembered as with files
(`net.known`): what a device has shown once, it has to show ever after.
"""

from typing import TYPE_CHECKING

from mesh_agent.media import sdp
from mesh_agent.net.identity import Identity, signed_by
from protocol.calls import Leg, Role, signed
from protocol.errors import WrongSignature

if TYPE_CHECKING:
    from mesh_agent.net.known import Known, KnownDevices


def fingerprint(description: str) -> str:
    """Of the certificate in it. Raises: WrongSignature, for a description that names none, or several."""
    try:
        return sdp.fingerprint(description)
    except sdp.Refused as error:
        raise WrongSignature(error.text) from None


def vouch(
    identity: Identity,
    role: Role,
    call_id: str,
    number: int,
    sender: str,
    receiver: str,
    shown: str,
    offered: str,
) -> Leg:
    """For a description of ours. Arguments as those of `protocol.calls.signed`."""
    data = signed(role, call_id, number, sender, receiver, shown, offered)
    return Leg(number=number, key=identity.public, signature=identity.sign(data))


async def check(
    known: "KnownDevices",
    leg: Leg,
    role: Role,
    call_id: str,
    user_id: str,
    sender: str,
    receiver: str,
    description: str,
    offered: str,
) -> "Known":
    """What is known of the device whose description this is.

    Raises:
        WrongSignature: it is not from who holds that identity, or not for this leg.
        PeerChanged: the device had another identity before.
        FilesUnusable: it cannot be looked up.
    """
    data = signed(role, call_id, leg.number, sender, receiver, fingerprint(description), offered)
    if not signed_by(leg.key, leg.signature, data):
        raise WrongSignature
    return await known.remember(user_id, sender, leg.key)
