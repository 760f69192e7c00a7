"""The outcome of a command: the library's, and the name of what the model made."""

from __future__ import annotations

from autodmca_service import commands


class Outcome(commands.Outcome, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`made`: the id of what a command made or changed, where the model names it."""

    made: str = ""
