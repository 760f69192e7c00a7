"""The generated files are valid in their own languages, true to the structs, and up to date."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from autodmca_events import CATALOGUE, filters
from autodmca_events.example import example_json
from autodmca_events.generate import asyncapi, json_schema, shapes, typescript
from autodmca_events.generate.__main__ import DEFAULT_FOLDER, main, stale, write
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError

every_name = pytest.mark.parametrize("name", CATALOGUE)
DOCUMENT = asyncapi.document()


def test_the_committed_files_are_up_to_date() -> None:
    assert stale(DEFAULT_FOLDER) == []


def test_each_stale_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    assert main(["--check", "--folder", str(tmp_path)]) == 0
    (tmp_path / "events.ts").write_text("// by hand")
    (tmp_path / "json-schema/template_usage.json").unlink()
    (tmp_path / "json-schema/gone.json").write_text("{}")
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "stale: events.ts: differs",
        "stale: json-schema/gone.json: not generated any more",
        "stale: json-schema/template_usage.json: missing",
        "run `make generate`, and commit what it writes",
    ]
    assert main(["--folder", str(tmp_path)]) == 0
    assert stale(tmp_path) == []


@every_name
def test_a_schema_is_valid_and_describes_the_example(name: str) -> None:
    schema = json_schema.document(CATALOGUE[name])
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(example_json(name)))


def _drop(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda event: event.pop(key)


def _set(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda event: event["payload"].update(fields)


@pytest.mark.parametrize(
    "damage",
    [
        _drop("userId"),
        _drop("payload"),
        _set(usageCount=-1),
        _set(usageCount=1.5),
        _set(submissionId=None),
        _set(outcome="lost"),
        _set(acceptanceRatePercent=100.1),
        _set(usedAt="2026-13-02T09:31:06Z"),
        lambda event: event.update(type="template_approval"),
    ],
)
def test_a_schema_refuses_what_is_not_written(damage: Callable[[dict[str, Any]], object]) -> None:
    event = json.loads(example_json("template_usage"))
    damage(event)
    with pytest.raises(ValidationError):
        Draft202012Validator(json_schema.document(CATALOGUE["template_usage"])).validate(event)


@every_name
def test_the_asyncapi_example_is_what_its_message_describes(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    Draft7Validator.check_schema(DOCUMENT["components"]["schemas"][name])
    for part in ("payload", "headers"):
        schema = {"allOf": [message[part]], "components": DOCUMENT["components"]}
        for shown in message["examples"]:
            Draft7Validator(schema).validate(shown[part])


@every_name
def test_a_message_is_on_the_channel_of_its_topic_alone(name: str) -> None:
    addresses = [each["address"] for each in DOCUMENT["channels"].values() if name in each["messages"]]
    assert addresses == [CATALOGUE[name].topic]


def test_only_events_of_a_user_have_a_key() -> None:
    for name, message in DOCUMENT["components"]["messages"].items():
        assert ("key" in message["bindings"]["kafka"]) != CATALOGUE[name].everybody


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    references: list[str] = []

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            references.extend([value["$ref"]] if "$ref" in value else [])
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                visit(each)

    visit(copy.deepcopy(DOCUMENT))
    for reference in references:
        target: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    assert references


def test_typescript_has_every_operator_and_short_key_of_filters() -> None:
    text = typescript.filters()
    assert all(f'  {name}: "{each.operand}",\n' in text for name, each in filters.OPERATORS.items())
    assert all(f'  {key}: "{field}",\n' in text for key, field in filters.SHORT_KEYS.items())


def test_typescript_names_every_enumeration_once_and_every_type() -> None:
    text = typescript.document()
    assert text.count("export type TemplateStatus =") == 1
    assert text.count("export interface TemplateUsage {") == 1
    assert all(f"  readonly {name}: {each.payload.__name__};\n" in text for name, each in CATALOGUE.items())
    assert "  readonly signals: readonly Signal[];\n" in text
    assert "  readonly infringement?: Infringement;\n" in text


@every_name
def test_a_shape_has_the_fields_of_the_payload(name: str) -> None:
    """What the notation means is tested where it is read, against the JSON Schema."""
    text = shapes.document().partition(f"\n  {name}: {{\n")[2].partition("\n  },")[0]
    fields = re.findall(r'"(\w+)(\??)": "', text)
    payload = json_schema.document(CATALOGUE[name])["$defs"][CATALOGUE[name].payload.__name__]
    assert [field for field, _ in fields] == list(payload["properties"])
    assert {field for field, mark in fields if not mark} == set(payload.get("required", ()))
