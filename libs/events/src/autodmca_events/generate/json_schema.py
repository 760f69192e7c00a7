"""JSON Schema (draft 2020-12) of each event, the whole envelope with its payload.

Describes what is written: an optional field is absent, never null; readers must accept fields that
are not described. Its schemas keep to what draft 7 knows as well, for AsyncAPI.
"""

from typing import Any, Final

import msgspec

from autodmca_events.catalogue import EventType
from autodmca_events.wire import Envelope

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def document(event_type: EventType) -> Schema:
    """The schema of one type, complete in itself."""
    definitions, event = event_schema(event_type, "#/$defs/{name}")
    return {
        "$schema": DIALECT,
        "$id": f"urn:autodmca:event:{event_type.name}:v1",
        **event,
        "$defs": definitions,
    }


def event_schema(event_type: EventType, ref_template: str) -> tuple[dict[str, Schema], Schema]:
    """The definitions of a payload and of the objects inside it, and the schema of the event around it."""
    structs = (Envelope, event_type.payload)
    (_, payload), raw = msgspec.json.schema_components(structs, ref_template=ref_template)
    definitions = {name: _written(schema) for name, schema in raw.items()}
    event = definitions.pop("Envelope")
    del definitions["Payload"]
    properties = {
        **event["properties"],
        "type": {"const": event_type.name, "description": "The event's type."},
        "payload": payload,
    }
    required = list(event["required"])
    if event_type.everybody:
        del properties["userId"]
    else:
        required.append("userId")
    described = {
        "title": event_type.name,
        "description": definitions[event_type.payload.__name__]["description"],
    }
    return definitions, {**described, "type": "object", "properties": properties, "required": required}


def _written(schema: Any) -> Any:
    """`schema` without the null that stands for an absent field, and with the type of enumerations said."""
    if isinstance(schema, list):
        return [_written(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    match schema:
        case {"anyOf": [present, {"type": "null"}], **others}:
            outside = {key: value for key, value in others.items() if key != "default"}
            return {**_written(present), **outside}
        case {"enum": values}:
            return {**schema, "type": "string", "enum": values}
    return {key: _written(value) for key, value in schema.items()}
