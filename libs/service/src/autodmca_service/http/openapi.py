"""The OpenAPI 3.1 document, made from the operations and the structs of their bodies; served as it is.

Owns no fact: paths, parameters and schemas are read from where they are enforced. Deterministic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from autodmca_service.http.operations import Operation, Parameter
from autodmca_service.http.problems import MEDIA_TYPE, Problem

_ERRORS: Final = "Errors are RFC 9457 problem details whose `errors` name the fields."
_EVERYWHERE: Final = (401, 403, 422, 500)
_WITH_BODY: Final = (400, 408, 413, 415)
_AS_OF: Final = {
    "description": "How new this is: an edge that is given it as `since` tells all that is not shown.",
    "schema": {"type": "string", "format": "date-time"},
}
_Schemas = dict[type[Any], dict[str, Any]]


def document(
    operations: Sequence[Operation], *, title: str, description: str, version: str
) -> dict[str, Any]:
    """The whole document, as JSON values."""
    types: list[type[Any]] = [Problem]
    for operation in operations:
        types += [each for each in (operation.response, operation.request) if each is not None]
    distinct = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(distinct, ref_template="#/components/schemas/{name}")
    schema_of = dict(zip(distinct, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": f"{description} {_ERRORS}",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(operation: Operation, schema_of: _Schemas) -> dict[str, Any]:
    answered: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.method == "GET":
        answered["headers"] = {"As-Of": _AS_OF}
    if operation.response is not None:
        answered["content"] = {operation.media_type: {"schema": schema_of[operation.response]}}
    elif operation.media_type != "application/json":
        answered["content"] = {operation.media_type: {}}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            *map(_path_parameter, re.findall(r"{(\w+)", operation.path)),
            *map(_parameter, operation.parameters),
        ],
        "responses": {str(operation.status): answered},
    }
    problems = {*_EVERYWHERE, *operation.problems}
    if body := _body(operation, schema_of):
        problems.update(_WITH_BODY)
        described["requestBody"] = body
    if any(parameter.name == "If-None-Match" for parameter in operation.parameters):
        described["responses"]["304"] = {"description": HTTPStatus(304).phrase}
    for status in sorted(problems):
        described["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema_of[Problem]}},
        }
    return described


def _body(operation: Operation, schema_of: _Schemas) -> dict[str, Any] | None:
    if operation.files:
        return {"required": True, "content": {"multipart/form-data": {"schema": _form(operation, schema_of)}}}
    if operation.request is None:
        return None
    return {
        "required": any(field.required for field in msgspec.structs.fields(operation.request)),
        "content": {"application/json": {"schema": schema_of[operation.request]}},
    }


def _form(operation: Operation, schema_of: _Schemas) -> dict[str, Any]:
    files: dict[str, Any] = {}
    for field in operation.files:
        one: dict[str, Any] = {"type": "string", "format": "binary"}
        if field.media_types:
            one["contentMediaType"] = field.media_types[0]
        whole = one if field.many == 1 else {"type": "array", "items": one, "maxItems": field.many}
        files[field.name] = {**whole, "description": field.description}
    schema = {
        "type": "object",
        "properties": files,
        "required": [field.name for field in operation.files if field.required],
    }
    return schema if operation.request is None else {"allOf": [schema_of[operation.request], schema]}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "schema": parameter.schema,
    }
