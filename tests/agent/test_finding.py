import pytest

from mesh_agent.client.finding import find_room
from protocol.errors import RoomNotFound
from tests.agent.rooms import room


def test_a_name_finds_its_room_whatever_its_case_and_an_id_comes_first() -> None:
    rooms = [room("r1"), room("r2")]
    assert find_room(rooms, "r2").id == "r2"
    assert find_room(rooms, "ROOM R1").id == "r1"
    assert find_room(rooms, "  Room   r1 ").id == "r1"
    assert find_room(rooms, "#room r1").id == "r1"
    hashed = [*rooms, room("r3", name="#room r1")]
    assert find_room(hashed, "#room r1").id == "r3"
    with pytest.raises(RoomNotFound, match="anyone may join"):
        find_room(rooms, "other", public=True)
    with pytest.raises(RoomNotFound) as refused:
        find_room(rooms, "a\x1b[31m" + "x" * 100)
    assert refused.value.message.isprintable()
