"""Sample values: what a template reads like before anybody has filled it in.

A variable counts as content: `{{ signature }}` is a signature. So each variable gets a value of the
sort that its name promises, which also bends to loops, attributes and calls. Owns the samples, and the
marks by which a place in the sample text is led back to a line of the template. Never fails: where a
template computes with its values more than a sample can bear, `plain` reads it without running it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_PERSON: Final = "Jane Q. Sample"
_ADDRESS: Final = "1 Sample Street, Springfield, IL 62701, USA"
_EMAIL: Final = "jane.sample@example.com"
_PHONE: Final = "+1 217 555 0199"
_SAMPLES: Final[tuple[tuple[frozenset[str], str], ...]] = tuple(
    (frozenset(words.split()), sample)
    for words, sample in (
        ("signature signatures signed sign sig", f"/s/ {_PERSON}"),
        ("email mail", _EMAIL),
        ("phone telephone tel fax mobile", _PHONE),
        ("url urls link links uri href location locations repository", "https://example.com/sample/page-1"),
        ("address street", _ADDRESS),
        ("contact", f"{_PERSON}, {_ADDRESS}, {_EMAIL}, {_PHONE}"),
        ("date day time", "15 January 2026"),
        ("district court jurisdiction", "Northern District of California"),
        ("company organization organisation", "Sample Works LLC"),
        ("name sender owner author complainant claimant holder agent subscriber", _PERSON),
        ("title work works song film book photo photograph image video", 'the photograph "A Sample Work"'),
        ("number count id amount total", "12345"),
    )
)
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Jinja and its sandbox ask callables for these; a sample that had them would be taken for what it is not.
_ASKED_BY_JINJA: Final = frozenset({"unsafe_callable", "alters_data", "jinja_pass_arg"})


class Sample(str):
    """A value for the variable `name`: text, and also a list of one, an object with any field, a call."""

    __slots__ = ("_name",)
    _name: str

    def __new__(cls, name: str) -> Self:
        sample = super().__new__(cls, _text(name))
        sample._name = name
        return sample

    def __iter__(self) -> Iterator[str]:
        yield self

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_") or attribute in _ASKED_BY_JINJA:
            raise AttributeError(attribute)
        return Sample(f"{self._name}.{attribute}")

    def __getitem__(self, key: Any) -> str:
        return Sample(f"{self._name}.{key}") if isinstance(key, str) else str.__getitem__(self, key)

    def __call__(self, *_args: object, **_options: object) -> Any:
        return [("sample", self)] if self._name.endswith(".items") else self


def _text(name: str) -> str:
    words = [word.lower() for word in _WORDS.findall(name)]
    # The last word is what the thing is: a "photo url" is a URL.
    for word in reversed(words):
        for known, sample in _SAMPLES:
            if word in known:
                return sample
    return "sample " + " ".join(words)


_FIRST_MARK: Final = 0xF0000
_LAST_MARK: Final = 0xFFFFD
_MARK: Final = re.compile(f"[{chr(_FIRST_MARK)}-{chr(_LAST_MARK)}]")


def _mark(line: int) -> str:
    """A private-use character that stands for a line; lines beyond its plane keep the last mark."""
    return chr(min(_FIRST_MARK + line, _LAST_MARK))


class LineMarks(Extension):
    """Puts a mark where each line of the template's own text begins."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Called by Jinja with everything it has read."""
        for token in stream:
            yield token._replace(value=_marked(token.value, token.lineno)) if token.type == "data" else token


def _marked(data: str, line: int) -> str:
    return "\n".join(_mark(line + index) + text for index, text in enumerate(data.split("\n")))


class SampleText(NamedTuple):
    """Readable text, and for offsets in it the line of the template they come from."""

    text: str
    starts: list[int]
    lines: list[int]

    def line(self, offset: int) -> int:
        """The template's line, from 1, that `offset` comes from."""
        index = bisect_right(self.starts, offset) - 1
        return self.lines[index] if index >= 0 else 1


def unmark(marked: str) -> SampleText:
    """Take the marks out of a text and remember where they stood."""
    parts: list[str] = []
    starts: list[int] = []
    lines: list[int] = []
    length = position = 0
    for match in _MARK.finditer(marked):
        parts.append(marked[position : match.start()])
        length += match.start() - position
        position = match.end()
        starts.append(length)
        lines.append(ord(match.group()) - _FIRST_MARK)
    parts.append(marked[position:])
    return SampleText("".join(parts), starts, lines)


def plain(env: Environment, body: str) -> SampleText:
    """The template's own text with a sample for each `{{ ... }}`, every branch once, nothing run."""
    parts: list[str] = []
    expression: list[str] = []
    named = False
    for line, kind, value in env.lex(body):
        if kind == "data":
            parts.append(_marked(value, line))
        elif kind == "variable_begin":
            expression, named = [], True
        elif kind == "variable_end":
            parts.append(Sample(".".join(expression)))
            named = False
        elif kind == "operator" and value != ".":
            named = False  # filters, sums and the like come after what the expression is about
        elif kind == "name" and named:
            expression.append(value)
    return unmark("".join(parts))
