"""What validation finds in templates, with its place and its reason."""

from __future__ import annotations

import pytest
from autodmca_events.templates import TemplateKind
from autodmca_templates.report import Finding, FindingCode, Report
from autodmca_templates.state import Content
from autodmca_templates.validation import DEMANDS, REQUIREMENTS, examine

TAKEDOWN = """\
To whom it may concern,

My copyrighted work is {{ work_title }}.
It is copied without permission at these addresses:
{% for page in pages %}
- {{ page.url }}
{% endfor %}

I have a good faith belief that use of the material in the manner complained of is not authorized by the
copyright owner, its agent, or the law.
The information in this notification is accurate, and under penalty of perjury, I am authorized to act on
behalf of the owner of an exclusive right that is allegedly infringed.

{{ contact }}

{{ signature }}
"""
TAKEDOWN_VARIABLES = ("work_title", "pages", "contact", "signature")
COUNTER = """\
My material was removed by mistake. It stood at {{ url }} before.

I swear, under penalty of perjury, that I have a good faith belief that the material was removed as a result
of mistake or misidentification.
I consent to the jurisdiction of the Federal District Court for the district in which my address is located,
and I will accept service of process from the person who provided the notification, or an agent of such
person.

My name is {{ name }}, my address {{ address }}, my telephone number {{ phone }}.

/s/ {{ name }}
"""


def report(body: str, *variables: str, kind: TemplateKind = "takedown") -> Report:
    return examine(Content(name="Test", kind=kind, body=body, variables=variables))


def found(report: Report, code: FindingCode, subject: str) -> Finding:
    (finding,) = (each for each in report.of(code) if each.subject == subject)
    return finding


def test_a_takedown_whose_variables_are_content_is_valid() -> None:
    whole = report(TAKEDOWN, *TAKEDOWN_VARIABLES)
    assert (whole.valid, whole.score, whole.missing_elements) == (True, 1.0, ())
    assert set(whole.present_elements) == set(REQUIREMENTS["takedown"].required)


def test_a_counter_notice_is_measured_by_its_own_elements() -> None:
    whole = report(COUNTER, "url", "name", "address", "phone", kind="counter_notice")
    assert (whole.missing_elements, whole.valid) == ((), True)
    assert all(name.startswith("cn") for name in whole.present_elements)


@pytest.mark.parametrize(
    ("words", "element"),
    [
        ("My copyrighted work is {{ work_title }}.\n", "workIdentification"),
        ("- {{ page.url }}\n", "materialLocation"),
        ("{{ contact }}\n", "contactInfo"),
        ("{{ signature }}\n", "signature"),
    ],
)
def test_what_is_taken_out_is_missed_by_name_with_the_paragraph_that_asks_for_it(
    words: str, element: str
) -> None:
    assert words in TAKEDOWN
    partial = report(TAKEDOWN.replace(words, ""), *TAKEDOWN_VARIABLES)
    assert not partial.valid
    assert partial.missing_elements == (element,)
    finding = found(partial, "missing_element", element)
    assert finding.source is not None
    assert finding.source.startswith("17 U.S.C. 512(c)(3)(A)(")
    assert (finding.line, finding.end_line) == (1, TAKEDOWN.count("\n"))


def test_a_present_element_is_quoted_from_its_line_of_the_template() -> None:
    whole = report(TAKEDOWN, *TAKEDOWN_VARIABLES)
    good_faith = found(whole, "present_element", "goodFaith")
    assert (good_faith.line, good_faith.end_line) == (9, 10)
    assert good_faith.quote is not None
    assert good_faith.quote.startswith("I have a good faith belief")
    assert found(whole, "present_element", "signature").line == 16
    assert found(whole, "present_element", "materialLocation").line == 6


def test_a_variable_is_undeclared_where_the_template_takes_it_from_outside() -> None:
    body = (
        "{% set mine = 1 %}{{ mine }}{% macro m(arg) %}{{ arg }}{% endmacro %}\n"
        "{% for each in declared %}{{ each }} {{ loop.index }}{% endfor %}{{ range(3)|join }}\n"
        "{{ stranger.name }}\n"
        "{{ stranger }}"
    )
    seen = report(body, "declared")
    assert seen.undeclared_variables == ("stranger",)
    assert found(seen, "undeclared_variable", "stranger").line == 3
    assert not seen.valid


def test_a_declared_variable_that_nothing_uses_is_worth_a_warning_only() -> None:
    seen = report(TAKEDOWN, *TAKEDOWN_VARIABLES, "spare")
    assert seen.valid
    assert found(seen, "unused_variable", "spare").severity == "warning"


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("one\ntwo {% if %}", "syntax_error", 2),
        ("one\n{% for x in y %}\nnever closed", "syntax_error", 3),
        ("one\n\n{{ a b }}", "syntax_error", 3),
        ("{% extends 'other' %}", "syntax_error", 1),
        ("one\n{{ x.__class__ }}", "template_unsafe", 2),
        ("one\n{{ ''['__cl' ~ 'ass__'] }}", "template_unsafe", 2),
    ],
)
def test_what_does_not_run_is_told_with_its_line(body: str, code: FindingCode, line: int) -> None:
    seen = report(body, "x", "y")
    assert not seen.valid
    assert seen.of(code)[0].line == line


def test_a_template_that_computes_with_its_values_is_read_without_running_it() -> None:
    seen = report(TAKEDOWN + "\nItem {{ number + 1 }}\n", *TAKEDOWN_VARIABLES, "number")
    assert seen.valid
    assert found(seen, "sample_not_rendered", "body").line == 18


def test_a_text_that_reads_like_another_kind_is_worth_a_warning() -> None:
    seen = report(COUNTER, "url", "name", "address", "phone")
    assert not seen.valid
    assert found(seen, "kind_mismatch", "kind").reason == "declared as takedown, reads like counter_notice"


def test_a_retraction_is_valid_without_any_element_the_statute_asks_of_others() -> None:
    seen = report("I hereby retract the DMCA notice that I sent.\n", kind="retraction")
    assert seen.valid
    assert seen.missing_elements == ()
    assert seen.score < 1
    assert {finding.severity for finding in seen.of("recommended_element")} == {"warning"}


def test_a_report_stays_small_however_strange_the_template() -> None:
    names = [f"{'n' * 500}{number}" for number in range(300)]
    seen = report("".join(f"{{{{ {name} }}}}" for name in names))
    assert len(seen.undeclared_variables) == 100
    assert max(map(len, seen.undeclared_variables)) == 100


def test_the_same_template_gives_the_same_report() -> None:
    assert report(TAKEDOWN, *TAKEDOWN_VARIABLES) == report(TAKEDOWN, *TAKEDOWN_VARIABLES)


def test_every_required_element_has_a_source() -> None:
    asked = {name for each in REQUIREMENTS.values() for name in each.required + each.recommended}
    assert asked == set(DEMANDS)
