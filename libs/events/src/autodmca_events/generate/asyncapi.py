"""One AsyncAPI 3.0 document of the event topics: who writes which events where, under which key.

Topics that hold no events of the catalogue (inputs, state, client actions) belong to their services
and are not described here. https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from typing import Any, Final

import msgspec

from autodmca_events.catalogue import CATALOGUE, EventType
from autodmca_events.example import example_json
from autodmca_events.generate.json_schema import event_schema
from autodmca_events.topics import BROADCAST, SERVICES, events_topic

Object = dict[str, Any]

KAFKA_BINDING: Final = "0.5.0"
_TRACEPARENT: Final = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
_DESCRIPTION: Final = """\
Every event is one record: its value is the JSON that clients receive over the WebSocket, where the \
edge adds `cursor`. All topics keyed by user have the same number of partitions and Kafka's default \
partitioner, so that one user's events of one topic stay in order. Readers ignore fields they do not know."""


def document() -> Object:
    """The document as JSON values, in a stable order."""
    channels = {service.replace("_", "-"): events_topic(service) for service in SERVICES}
    channels["broadcast"] = BROADCAST
    return {
        "asyncapi": "3.0.0",
        "id": "urn:autodmca:events",
        "info": {
            "title": "AutoDMCA events",
            "version": "1.0.0",
            "description": _DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "Apache Kafka, or what speaks its protocol.",
                "variables": {
                    "bootstrap": {"default": "localhost:9092", "description": "KAFKA_BOOTSTRAP_SERVERS"}
                },
            }
        },
        "channels": {name: _channel(topic) for name, topic in channels.items()},
        "operations": _operations(channels),
        "components": {
            "messages": {each.name: _message(each) for each in CATALOGUE.values()},
            "schemas": _schemas(),
        },
    }


def _on(topic: str) -> list[EventType]:
    return [each for each in CATALOGUE.values() if each.topic == topic]


def _channel(topic: str) -> Object:
    broadcast = topic == BROADCAST
    return {
        "address": topic,
        "title": topic,
        "description": "Events for everybody." if broadcast else "Events of one user each, keyed by user.",
        "messages": {each.name: {"$ref": f"#/components/messages/{each.name}"} for each in _on(topic)},
        "bindings": {
            "kafka": {
                "topic": topic,
                **({"partitions": 1} if broadcast else {}),
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operations(channels: dict[str, str]) -> Object:
    operations: Object = {}
    for name, topic in channels.items():
        writers = sorted({each.service for each in _on(topic)})
        described = {
            f"{name}-write": ("send", f"{', '.join(writers)} writes each event once it has happened."),
            f"{name}-read": ("receive", "Every edge node reads all of it, without a consumer group."),
        }
        for operation, (action, summary) in described.items():
            operations[operation] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{name}"},
                "summary": summary,
                "messages": [{"$ref": f"#/channels/{name}/messages/{each.name}"} for each in _on(topic)],
            }
    return operations


def _message(event_type: EventType) -> Object:
    example = msgspec.json.decode(example_json(event_type.name))
    key = {"key": {"type": "string", "pattern": "^[0-9]+$", "description": "The userId in decimal."}}
    return {
        "name": event_type.name,
        "title": event_type.payload.__name__,
        "summary": event_type.payload.__doc__,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {
                "type": {"type": "string", "const": event_type.name},
                "id": {"type": "string", "description": "The event's id."},
                "traceparent": {
                    "type": "string",
                    "pattern": _TRACEPARENT,
                    "description": "W3C Trace Context.",
                },
            },
            "required": ["type", "id"],
        },
        "payload": {"$ref": f"#/components/schemas/{event_type.name}"},
        "bindings": {"kafka": {**({} if event_type.everybody else key), "bindingVersion": KAFKA_BINDING}},
        "examples": [
            {
                "name": event_type.name,
                "headers": {"type": example["type"], "id": example["id"]},
                "payload": example,
            }
        ],
        "x-class": event_type.kind,
        **({"x-entity": event_type.entity} if event_type.entity else {}),
    }


def _schemas() -> Object:
    schemas: Object = {}
    for event_type in CATALOGUE.values():
        definitions, event = event_schema(event_type, "#/components/schemas/{name}")
        schemas |= {event_type.name: event, **definitions}
    return schemas
