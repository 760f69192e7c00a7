"""The judge of the chaos test sees each fault that it is there to see, and none where there is none."""

import pytest

from tests.e2e.chaos.oracle import Kind, Ledger, Reception, Sent, Verdict

FACT, OTHER, EVERYBODYS = "template_approval", "user_notification", "system_notification"
TYPES = (FACT, OTHER, EVERYBODYS)
ME, ANOTHER = 7, 8


@pytest.fixture
def ledger() -> Ledger:
    """Three events of mine on one topic, one on another, one of another user, one for everybody."""
    ledger = Ledger()
    for number in range(3):
        ledger.add(f"mine-{number}", FACT, "templates", ME, 0.0)
    ledger.add("mine-too", OTHER, "accounts", ME, 0.0)
    ledger.add("another's", FACT, "templates", ANOTHER, 0.0)
    ledger.add("everybody's", EVERYBODYS, "broadcast", None, 0.0)
    for each in ledger:
        each.acknowledged = True
    return ledger


def sent(ledger: Ledger, event_id: str) -> Sent:
    found = ledger.get(event_id)
    assert found is not None
    return found


def judged(ledger: Ledger, *ids: str, types: tuple[str, ...] = TYPES) -> Verdict:
    """The verdict on a subscription that was given these, each as it was sent."""
    reception = Reception(ledger, "me", ME, types)
    for event_id in ids:
        each = sent(ledger, event_id)
        reception.take(each.id, each.type, each.user, each.number, 1.0)
    return Verdict([reception])


ALL = ("mine-0", "mine-1", "mine-2", "mine-too", "everybody's")


def test_all_that_is_owed_once_and_in_order_is_what_was_promised(ledger: Ledger) -> None:
    verdict = judged(ledger, *ALL)
    assert verdict.faults == []
    assert verdict.given == len(ALL)
    assert verdict.slowest == (1.0, max(ALL))


def test_topics_have_no_order_among_each_other(ledger: Ledger) -> None:
    assert judged(ledger, "everybody's", "mine-0", "mine-too", "mine-1", "mine-2").faults == []


@pytest.mark.parametrize(
    ("ids", "kinds"),
    [
        pytest.param(ALL[:-1], {"lost": 1}, id="lost"),
        pytest.param((), {"lost": 5}, id="nothing at all"),
        pytest.param((*ALL, "mine-1"), {"doubled": 1}, id="doubled"),
        pytest.param(("mine-1", "mine-0", *ALL[2:]), {"reordered": 1}, id="reordered"),
        pytest.param(("mine-2", "mine-0", "mine-1", *ALL[3:]), {"reordered": 2}, id="the newest came first"),
        pytest.param((*ALL, "another's"), {"foreign": 1}, id="another user's"),
    ],
)
def test_each_fault_is_seen(ledger: Ledger, ids: tuple[str, ...], kinds: dict[Kind, int]) -> None:
    assert judged(ledger, *ids).kinds == kinds


def test_an_event_under_two_ids_is_seen(ledger: Ledger) -> None:
    reception = Reception(ledger, "me", ME, [FACT])
    for event_id in ("mine-0", "made up"):
        reception.take(event_id, FACT, ME, 0, 1.0)
    assert [each.kind for each in reception.faults] == ["unknown"]


@pytest.mark.parametrize(
    ("event_type", "user", "number"), [(OTHER, ME, 0), (FACT, None, 0), (FACT, ME, 1), (FACT, ME, None)]
)
def test_an_event_that_was_altered_is_seen(
    ledger: Ledger, event_type: str, user: int | None, number: int | None
) -> None:
    reception = Reception(ledger, "me", ME, TYPES)
    reception.take("mine-0", event_type, user, number, 1.0)
    assert [each.kind for each in reception.faults] == ["unknown"]


def test_a_subscription_is_owed_its_own_types_and_no_others(ledger: Ledger) -> None:
    assert judged(ledger, "mine-too", types=(OTHER,)).faults == []
    assert judged(ledger, "mine-too", "mine-0", types=(OTHER,)).kinds == {"unasked": 1}


def test_what_was_not_acknowledged_may_come_and_need_not(ledger: Ledger) -> None:
    sent(ledger, "mine-2").acknowledged = False
    assert judged(ledger, *ALL).faults == []
    assert judged(ledger, *(each for each in ALL if each != "mine-2")).faults == []
    assert judged(ledger, *ALL, "mine-2").kinds == {"doubled": 1}


def test_what_was_handed_over_twice_may_be_anywhere_but_only_once(ledger: Ledger) -> None:
    sent(ledger, "mine-0").repeated = True
    assert judged(ledger, "mine-1", "mine-2", "mine-0", *ALL[3:]).faults == []
    assert judged(ledger, "mine-2", "mine-1", "mine-0", *ALL[3:]).kinds == {"reordered": 1}
    assert judged(ledger, *ALL, "mine-0").kinds == {"doubled": 1}
    assert judged(ledger, *ALL[1:]).kinds == {"lost": 1}


def test_a_verdict_names_who_missed_what(ledger: Ledger) -> None:
    assert "me: lost: mine-2 (template_approval, user 7, number 2)" in str(judged(ledger, *ALL[:2]))
