"""Every error of the sandbox.

SandboxError
└── Refused     a service answered that it will not do this; asking again would not help
"""

from __future__ import annotations


class SandboxError(Exception):
    """The root of the tree."""


class Refused(SandboxError):
    """`status` is the HTTP status, `problem` the service's own words (RFC 9457)."""

    def __init__(self, method: str, path: str, status: int, problem: str) -> None:
        super().__init__(f"{method} {path}: {status} {problem}")
        self.status = status
        self.problem = problem
