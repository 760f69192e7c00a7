"""The OpenAPI document: valid, complete, and true of what is answered."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
from autodmca_service.testing import Site
from openapi_spec_validator import OpenAPIV31SpecValidator

PATHS = {
    "/v1/templates": {"get", "post"},
    "/v1/templates/{id}": {"get", "put"},
    **{
        f"/v1/templates/{{id}}/{step}": {"post"}
        for step in (
            "validate", "submit", "approve", "request-changes", "reject", "appeal", "deprecate", "archive",
            "render", "outcome",
        )
    },
    "/v1/notices/analyse": {"post"},
}  # fmt: skip


async def document(site: Site) -> dict[str, Any]:
    answer = await site.http.get("/openapi.json")
    read: dict[str, Any] = answer.json()
    return read


async def test_the_document_is_valid_openapi_3_1(site: Site) -> None:
    read = await document(site)
    assert read["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(read).validate()


async def test_every_operation_is_in_it_and_nothing_else(site: Site) -> None:
    paths = (await document(site))["paths"]
    assert {path: set(operations) for path, operations in paths.items()} == PATHS


async def test_operation_ids_are_unique_and_every_path_parameter_is_described(site: Site) -> None:
    paths = (await document(site))["paths"]
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    for path, operations in paths.items():
        for operation in operations.values():
            described = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert described == set(re.findall(r"{(\w+)}", path))


async def test_answers_are_what_the_document_says(site: Site) -> None:
    read = await document(site)

    def conforms(instance: Any, name: str) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": read["components"]}
        jsonschema.validate(instance, schema, jsonschema.Draft202012Validator)

    content = {"name": "Mine", "kind": "retraction", "body": "I retract my notice."}
    created = await site(1, "POST", "/v1/templates", content)
    one = created.headers["location"]
    conforms(content, "TemplateContent")
    conforms((await site(1, "POST", f"{one}/validate")).json(), "Validation")
    conforms((await site(1, "POST", f"{one}/submit")).json(), "Template")
    conforms((await site(1, "GET", "/v1/templates")).json(), "TemplatePage")
    conforms((await site(1, "POST", f"{one}/render", {"preview": True})).json(), "Rendering")
    conforms((await site(1, "POST", f"{one}/submit")).json(), "Problem")
    analysed = await site(1, "POST", "/v1/notices/analyse", {"text": "I retract my notice."})
    conforms(analysed.json(), "Analysis")
