"""The language of filters: each operator, what it accepts, and what it says of the rest."""

from typing import Any

import pytest
from autodmca_edge.fanout.filters import MAX_FIELDS, MAX_VALUES, BadFilter, compile_filter
from hypothesis import given, settings
from hypothesis import strategies as st

INCIDENT = (
    "social_media_incident"  # profileId: integer, platform: string, severity: enum, signals: list of enum
)
ACTIVITY = "profile_activity"  # infringement.confidence: number inside an object
USAGE = "template_usage"  # acceptanceRatePercent?: number, usageCount: integer


def matches(filters: dict[str, Any], payload: dict[str, Any], *types: str) -> bool:
    return compile_filter(filters, types or (INCIDENT,)).matches(payload)


def fault(filters: dict[str, Any], *types: str) -> BadFilter:
    with pytest.raises(BadFilter) as refused:
        compile_filter(filters, types or (INCIDENT,))
    return refused.value


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        (5, [5, 5.0], [6, "5", None]),
        ([5, 6], [5, 6], [7, None, [5], {"5": 5}]),
        ({"eq": 5}, [5], [6]),
        ({"ne": 5}, [6, "x"], [5]),
        ({"in": [5, 6]}, [6], [7]),
        ({"nin": [5, 6]}, [7, [5]], [5]),
        ({"gt": 5}, [6, 5.5], [5, "9"]),
        ({"gte": 5}, [5], [4]),
        ({"lt": 5}, [4, -1], [5, "1"]),
        ({"lte": 5}, [5], [6]),
        ({"gt": 5, "lt": 8}, [6, 7], [5, 8]),
        ({"gte": 2.5}, [3], [2]),
        ({"exists": True}, [0, 5], [None]),
        ({"exists": False}, [None], [5]),
    ],
)
def test_operators_on_a_whole_number(condition: Any, yes: list[Any], no: list[Any]) -> None:
    for value in yes:
        assert matches({"profileId": condition}, {"profileId": value})
    for value in no:
        assert not matches({"profileId": condition}, {"profileId": value})


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        ("tiktok", ["tiktok"], ["TikTok", "tik", 5]),
        ({"prefix": "tik"}, ["tik", "tiktok"], ["atik", 5, None]),
        ({"contains": "kto"}, ["tiktok"], ["kt", None, 5]),
        ({"gt": "m"}, ["n", "tiktok"], ["a", 9]),
        ({"lte": "m"}, ["m", "a"], ["n"]),
        ({"ne": "tiktok", "prefix": "t"}, ["threads"], ["tiktok", "web"]),
    ],
)
def test_operators_on_a_string(condition: Any, yes: list[Any], no: list[Any]) -> None:
    for value in yes:
        assert matches({"platform": condition}, {"platform": value})
    for value in no:
        assert not matches({"platform": condition}, {"platform": value})


@pytest.mark.parametrize("condition", [5, [5], {"gt": 5}, {"in": [5]}, {"exists": True}])
def test_a_field_that_is_missing_fails(condition: Any) -> None:
    assert not matches({"profileId": condition}, {})


@pytest.mark.parametrize("condition", [{"ne": 5}, {"nin": [5]}, {"exists": False}])
def test_a_field_that_is_missing_is_unequal_and_does_not_exist(condition: Any) -> None:
    assert matches({"profileId": condition}, {})


def test_a_list_contains_an_item() -> None:
    assert matches({"signals": {"contains": "affix"}}, {"signals": ["homoglyph", "affix"]})
    assert not matches({"signals": {"contains": "affix"}}, {"signals": ["homoglyph"]})
    assert not matches({"signals": {"contains": "affix"}}, {"signals": []})


@pytest.mark.protocol("Subscriptions: any other")
def test_dots_reach_into_objects_even_where_there_are_none() -> None:
    condition: dict[str, Any] = {"infringement.confidence": {"gte": 0.5}}
    assert matches(condition, {"infringement": {"confidence": 0.7}}, ACTIVITY)
    assert not matches(condition, {"infringement": {"confidence": 0.2}}, ACTIVITY)
    for value in (None, 5, "x"):
        assert not matches(condition, {"infringement": value}, ACTIVITY)
    assert matches({"infringement": {"exists": True}}, {"infringement": {"id": "i"}}, ACTIVITY)
    assert not matches({"infringement": {"exists": True}}, {}, ACTIVITY)


def test_all_keys_must_match() -> None:
    condition: dict[str, Any] = {"profileId": 5, "platform": ["tiktok", "web"]}
    assert matches(condition, {"profileId": 5, "platform": "web"})
    assert not matches(condition, {"profileId": 5, "platform": "x"})
    assert not matches(condition, {"profileId": 6, "platform": "web"})


@pytest.mark.parametrize(
    ("key", "value", "payload", "type_name"),
    [
        ("profileIds", [5], {"profileId": 5}, INCIDENT),
        ("platforms", ["web"], {"platform": "web"}, INCIDENT),
        ("submissionIds", ["s1"], {"id": "s1"}, "submission_progress"),
        ("templateIds", ["t1"], {"templateId": "t1"}, USAGE),
        ("requestIds", ["r1"], {"requestId": "r1"}, "delisting_request_status"),
    ],
)
@pytest.mark.protocol(
    "Subscriptions: profileIds",
    "Subscriptions: platforms",
    "Subscriptions: templateIds",
    "Subscriptions: requestIds",
    "Subscriptions: submissionIds",
)
def test_the_existing_clients_keys(key: str, value: Any, payload: dict[str, Any], type_name: str) -> None:
    assert matches({key: value}, payload, type_name)
    assert not matches({key: value}, dict.fromkeys(payload, value[0] * 2), type_name)
    assert matches({key: value[0]}, payload, type_name)


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"nothing": 1}, "nothing"),
        ({"payload.profileId": 1}, "payload.profileId"),
        ({"profileid": 1}, "profileid"),
        ({"": 1}, ""),
        ({".": 1}, "."),
        ({"infringement.id": "x"}, "infringement.id"),  # of another type
        ({"signals.0": "affix"}, "signals.0"),
        ({"signals[]": "affix"}, "signals[]"),
        ({"profileId": "5"}, "profileId"),
        ({"profileId": True}, "profileId"),
        ({"profileId": 5.5}, "profileId"),
        ({"profileId": None}, "profileId"),
        ({"profileId": []}, "profileId"),
        ({"profileId": {}}, "profileId"),
        ({"profileId": [5, "x"]}, "profileId"),
        ({"profileId": [[5]]}, "profileId"),
        ({"profileId": {"in": 5}}, "profileId"),
        ({"profileId": {"nin": []}}, "profileId"),
        ({"profileId": {"eq": [5]}}, "profileId"),
        ({"profileId": {"gt": "5"}}, "profileId"),
        ({"profileId": {"gt": True}}, "profileId"),
        ({"profileId": {"gt": None}}, "profileId"),
        ({"profileId": {"prefix": "5"}}, "profileId"),
        ({"profileId": {"contains": 5}}, "profileId"),
        ({"profileId": {"exists": 1}}, "profileId"),
        ({"profileId": {"near": 5}}, "profileId"),
        ({"profileId": {"gt": 5, "near": 5}}, "profileId"),
        ({"profileId": {"$gt": 5}}, "profileId"),
        ({"profileIds": ["5"]}, "profileIds"),
        ({"severity": "worst"}, "severity"),
        ({"severity": ["high", "worst"]}, "severity"),
        ({"severity": {"ne": "worst"}}, "severity"),
        ({"severity": {"gt": "high"}}, "severity"),  # an enumeration has no order
        ({"signals": "affix"}, "signals"),
        ({"signals": {"contains": "smell"}}, "signals"),
        ({"signals": {"gt": "a"}}, "signals"),
        ({"templateIds": ["t"]}, "templateIds"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field_as_written(
    filters: dict[str, Any], field: str
) -> None:
    assert fault(filters).field == field


def test_a_refusal_says_what_would_fit() -> None:
    assert "critical, high, low, medium" in fault({"severity": "worst"}).message
    assert "gte" in fault({"profileId": {"near": 1}}).message
    assert "integer" in fault({"profileId": "x" * 5000}).message
    assert len(fault({"profileId": "x" * 5000}).message) < 300


def test_there_are_bounds() -> None:
    assert fault({f"f{n}": 1 for n in range(MAX_FIELDS + 1)}).field == ""
    assert matches({"profileId": list(range(MAX_VALUES))}, {"profileId": MAX_VALUES - 1})
    assert fault({"profileId": list(range(MAX_VALUES + 1))}).field == "profileId"


def test_a_field_that_one_type_of_the_subscription_has_is_enough() -> None:
    condition = {"platforms": ["web"]}
    assert matches(condition, {"platform": "web"}, INCIDENT, USAGE)
    assert not matches(condition, {"templateId": "t"}, INCIDENT, USAGE)


def test_filters_can_be_joined() -> None:
    both = compile_filter({"profileId": 5}, [INCIDENT]) & compile_filter({"platform": "web"}, [INCIDENT])
    assert both.matches({"profileId": 5, "platform": "web"})
    assert not both.matches({"profileId": 5, "platform": "x"})


_scalar = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5))
_value = st.recursive(
    _scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
_names = st.sampled_from(
    ["profileId", "platform", "severity", "signals", "postUrl", "similarityScore", "nothing"]
)
_operators = st.sampled_from(
    ["eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "prefix", "contains", "exists", "odd"]
)


@settings(deadline=None)
@given(
    st.dictionaries(_names, _value | st.dictionaries(_operators, _value, max_size=2), max_size=3),
    st.dictionaries(_names, _value, max_size=5),
)
def test_no_filter_and_no_payload_raise_anything_else(
    filters: dict[str, Any], payload: dict[str, Any]
) -> None:
    try:
        compiled = compile_filter(filters, [INCIDENT])
    except BadFilter as refused:
        assert refused.field in {*filters, ""}  # noqa: PT017
    else:
        compiled.matches(payload)
