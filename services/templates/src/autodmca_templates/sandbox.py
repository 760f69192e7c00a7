"""Jinja as templates may use it: an immutable sandbox without loaders, randomness or undefined values.

Owns the environment, parsing, and turning whatever Jinja raises into a `Fault` with a line. A template
can still loop, and fill memory, for as long as its process lets it: run this in a worker (see `worker`)
and nowhere else. Output is plain text; nothing is escaped.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

from autodmca_templates.report import FindingCode

_NONDETERMINISTIC_GLOBALS: Final = ("lipsum",)
_NONDETERMINISTIC_FILTERS: Final = ("random",)
_LOADING: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class Fault(Exception):
    """Why a template does not run. `line` counts from 1, None where Jinja does not know it."""

    def __init__(self, code: FindingCode, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.code: FindingCode = code
        self.reason = reason[:300]
        self.line = line


def environment(*extensions: type[Extension]) -> Environment:
    """The one way templates are read here, with block lines that leave no blank line behind."""
    env = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=0,
        # Folding constants would evaluate `{{ 9**9**9 }}` while it is only being read.
        optimized=False,
        extensions=extensions,
    )
    for name in _NONDETERMINISTIC_GLOBALS:
        del env.globals[name]
    for name in _NONDETERMINISTIC_FILTERS:
        del env.filters[name]
    return env


def parse(env: Environment, body: str) -> nodes.Template:
    """The syntax tree. Raises Fault for what is no template, loads another one, or reaches for internals."""
    try:
        tree = env.parse(body)
    except TemplateSyntaxError as error:
        raise Fault("syntax_error", error.message or "not a template", error.lineno) from error
    except RecursionError as error:
        raise Fault("syntax_error", "expressions are nested too deeply", 1) from error
    for node in tree.find_all(_LOADING):
        what = type(node).__name__.lower()
        raise Fault("syntax_error", f"{what}: a template cannot load another one", node.lineno)
    for internal in _internals(tree):
        raise Fault("template_unsafe", "names that begin with _ are out of reach", internal.lineno)
    return tree


def _internals(tree: nodes.Template) -> Iterator[nodes.Node]:
    for attribute in tree.find_all(nodes.Getattr):
        if attribute.attr.startswith("_"):
            yield attribute
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.arg, nodes.Const) and str(item.arg.value).startswith("__"):
            yield item
    for filtered in tree.find_all(nodes.Filter):
        if filtered.name == "attr" and any(
            isinstance(given, nodes.Const) and str(given.value).startswith("_") for given in filtered.args
        ):
            yield filtered


def render(env: Environment, tree: nodes.Template, values: Mapping[str, Any], max_characters: int) -> str:
    """The text of what `parse` gave. Raises Fault for whatever stops it, also for output that is too long.

    Blocks as long as the template likes; MemoryError becomes a Fault too.
    """
    parts: list[str] = []
    length = 0
    try:
        template = env.from_string(tree)
        for part in template.generate(values):
            length += len(part)
            if length > max_characters:
                break
            parts.append(part)
    except TemplateSyntaxError as error:
        raise Fault("syntax_error", error.message or "not a template", error.lineno) from error
    except SyntaxError as error:
        # Python's own compiler, on what Jinja made of the template: it allows 20 nested loops.
        raise Fault("syntax_error", f"the template is too deeply nested: {error.msg}", 1) from error
    except SecurityError as error:
        raise Fault("template_unsafe", str(error), _line()) from error
    except MemoryError as error:
        raise Fault("template_memory", "the template needs too much memory") from error
    except UndefinedError as error:
        raise Fault("undeclared_variable", str(error), _line()) from error
    except Exception as error:  # the template's own mistakes: any type, from any filter
        raise Fault("template_failed", f"{type(error).__name__}: {error}", _line()) from error
    if length > max_characters:
        raise Fault("template_too_long", f"the text is longer than {max_characters} characters")
    return "".join(parts)


def _line() -> int | None:
    """The template's line in the traceback of the exception being handled, which Jinja has rewritten."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(sys.exc_info()[2])
        if frame.filename in ("<template>", "<unknown>")
    ]
    return lines[-1] if lines else None
