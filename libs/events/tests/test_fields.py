"""What filters may name, derived from the structs."""

import pytest
from autodmca_events import FieldKind, field_kind


@pytest.mark.parametrize(
    ("type_name", "path", "expected"),
    [
        ("template_usage", "templateId", FieldKind("string")),
        ("template_usage", "usageCount", FieldKind("integer")),
        ("template_usage", "acceptanceRatePercent", FieldKind("number")),
        ("template_validation", "valid", FieldKind("boolean")),
        ("template_usage", "outcome", FieldKind("string", ("accepted", "rejected", "rendered", "sent"))),
        ("template_validation", "undeclaredVariables", FieldKind("string", many=True)),
        ("ai_detection_result", "distances", FieldKind("object")),
        ("ai_detection_result", "distances.phash", FieldKind("integer")),
        ("profile_activity", "infringement", FieldKind("object")),
        ("profile_activity", "infringement.platform", FieldKind("string")),
        ("engine_response", "urlOutcomes", FieldKind("object", many=True)),
    ],
)
def test_a_field_has_the_kind_of_its_struct(type_name: str, path: str, expected: FieldKind) -> None:
    assert field_kind(type_name, path) == expected


def test_enumerations_of_nested_fields_and_of_list_items_are_known() -> None:
    status = field_kind("profile_activity", "infringement.status")
    signals = field_kind("social_media_incident", "signals")
    assert status is not None
    assert signals is not None
    assert "under_review" in status.values
    assert signals.many
    assert "homoglyph" in signals.values


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "nope",
        "template_id",
        "templateId.x",
        "distances.",
        "warnings.code",
        "warnings[]",
        "warnings[].code",
    ],
)
def test_a_path_that_leads_nowhere_is_none(path: str) -> None:
    assert field_kind("template_validation", path) is None


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(KeyError):
        field_kind("nope", "x")


@pytest.mark.parametrize(
    ("kind", "accepted", "refused"),
    [
        (FieldKind("string"), ["", "x"], [1, True, None, ["x"], {}]),
        (FieldKind("string", ("a", "b")), ["a"], ["c", 1]),
        (FieldKind("integer"), [0, -3], [1.5, True, "1", None]),
        (FieldKind("number"), [0, 1.5], [True, "1"]),
        (FieldKind("boolean"), [True, False], [0, 1, "true"]),
        (FieldKind("object"), [], [{}, "x", 1, True]),
    ],
)
def test_a_kind_accepts_values_of_its_own(
    kind: FieldKind, accepted: list[object], refused: list[object]
) -> None:
    assert all(kind.accepts(value) for value in accepted)
    assert not any(kind.accepts(value) for value in refused)
