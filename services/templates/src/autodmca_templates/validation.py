"""Finds what a template lacks: the law's elements, undeclared variables, what does not run. Pure, but slow.

The elements are looked for in the text as it reads with sample values, so that variables count as
content. A variable is *undeclared* when the template takes it from outside (it neither sets it itself,
nor gets it from a loop, a macro or Jinja) and its name is not among the template's declared variables.
Runs inside a worker: a template may hang it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from autodmca_events.templates import TemplateKind
from jinja2 import meta, nodes

from autodmca_templates.notices import Element, ElementName, analyse, find_elements
from autodmca_templates.report import UNRUNNABLE, Finding, FindingCode, Report, Severity
from autodmca_templates.samples import LineMarks, Sample, SampleText, plain, unmark
from autodmca_templates.sandbox import Fault, environment, parse, render
from autodmca_templates.state import Content

MAX_SAMPLE_CHARACTERS: Final = 2_000_000
MAX_NAMES: Final = 100
"""Names listed in a report; each is cut to as many characters. A report has to fit into an event."""
_SURE: Final = 0.8
"""From this confidence on, a text that reads like another kind of notice is worth a warning."""

_ENVIRONMENT: Final = environment(LineMarks)


class Demand(NamedTuple):
    """An element of a notice: the paragraph that asks for it, and what it asks for."""

    source: str
    what: str


DEMANDS: Final[dict[ElementName, Demand]] = {
    "signature": Demand(
        "17 U.S.C. 512(c)(3)(A)(i)", "a physical or electronic signature of a person authorized to act"
    ),
    "workIdentification": Demand(
        "17 U.S.C. 512(c)(3)(A)(ii)", "identification of the copyrighted work claimed to have been infringed"
    ),
    "materialLocation": Demand(
        "17 U.S.C. 512(c)(3)(A)(iii)", "identification of the material to be removed, and where it is"
    ),
    "contactInfo": Demand(
        "17 U.S.C. 512(c)(3)(A)(iv)",
        "information to contact the complaining party: address, telephone, e-mail",
    ),
    "goodFaith": Demand(
        "17 U.S.C. 512(c)(3)(A)(v)", "a statement of good faith belief that the use is not authorized"
    ),
    "accuracy": Demand(
        "17 U.S.C. 512(c)(3)(A)(vi)", "a statement that the information in the notification is accurate"
    ),
    "perjuryAuthority": Demand(
        "17 U.S.C. 512(c)(3)(A)(vi)",
        "a statement, under penalty of perjury, of authority to act for the owner",
    ),
    "cnSignature": Demand("17 U.S.C. 512(g)(3)(A)", "a physical or electronic signature of the subscriber"),
    "cnMaterial": Demand(
        "17 U.S.C. 512(g)(3)(B)", "identification of the removed material and where it appeared before"
    ),
    "cnPerjuryMistake": Demand(
        "17 U.S.C. 512(g)(3)(C)",
        "a statement under penalty of perjury of good faith belief in mistake or misidentification",
    ),
    "cnContact": Demand("17 U.S.C. 512(g)(3)(D)", "the subscriber's name, address and telephone number"),
    "cnJurisdiction": Demand(
        "17 U.S.C. 512(g)(3)(D)", "consent to the jurisdiction of a federal district court"
    ),
    "cnService": Demand("17 U.S.C. 512(g)(3)(D)", "a statement that service of process will be accepted"),
}


class Requirement(NamedTuple):
    """Elements a kind must have to be valid, and those it had better have."""

    required: tuple[ElementName, ...]
    recommended: tuple[ElementName, ...] = ()


_TAKEDOWN: Final[tuple[ElementName, ...]] = tuple(name for name in DEMANDS if not name.startswith("cn"))
_COUNTER: Final[tuple[ElementName, ...]] = tuple(name for name in DEMANDS if name.startswith("cn"))
REQUIREMENTS: Final[dict[TemplateKind, Requirement]] = {
    "takedown": Requirement(_TAKEDOWN),
    "counter_notice": Requirement(_COUNTER),
    # The statute asks nothing of a retraction; its reader must know what is meant and who says so.
    "retraction": Requirement((), ("signature", "materialLocation", "contactInfo")),
    # 17 U.S.C. 1201 knows no notice; these let the recipient act, the rest is custom.
    "anti_circumvention": Requirement(
        ("signature", "workIdentification", "materialLocation", "contactInfo"),
        ("goodFaith", "accuracy", "perjuryAuthority"),
    ),
}


def examine(content: Content) -> Report:
    """The whole report on a content. Never raises on what an author wrote; may hang or fill memory."""
    lines = content.body.count("\n") + 1
    try:
        tree = parse(_ENVIRONMENT, content.body)
        variables = _variables(tree, content)
        sample, trouble = _sample(content.body, tree, variables.used)
    except Fault as fault:
        return Report(valid=False, score=0.0, findings=(_of_fault(fault, "error", lines),))
    elements, score, present, missing = _elements(content, sample, lines)
    findings = (*trouble, *variables.findings, *elements, *_kind(content, sample, lines))
    return Report(
        valid=not any(finding.severity == "error" for finding in findings),
        score=score,
        findings=findings,
        present_elements=present,
        missing_elements=missing,
        undeclared_variables=variables.undeclared,
    )


class _Variables(NamedTuple):
    used: tuple[str, ...]
    undeclared: tuple[str, ...]
    findings: tuple[Finding, ...]


def _variables(tree: nodes.Template, content: Content) -> _Variables:
    try:
        used = meta.find_undeclared_variables(tree)
    except nodes.Impossible as error:
        raise Fault("syntax_error", str(error), 1) from error
    declared = set(content.variables)
    undeclared = tuple(sorted(used - declared))[:MAX_NAMES]
    first: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        first[name.name] = min(first.get(name.name, name.lineno), name.lineno)
    findings = [
        _finding("undeclared_variable", "error", name, "used here, but not declared", first.get(name, 1))
        for name in undeclared
    ]
    findings += [
        _finding("unused_variable", "warning", name, f"{name} is declared, but nothing uses it", 1)
        for name in sorted(declared - used)
    ]
    return _Variables(tuple(sorted(used)), tuple(name[:MAX_NAMES] for name in undeclared), tuple(findings))


def _sample(body: str, tree: nodes.Template, used: tuple[str, ...]) -> tuple[SampleText, tuple[Finding, ...]]:
    """The text with samples; where running it fails on a sample, its own text with samples, and a warning."""
    values = {name: Sample(name) for name in used}
    try:
        return unmark(render(_ENVIRONMENT, tree, values, MAX_SAMPLE_CHARACTERS)), ()
    except Fault as fault:
        if fault.code in UNRUNNABLE or fault.code == "syntax_error":
            raise
        reason = f"read without running it, since sample values do not fit: {fault.reason}"
        warning = _finding("sample_not_rendered", "warning", "body", reason, fault.line or 1)
        return plain(_ENVIRONMENT, body), (warning,)


def _elements(
    content: Content, sample: SampleText, lines: int
) -> tuple[list[Finding], float, tuple[str, ...], tuple[str, ...]]:
    requirement = REQUIREMENTS[content.kind]
    wanted = requirement.required + requirement.recommended
    found = {element.name: element for element in find_elements(sample.text, elements=wanted)}
    present = tuple(name for name in wanted if found[name].present)
    missing = tuple(name for name in requirement.required if name not in present)
    findings = [_of_element(found[name], name in requirement.required, sample, lines) for name in wanted]
    scored = requirement.required or wanted
    score = round(sum(name in present for name in scored) / len(scored), 4)
    return findings, score, present, missing


def _of_element(element: Element, required: bool, sample: SampleText, lines: int) -> Finding:
    demand = DEMANDS[element.name]
    if element.present:
        return Finding(
            code="present_element",
            severity="info",
            subject=element.name,
            reason=f"holds {demand.what}",
            line=sample.line(element.start),
            end_line=sample.line(max(element.start, element.end - 1)),
            source=demand.source,
            quote=element.quote[:200],
        )
    return Finding(
        code="missing_element" if required else "recommended_element",
        severity="error" if required else "warning",
        subject=element.name,
        reason=f"lacks {demand.what}",
        line=1,
        end_line=lines,
        source=demand.source,
    )


def _kind(content: Content, sample: SampleText, lines: int) -> list[Finding]:
    seen = analyse(sample.text)
    if seen.kind in (content.kind, "other") or seen.confidence < _SURE:
        return []
    reason = f"declared as {content.kind}, reads like {seen.kind}"
    return [_finding("kind_mismatch", "warning", "kind", reason, 1, lines)]


def _of_fault(fault: Fault, severity: Severity, lines: int) -> Finding:
    line = fault.line or 1
    return _finding(fault.code, severity, "body", fault.reason, line, fault.line or lines)


def _finding(
    code: FindingCode, severity: Severity, subject: str, reason: str, line: int, end_line: int | None = None
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        subject=subject[:MAX_NAMES],
        reason=reason,
        line=line,
        end_line=end_line or line,
    )
