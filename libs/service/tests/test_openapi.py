"""The OpenAPI document: valid, complete, and true of what is answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import jsonschema
from openapi_spec_validator import OpenAPIV31SpecValidator

if TYPE_CHECKING:
    from .conftest import Site


async def test_the_document_is_valid_and_lists_every_operation(site: Site) -> None:
    from .conftest import OPERATIONS

    read = (await site.http.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(read).validate()
    listed = {(path, method) for path, methods in read["paths"].items() for method in methods}
    assert listed == {(each.path, each.method.lower()) for each in OPERATIONS}
    for path, methods in read["paths"].items():
        for described in methods.values():
            in_path = {each["name"] for each in described["parameters"] if each["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))


async def test_answers_are_what_the_document_says(site: Site) -> None:
    read = (await site.http.get("/openapi.json")).json()
    for method, path, name in (
        ("GET", "/v1/pictures", "Pictures"),
        ("GET", "/v1/pictures/p1", "Picture"),
        ("POST", "/v1/fail/refused", "Problem"),
    ):
        schema = {"$ref": f"#/components/schemas/{name}", "components": read["components"]}
        jsonschema.validate((await site(method, path)).json(), schema, jsonschema.Draft202012Validator)


async def test_a_form_is_described_with_its_files_and_fields(site: Site) -> None:
    read = (await site.http.get("/openapi.json")).json()
    ((media_type, form),) = read["paths"]["/v1/uploads"]["post"]["requestBody"]["content"].items()
    assert media_type == "multipart/form-data"
    fields, files = form["schema"]["allOf"]
    assert fields == {"$ref": "#/components/schemas/Caption"}
    assert files["required"] == ["picture"]
    assert files["properties"]["picture"]["items"]["contentMediaType"] == "image/png"
