"""What a handler reads from a call's query and headers, with the parameter named in every complaint.

Pure. Fails with the `ProblemError` of an invalid field.
"""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_service.answers import etag
from autodmca_service.http.operations import DEFAULT_PAGE, MAX_PAGE, Call, Reply
from autodmca_service.http.problems import invalid

Query = Mapping[str, list[str]]


def chosen(query: Query, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Every value of a parameter, each of them one of `known`; empty selects all."""
    values = tuple(query.get(name, ()))
    for value in values:
        if value not in known:
            raise invalid(name, f"one of {', '.join(known)}")
    return values


def last(query: Query, name: str) -> str | None:
    """The value of a parameter that comes once; of several the last one."""
    return query.get(name, [None])[-1]


def limit(query: Query) -> int:
    """Items a page."""
    return number(query, "limit", DEFAULT_PAGE, 1, MAX_PAGE)


def number(query: Query, name: str, default: int, least: int, most: int) -> int:
    """A whole number from `least` to `most`, neither of them negative."""
    text = last(query, name)
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdecimal() and len(text) <= 16 else -1
    if not least <= value <= most:
        raise invalid(name, f"a number from {least} to {most}")
    return value


def truth(query: Query, name: str) -> bool | None:
    """Whether a parameter is `true`; None without one."""
    text = last(query, name)
    if text not in (None, "true", "false"):
        raise invalid(name, "true or false")
    return None if text is None else text == "true"


def revision(call: Call) -> int | None:
    """The revision that `If-Match` names; None without one, and for `*`. RFC 9110, section 13.1.1."""
    header = call.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    text = header.strip().strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise invalid("If-Match", "an ETag of this resource, or *")
    return int(text)


def at_revision(call: Call, shown: object, number: int) -> Reply:
    """What is shown of a resource at this revision; 304 without it where the caller has that."""
    headers = {"etag": etag(number)}
    if has_current(call, headers["etag"]):
        return Reply(304, None, headers)
    return Reply(200, shown, headers)


def has_current(call: Call, etag: str) -> bool:
    """Whether `If-None-Match` names `etag`: answered 304. RFC 9110, section 13.1.2."""
    header = call.headers.get("if-none-match")
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags
