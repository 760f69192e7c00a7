"""What a subscription may name, whose events it brings, and how a token limits it."""

from typing import Any

import pytest
from autodmca_edge.fanout.subscriptions import (
    BITS,
    EVERYONE,
    Interest,
    Subscription,
    interests_of,
    narrowed,
    topics_of,
)
from autodmca_edge.fanout.subscriptions import subscription as make
from autodmca_edge.protocol import Refusal, SubscriptionConfig
from autodmca_events import CATALOGUE
from autodmca_events.topics import BROADCAST, events_topic
from autodmca_runtime import Claims

USAGE, INCIDENT, NOTICE = "template_usage", "social_media_incident", "system_notification"


def claims(
    user: int = 7, *roles: str, types: tuple[str, ...] | None = None, filters: dict[str, Any] | None = None
) -> Claims:
    return Claims(user, frozenset(roles), 2_000_000_000, types, filters)


def sub(who: Claims, *types: str, **filters: Any) -> Subscription:
    return make("s", SubscriptionConfig(types=list(types), filters=filters or None), who)


def refusal(who: Claims, *types: str, **filters: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        sub(who, *types, **filters)
    assert refused.value.subscription_id == "s"
    return refused.value


def test_types_are_answered_once_each_in_the_catalogues_order() -> None:
    assert sub(claims(), USAGE, INCIDENT, USAGE).types == [INCIDENT, USAGE]
    assert sub(claims(), *CATALOGUE).types == list(CATALOGUE)


def test_every_type_has_a_bit_of_its_own() -> None:
    assert list(BITS) == list(CATALOGUE)
    assert len(set(BITS.values())) == len(CATALOGUE)


@pytest.mark.parametrize(
    ("types", "code", "field"),
    [
        ([], "bad_message", "payload.config.types"),
        (["nothing"], "unknown_type", "payload.config.types[0]"),
        ([USAGE, ""], "unknown_type", "payload.config.types[1]"),
        ([USAGE, USAGE, "Template_Usage"], "unknown_type", "payload.config.types[2]"),
    ],
)
def test_types_that_cannot_be_are_refused_by_their_place(types: list[str], code: str, field: str) -> None:
    refused = refusal(claims(), *types)
    assert (refused.code, refused.field) == (code, field)


def test_a_filter_that_cannot_be_is_refused_by_its_field() -> None:
    refused = refusal(claims(), USAGE, nothing=5)
    assert (refused.code, refused.field) == ("bad_filter", "payload.config.filters.nothing")


def test_without_a_user_a_subscription_is_for_ones_own_events() -> None:
    assert sub(claims(7), USAGE).keys == (b"7",)
    assert sub(claims(7), USAGE, userId=None).keys == (b"7",)
    for own in (7, [7], [7, 7], {"eq": 7}, {"in": [7]}):
        assert sub(claims(7), USAGE, userId=own).keys == (b"7",)


@pytest.mark.parametrize("other", [8, "*", [8], [7, 8], {"eq": 8}, {"in": [8]}])
def test_only_an_admin_may_name_another_user(other: Any) -> None:
    refused = refusal(claims(7), USAGE, userId=other)
    assert (refused.code, refused.field) == ("forbidden", "payload.config.filters.userId")
    assert sub(claims(7, "admin"), USAGE, userId=other).keys
    assert refusal(claims(7, "administrator"), USAGE, userId=other).code == "forbidden"


@pytest.mark.protocol("Subscriptions: userId")
def test_an_admin_names_users_or_all_of_them() -> None:
    admin = claims(7, "admin")
    assert sub(admin, USAGE, userId="*").keys == (EVERYONE,)
    assert sub(admin, USAGE, userId=[9, 8, 9]).keys == (b"9", b"8")
    assert sub(admin, USAGE).keys == (b"7",)


@pytest.mark.parametrize(
    "users",
    ["7", "", 7.0, True, [], ["*"], [7, "8"], [True], {"ne": 7}, {"eq": 7, "in": [7]}, {}, list(range(1001))],
)
def test_what_names_no_user_is_refused(users: Any) -> None:
    refused = refusal(claims(7, "admin"), USAGE, userId=users)
    assert (refused.code, refused.field) == ("bad_filter", "payload.config.filters.userId")


def test_a_tokens_types_limit_every_subscription() -> None:
    limited = claims(types=(USAGE,))
    assert sub(limited, USAGE, INCIDENT).types == [USAGE]
    refused = refusal(limited, INCIDENT)
    assert (refused.code, refused.field) == ("forbidden", "payload.config.types")
    assert refusal(claims(types=()), USAGE).code == "forbidden"


def test_a_tokens_filters_hold_beside_the_clients() -> None:
    limited = claims(filters={"platforms": ["web"]})
    wanted = sub(limited, INCIDENT, profileIds=[5])
    bit = BITS[INCIDENT]
    assert wanted.wants(bit, {"profileId": 5, "platform": "web"})
    assert not wanted.wants(bit, {"profileId": 5, "platform": "tiktok"})
    assert not wanted.wants(bit, {"profileId": 6, "platform": "web"})
    assert not sub(limited, INCIDENT, platforms=["tiktok"]).wants(bit, {"platform": "tiktok"})


def test_a_tokens_filter_on_users_limits_an_admin() -> None:
    limited = claims(7, "admin", filters={"userId": [8, 9]})
    assert sub(limited, USAGE, userId="*").keys == (b"8", b"9")
    assert sub(limited, USAGE, userId=[7, 9]).keys == (b"9",)
    assert refusal(limited, USAGE).code == "forbidden"
    assert sub(claims(7, filters={"userId": 7}), USAGE).keys == (b"7",)
    assert sub(claims(7, filters={"userId": "*"}), USAGE).keys == (b"7",)


@pytest.mark.parametrize(
    "limit",
    [
        {"profileID": {"ne": 3}},
        {"profileID": {"nin": [3]}},
        {"profileID": {"exists": False}},
        {"profileID": 3},
        {"profileId": {"ne": "3"}},
        {"profileId": {"unheard": 3}},
        {"profileId": {}},
        {"profileId": 3, "nothing": {"ne": 3}},
        {"platform": {"in": 5}},
        {"userId": "all"},
        {"userId": {"ne": 3}},
        {"userId": None},
        {f"field{number}": {"ne": 1} for number in range(50)},
    ],
    ids=str,
)
def test_a_tokens_limit_that_cannot_be_understood_lets_nothing_through(limit: dict[str, Any]) -> None:
    refused = refusal(claims(7, "admin", filters=limit), INCIDENT)
    assert refused.code == "forbidden"
    assert "the token's own limit" in refused.message
    standing = sub(claims(), INCIDENT)
    assert narrowed(standing, claims(filters=limit)) is None


def test_a_tokens_limit_leaves_of_the_types_those_that_have_its_field() -> None:
    limited = claims(filters={"profileId": {"ne": 3}})
    assert sub(limited, INCIDENT, USAGE).types == [INCIDENT]
    standing = sub(claims(), INCIDENT, USAGE)
    left = narrowed(standing, limited)
    assert left is not None
    assert left.types == [INCIDENT]


def test_a_tokens_types_that_nobody_knows_allow_nothing() -> None:
    assert refusal(claims(types=("template_usages",)), USAGE).code == "forbidden"
    assert sub(claims(types=("template_usages", USAGE)), USAGE, INCIDENT).types == [USAGE]


def test_a_newer_token_narrows_what_stands_and_never_widens_it() -> None:
    standing = sub(claims(types=(USAGE,)), USAGE, INCIDENT)
    standing.since = {"somewhere": 5}
    fresh = narrowed(standing, claims())
    assert fresh is not None
    assert fresh.types == [USAGE]
    assert fresh.since == {"somewhere": 5}
    assert narrowed(standing, claims(types=(INCIDENT,))) is None


def test_a_newer_token_brings_its_filters_once() -> None:
    standing: Subscription | None = sub(claims(), INCIDENT, profileIds=[5])
    for _ in range(100):
        assert standing is not None
        standing = narrowed(standing, claims(filters={"platforms": ["web"]}))
    assert standing is not None
    assert len(standing.limits) == 1
    assert not standing.wants(BITS[INCIDENT], {"profileId": 5, "platform": "x"})
    assert standing.wants(BITS[INCIDENT], {"profileId": 5, "platform": "web"})


def test_who_is_no_admin_any_more_loses_others_events() -> None:
    for users in (8, "*", [7, 8]):
        assert narrowed(sub(claims(7, "admin"), USAGE, userId=users), claims(7)) is None
    assert narrowed(sub(claims(7, "admin"), USAGE), claims(7)) is not None
    assert narrowed(sub(claims(7, "admin"), USAGE, userId="*"), claims(7, "admin")) is not None


def test_a_newer_token_whose_limits_make_no_sense_allows_nothing() -> None:
    assert narrowed(sub(claims(), INCIDENT), claims(filters={"platform": {"in": 5}})) is None
    assert narrowed(sub(claims(7), INCIDENT), claims(7, filters={"userId": 8})) is None


def test_topics_are_those_of_the_types() -> None:
    assert topics_of(sub(claims(), USAGE).mask) == (events_topic("templates"),)
    assert set(topics_of(sub(claims(), USAGE, NOTICE, INCIDENT).mask)) == {
        events_topic("templates"),
        events_topic("social_media"),
        BROADCAST,
    }


def test_an_interest_knows_what_needs_no_look_at_the_payload() -> None:
    plain, filtered = sub(claims(), USAGE), sub(claims(), USAGE, INCIDENT, profileIds=[5])
    interest = Interest("member", [plain, filtered])
    assert interest.plain == BITS[USAGE]
    assert interest.filtered == BITS[INCIDENT]
    assert interest.matches(BITS[INCIDENT], {"profileId": 5})
    assert not interest.matches(BITS[INCIDENT], {"profileId": 6})


def test_interests_are_by_user_and_can_be_joined() -> None:
    admin = claims(7, "admin")
    by_key = interests_of("m", [sub(admin, USAGE, userId=[7, 8]), sub(admin, INCIDENT, platforms=["web"])])
    assert set(by_key) == {b"7", b"8"}
    assert (by_key[b"8"].plain, by_key[b"8"].filtered) == (BITS[USAGE], 0)
    both = by_key[b"8"].joined(by_key[b"7"])
    assert (both.plain, both.filtered) == (BITS[USAGE], BITS[INCIDENT])
    assert both.matches(BITS[INCIDENT], {"platform": "web"})
    everything = Interest("m", [sub(admin, INCIDENT)])
    assert by_key[b"7"].joined(everything).filtered == 0
