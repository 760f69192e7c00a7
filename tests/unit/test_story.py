"""The sandbox's templates, as the templates service sees them."""

import pytest
from autodmca_events import templates
from autodmca_sandbox.drafts import DRAFTS, Draft
from autodmca_templates.state import Content
from autodmca_templates.validation import examine
from msgspec import convert


def content(draft: Draft, body: str) -> Content:
    kind = convert(draft.kind, templates.TemplateKind)
    return Content(name=draft.name, kind=kind, body=body, variables=draft.variables)


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.name)
def test_a_first_try_is_found_wanting(draft: Draft) -> None:
    assert not examine(content(draft, draft.first_try())).valid


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.name)
def test_a_finished_text_is_valid_and_nobody_need_look_at_it(draft: Draft) -> None:
    report = examine(content(draft, draft.body))
    assert report.valid
    assert [finding for finding in report.findings if finding.severity != "info"] == []
