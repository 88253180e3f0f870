"""Whether a call still goes on: who denies it, who affirms it, and how long is waited."""

from mesh_agent.calls.asking import ALONE_S, ASK_S, ASKED_MAX, DENIED_S, Question, asked
from protocol.calls import Absent, Device, Here, Join
from protocol.rest import Member

ALICE, BOB, CAROL = (Device(name, f"{name}-1") for name in ("alice", "bob", "carol"))


def member(name: str, presence: str = "online") -> Member:
    return Member(
        user_id=name,
        username=name,
        display_name=name,
        role="member",
        presence=presence,  # type: ignore[arg-type]
        joined_at="2024-11-20T09:06:00.000Z",
    )


def test_a_call_that_everybody_denies_is_waited_for_no_longer() -> None:
    question = Question({"bob", "carol"}, 0.0)
    assert question.until == ASK_S
    question.heard(BOB, Absent(), 0.1)
    question.heard(BOB, Absent(), 0.1)
    question.heard(ALICE, Absent(), 0.1)  # nobody has known that she is there
    question.heard(CAROL, Join(), 0.1)  # that is no answer
    question.heard(CAROL, None, 0.1)
    assert question.until == ASK_S
    question.heard(CAROL, Absent(), 0.2)
    assert (question.until, question.here) == (0.2 + DENIED_S, [])


def test_one_who_affirms_it_says_who_is_there() -> None:
    question = Question({"bob"}, 0.0)
    question.heard(BOB, Absent(), 0.1)
    question.heard(Device("bob", "bob-2"), Here(devices=[CAROL, Device("bob", "bob-2")]), 0.5)
    assert question.here == [Device("bob", "bob-2"), CAROL]


def test_where_nobody_seems_to_be_there_those_who_hide_have_a_moment() -> None:
    assert Question(set(), 5.0).until == 5.0 + ALONE_S


def test_who_has_begun_it_is_asked_first_then_who_is_there() -> None:
    people = [member(f"n{number}", "offline") for number in range(ASKED_MAX)]
    people += [member("bob"), member("alice", "offline")]
    found = [each.user_id for each in asked(people, "alice")]
    assert (found[:3], len(found)) == (["alice", "bob", "n0"], ASKED_MAX)
