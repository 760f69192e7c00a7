"""Rounds of a story: other names and numbers each time, the same from the same seed."""

from autodmca_sandbox.casting import cast
from autodmca_sandbox.drafts import DRAFTS, PHOTOGRAPHS
from autodmca_sandbox.operator_story import maintenance
from autodmca_sandbox.people import AUTHORS
from autodmca_sandbox.platforms.population import persons

ROUNDS = [(author, turn) for author in range(len(AUTHORS)) for turn in range(20)]


def test_no_two_rounds_are_about_the_same_person_or_the_same_work() -> None:
    rounds = [cast(7, *each) for each in ROUNDS]
    assert len({each.number for each in rounds}) == len(ROUNDS)
    assert len({(each.someone.handle, each.work, each.values["owner_phone"]) for each in rounds}) == len(
        ROUNDS
    )


def test_a_seed_gives_the_same_rounds_and_another_seed_others() -> None:
    assert [cast(7, *each) for each in ROUNDS] == [cast(7, *each) for each in ROUNDS]
    assert cast(7, 0, 0).values != cast(8, 0, 0).values


def test_the_first_rounds_are_about_those_whom_the_networks_know_from_the_beginning() -> None:
    assert [cast(7, author, 0).someone for author in range(len(AUTHORS))] == persons(7, len(AUTHORS))


def test_a_draft_is_played_with_values_for_the_same_variables_and_the_round_s_person() -> None:
    played = cast(7, 1, 3)
    for draft in DRAFTS:
        mine = played.played(draft)
        assert mine.body == draft.body
        assert [set(each) for each in mine.occasions] == [set(each) for each in draft.occasions]
    assert played.played(PHOTOGRAPHS).occasions[0]["owner_name"] == played.someone.name
    assert played.played(PHOTOGRAPHS).occasions[0]["work_title"] == played.work


def test_each_maintenance_has_a_number_and_a_window_that_is_to_come() -> None:
    notices = [maintenance(7, turn, 1_800_000_000.0, 2.0) for turn in range(5)]
    assert len({str(each["title"]) for each in notices}) == 5
    assert {(each["startsAt"], each["endsAt"]) for each in notices} == {
        ("2027-01-15T08:00:08.000Z", "2027-01-15T08:00:48.000Z")
    }
