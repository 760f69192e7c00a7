"""The OpenAPI 3.1 document, made from the operations and the structs of their bodies; served as it is.

Owns no fact: paths, parameters and schemas are read from where they are enforced. Deterministic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from autodmca_templates import api
from autodmca_templates.operations import Operation, Parameter
from autodmca_templates.problems import MEDIA_TYPE

_EVERYWHERE: Final = (401, 403, 422, 500)
_WITH_BODY: Final = (400, 415)


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole document, as JSON values."""
    types: list[type[Any]] = [api.Problem]
    for operation in operations:
        types += [operation.response, *([operation.request] if operation.request else [])]
    schemas, components = msgspec.json.schema_components(
        dict.fromkeys(types), ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip(dict.fromkeys(types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AutoDMCA templates",
            "version": version,
            "description": (
                "Templates of copyright notices: written, validated against 17 U.S.C. 512, reviewed, used. "
                "Errors are RFC 9457 problem details whose `errors` name the fields."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(operation: Operation, schema_of: dict[type[Any], dict[str, Any]]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            *map(_path_parameter, re.findall(r"{(\w+)}", operation.path)),
            *map(_parameter, operation.parameters),
        ],
        "responses": {
            str(operation.status): {
                "description": HTTPStatus(operation.status).phrase,
                "content": {"application/json": {"schema": schema_of[operation.response]}},
            }
        },
    }
    problems = {*_EVERYWHERE, *operation.problems}
    if operation.request is not None:
        problems.update(_WITH_BODY)
        described["requestBody"] = {
            "required": _required(operation.request),
            "content": {"application/json": {"schema": schema_of[operation.request]}},
        }
    if any(parameter.name == "If-None-Match" for parameter in operation.parameters):
        described["responses"]["304"] = {"description": HTTPStatus(304).phrase}
    for status in sorted(problems):
        described["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema_of[api.Problem]}},
        }
    return described


def _required(request: type[Any]) -> bool:
    return any(field.required for field in msgspec.structs.fields(request))


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "schema": parameter.schema,
    }
