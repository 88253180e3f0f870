"""Who is in the rooms that somebody looks at."""

from msgspec.structs import replace

from mesh_agent.client.roster import NOTED_EVENTS, WATCHED_ROOMS, Roster
from protocol.events import MemberJoined, MemberLeft, PresenceChanged, ReadMarked
from tests.agent.rooms import AT, member


def joined(user_id: str, rev: int = 1) -> MemberJoined:
    return MemberJoined(
        room_id="r",
        rev=rev,
        user_id=user_id,
        username=user_id,
        display_name=user_id,
        role="member",
        presence="online",
        joined_at=AT,
    )


def left(user_id: str, new_owner: str | None = None) -> MemberLeft:
    return MemberLeft(room_id="r", rev=1, user_id=user_id, username=user_id, new_owner=new_owner)


def names(roster: Roster, room_id: str = "r") -> list[str] | None:
    members = roster.members(room_id)
    return None if members is None else [who.user_id for who in members]


def test_a_room_that_nobody_looks_at_is_not_kept() -> None:
    roster = Roster()
    assert not roster.changed("r", joined("u1"))
    assert not roster.renew("r", [member("u1")])
    assert names(roster) is None


def test_members_come_and_go_and_are_listed_by_name() -> None:
    roster = Roster()
    roster.show("r", [member("Zoe"), member("adam")])
    assert roster.changed("r", joined("Bea"))
    assert names(roster) == ["adam", "Bea", "Zoe"]
    assert roster.changed("r", left("adam", new_owner="Zoe"))
    assert not roster.changed("r", left("adam"))
    assert [(who.user_id, who.role) for who in roster.members("r") or []] == [
        ("Bea", "member"),
        ("Zoe", "owner"),
    ]


def test_presence_shows_in_every_watched_room_of_the_person_once() -> None:
    roster = Roster()
    roster.show("r", [member("u1")])
    roster.show("s", [member("u1"), member("u2")])
    roster.show("t", [member("u2")])
    away = PresenceChanged(user_id="u1", presence="away")
    assert roster.presence(away) == ["r", "s"]
    assert roster.presence(away) == []


def test_what_happens_while_a_list_is_asked_for_is_not_undone_by_it() -> None:
    roster = Roster()
    roster.asked("r")
    roster.changed("r", joined("late"))
    roster.changed("r", left("gone"))
    roster.presence(PresenceChanged(user_id="u1", presence="busy"))
    older = [member("gone"), member("u1")]
    answered = roster.answered("r", older)
    assert [(who.user_id, who.presence) for who in answered] == [("late", "online"), ("u1", "busy")]


def test_what_is_noted_is_bounded() -> None:
    roster = Roster()
    roster.asked("r")
    for number in range(NOTED_EVENTS + 1):
        roster.changed("r", joined(f"u{number}"))
    assert len(roster.answered("r", [])) == NOTED_EVENTS


def test_only_the_rooms_looked_at_last_are_kept() -> None:
    roster = Roster()
    for number in range(WATCHED_ROOMS):
        roster.show(f"r{number}", [])
    roster.members("r0")
    roster.show("one more", [])
    assert names(roster, "r0") == []
    assert names(roster, "r1") is None


def test_a_new_list_replaces_the_old_one() -> None:
    roster = Roster()
    roster.show("r", [member("u1")])
    assert roster.renew("r", [replace(member("u2"), role="owner")])
    assert names(roster) == ["u2"]
    roster.forget("r")
    assert names(roster) is None


def test_how_far_others_have_read_goes_forward_only() -> None:
    roster = Roster()
    roster.show("r", [member("u1")])
    assert roster.changed("r", ReadMarked(room_id="r", user_id="u1", seq=3))
    assert not roster.changed("r", ReadMarked(room_id="r", user_id="u1", seq=2))
    assert not roster.changed("r", ReadMarked(room_id="r", user_id="nobody", seq=9))
    assert [who.read_seq for who in roster.members("r") or []] == [3]


def test_a_status_text_is_part_of_who_someone_is() -> None:
    roster = Roster()
    roster.show("r", [member("u1")])
    text = PresenceChanged(user_id="u1", presence="online", status_text="Back at two")
    assert roster.presence(text) == ["r"]
    assert roster.presence(text) == []
    assert [who.status_text for who in roster.members("r") or []] == ["Back at two"]
