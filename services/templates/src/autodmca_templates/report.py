"""What a validation says: one report per validated version, made of findings with a place and a reason.

Owns the words of a report only. How findings are made is `validation`'s business, what they allow is
`model`'s. Structs are frozen, go into the state as they are, and never fail beyond msgspec's own checks.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning", "info"]
"""error: the version is not valid; warning: somebody should look; info: what was found, and where."""

FindingCode = Literal[
    "syntax_error",
    "undeclared_variable",
    "unused_variable",
    "missing_element",
    "recommended_element",
    "present_element",
    "kind_mismatch",
    "sample_not_rendered",
    "template_timeout",
    "template_memory",
    "template_too_long",
    "template_unsafe",
    "template_failed",
    "worker_crashed",
]

UNRUNNABLE: frozenset[FindingCode] = frozenset(
    {"template_timeout", "template_memory", "template_too_long", "template_unsafe", "worker_crashed"}
)
"""Codes of templates that the sandbox had to stop."""


class Finding(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing seen in a template. `line`..`end_line` are lines of the template, from 1, inclusive."""

    code: FindingCode
    severity: Severity
    subject: str
    """The element's or the variable's name, or "body"."""
    reason: str
    line: int
    end_line: int
    source: str | None = None
    """The paragraph of the statute that asks for it."""
    quote: str | None = None
    """The words found, at most 200 characters, as they read with sample values."""


class Report(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The whole verdict on one version's content. `score` is the share of the elements asked for, 0-1."""

    valid: bool
    score: float
    findings: tuple[Finding, ...] = ()
    present_elements: tuple[str, ...] = ()
    missing_elements: tuple[str, ...] = ()
    undeclared_variables: tuple[str, ...] = ()

    def of(self, *codes: FindingCode) -> tuple[Finding, ...]:
        """The findings with one of these codes, in order."""
        return tuple(finding for finding in self.findings if finding.code in codes)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps the version from being valid."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def stopped(code: FindingCode, reason: str, lines: int) -> Report:
    """The report on a template that could not be examined, because its worker had to be stopped."""
    finding = Finding(code=code, severity="error", subject="body", reason=reason, line=1, end_line=lines)
    return Report(valid=False, score=0.0, findings=(finding,))
