"""The catalogue is whole and consistent, and every type has a true example."""

from importlib.resources import files

import msgspec
import pytest
from autodmca_events import (
    CATALOGUE,
    FAMILIES,
    Distances,
    EventType,
    InvalidEvent,
    Payload,
    accounts,
    ai_detection,
    delisting,
    encode,
    event_type_of,
    social_media,
    templates,
    topics,
)
from autodmca_events.example import example, example_json
from autodmca_events.fields import fields_of
from autodmca_events.generate.typescript import structs

TYPES = list(CATALOGUE.values())
every_type = pytest.mark.parametrize("event_type", TYPES, ids=lambda each: each.name)


def test_a_type_is_named_as_its_struct() -> None:
    assert CATALOGUE["ai_detection_result"].payload.__name__ == "AiDetectionResult"


def test_every_payload_is_listed_or_part_of_one_that_is() -> None:
    written = {
        each
        for module in (accounts, ai_detection, delisting, social_media, templates)
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Payload) and each is not Payload
    }
    listed = {each.payload for each in TYPES}
    parts = {info.cls for info in structs(list(listed))}
    assert written - listed - parts == set(), "list these in catalogue.py"


def test_the_table_says_what_the_design_says() -> None:
    states = {each.name: each.entity for each in TYPES if each.kind == "state"}
    assert (
        states.items()
        >= {
            "dashboard_stats_update": None,
            "submission_progress": "id",
            "profile_scan_update": "scanId",
            "ai_model_training_update": "jobId",
            "ai_batch_job_status": "jobId",
            "social_media_scan_status": "scanId",
            "social_media_platform_status": "platform",
            "template_usage": "templateId",
        }.items()
    )
    assert {each.name for each in TYPES if each.everybody} >= {
        "social_media_platform_status",
        "system_notification",
    }
    assert {each.family for each in TYPES} == set(FAMILIES)


@every_type
def test_a_type_is_consistent_in_itself(event_type: EventType) -> None:
    assert event_type.topic in (*topics.USER_EVENT_TOPICS, topics.BROADCAST)
    assert (event_type.topic == topics.BROADCAST) == event_type.everybody
    if event_type.entity is not None:
        field = fields_of(event_type.payload)[event_type.entity]
        assert (field.kind, field.required) == ("string", True)


@every_type
def test_structs_keep_the_conventions(event_type: EventType) -> None:
    config = event_type.payload.__struct_config__
    assert config.frozen
    assert config.omit_defaults
    assert not any("_" in name for name in event_type.payload.__struct_encode_fields__)
    # Only None may be left out: any other default would vanish from the wire.
    assert all(
        field.default is None for field in msgspec.structs.fields(event_type.payload) if not field.required
    )


@every_type
def test_the_example_is_an_event_of_its_type_and_encodes_to_itself(event_type: EventType) -> None:
    event = example(event_type.name)
    assert event_type_of(event.payload) is event_type
    assert msgspec.json.decode(encode(event)) == msgspec.json.decode(example_json(event_type.name))


def test_no_example_is_left_over() -> None:
    names = {path.name for path in (files("autodmca_events") / "examples").iterdir()}
    assert names == {f"{name}.json" for name in CATALOGUE}


def test_an_object_inside_a_payload_is_no_event() -> None:
    with pytest.raises(InvalidEvent, match="Distances is no payload"):
        event_type_of(Distances())
