"""What handlers read from a call, and how a resource at a revision is answered."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from autodmca_service.answers import revised
from autodmca_service.commands import Actor
from autodmca_service.http.operations import Call
from autodmca_service.http.problems import ProblemError
from autodmca_service.http.queries import at_revision, truth
from autodmca_service.names import name_for


def call(headers: Mapping[str, str]) -> Call:
    return Call(Actor(7), {}, {}, headers, None, None)


@pytest.mark.parametrize("text", ["yes", "", "True", "1"])
def test_a_truth_is_true_or_false_and_anything_else_is_named(text: str) -> None:
    assert [truth({"done": [each]}, "done") for each in ("true", "false")] == [True, False]
    assert truth({}, "done") is None
    with pytest.raises(ProblemError) as caught:
        truth({"done": [text]}, "done")
    assert caught.value.errors[0].field == "done"


def test_who_has_a_resource_at_its_revision_is_not_given_it_again() -> None:
    first = at_revision(call({}), {"a": 1}, 3)
    assert (first.status, first.body, first.headers) == (200, {"a": 1}, {"etag": '"3"'})
    again = at_revision(call({"if-none-match": '"3"'}), {"a": 1}, 3)
    assert (again.status, again.body, again.headers) == (304, None, {"etag": '"3"'})
    assert at_revision(call({"if-none-match": '"3"'}), {"a": 2}, 4).status == 200


def test_what_was_made_is_said_to_be_at_its_place() -> None:
    made, changed = revised({"a": 1}, 1, made_at="/v1/things/a"), revised({"a": 2}, 2)
    assert (made.status, dict(made.headers)["location"]) == (201, "/v1/things/a")
    assert (changed.status, dict(changed.headers)["etag"]) == (200, '"2"')
    assert "location" not in dict(changed.headers)


def test_a_name_is_the_same_for_the_same_key_alone() -> None:
    assert name_for("key") == name_for("key") != name_for("another")
    assert name_for(None) != name_for(None)
    assert {len(name_for(each)) for each in ("key", None)} == {20}
