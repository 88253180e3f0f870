"""What the machine of a call says, as it goes over the line to the server."""

from typing import Final

from mesh_agent.client.calling import CallRequest
from mesh_agent.machines.call import CallMachine
from mesh_agent.machines.call_parts import Say
from protocol import calls
from protocol.signals import SendRtcAnswer, SendRtcHangup, SendRtcIce, SendRtcOffer

_SENDS: Final[dict[str, type[SendRtcOffer] | type[SendRtcAnswer] | type[SendRtcIce]]] = {
    "offer": SendRtcOffer,
    "answer": SendRtcAnswer,
    "ice": SendRtcIce,
}


def request_of(which: CallMachine, say: Say) -> CallRequest:
    place = {"call_id": which.id, "room_id": which.room_id, "to": say.to}
    if say.kind == "hangup":
        return SendRtcHangup(**place, reason=say.reason)
    assert say.payload is not None
    return _SENDS[say.kind](**place, payload=calls.write(say.payload))
