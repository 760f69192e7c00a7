"""Texts and pasted entries: what is found, where, in which form, and why the rest was dropped."""

from __future__ import annotations

import pytest
from autodmca_urls.reading import read_entries, read_text
from hypothesis import example, given, settings
from hypothesis import strategies as st


def normal(text: str) -> list[str]:
    return [each.normal.url for each in read_text(text) if each.normal is not None and each.dropped is None]


@pytest.mark.parametrize(
    "written",
    [
        "hxxps://evil[.]example[.]com/a",
        "HXXPS://evil.example.com/a",
        "hxxps[:]//evil(.)example{.}com/a",
        "https[://]evil[.]example[.]com[/]a",
        "h**ps://evil.example.com/a",
        "https://evil [.] example [dot] com/a",
        "https://evil dot example dot com/a",
        "evil(dot)example(dot)com/a",
        "https:\\\\evil.example.com/a",
        "https:// evil.example.com/a",
        "https : //evil.example.com/a",
        "<https://evil.example.com/\n  a>",
        "> <https://evil.\n> example.com/a>",
        "[here](https://evil.example.com/a)",
        '<a href="https://evil.example.com/a?utm_source=x&amp;gclid=1">x</a>',
        "https://evil.example.com/a.",
        "`https://evil.example.com/a`",
        "evil.example.com/a",
    ],
)
def test_a_url_is_found_however_it_is_written(written: str) -> None:
    assert normal(f"see {written} now") == ["https://evil.example.com/a"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://github.com/[private]/x", "redacted"),
        ("read README.md first", "file_name"),
        ("he uses github.com for that", "bare_domain"),
        ("as README.md. So", "file_name"),
        ("http:// and nothing", "no_host"),
        ("http://localhost:8080/x", "not_public"),
        ("http://192.168.0.1/x", "not_public"),
        ("https://host.invalidsuffix/x", "unknown_suffix"),
        ("https://a.example.com:99999/x", "malformed"),
        ("https://a.example.com/" + "x" * 5000, "too_long"),
        ("https://a.example.com/x https://A.EXAMPLE.com:443/x#top", "duplicate"),
    ],
)
def test_what_was_dropped_says_why(text: str, reason: str) -> None:
    assert [each.dropped for each in read_text(text) if each.dropped is not None] == [reason]


@pytest.mark.parametrize("text", ["me@example.com", "end.The next", "v1.2/3", "e.g. this/that", "a.b"])
def test_what_nobody_takes_for_a_url_is_not_even_dropped(text: str) -> None:
    assert read_text(text) == []


def test_places_are_of_the_text_and_lines_count_from_one() -> None:
    text = "first\n見る：hxxp://evil[.]com/x。\nhttps://b.example.org"
    first, second = read_text(text)
    assert (first.line, first.written, text[first.start : first.end]) == (
        2,
        "hxxp://evil[.]com/x",
        first.written,
    )
    assert (second.line, second.written) == (3, "https://b.example.org")


LONG = "https://git.example.com/owner/repository/blob/master/source/components/wid"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (f"{LONG}/\nsrc/file.c\n\nNext", [f"{LONG}/src/file.c"]),
        (f"{LONG}-\nget.html and more", [f"{LONG}-get.html"]),
        (f"> {LONG}/\n> file.c\n> Thanks", [f"{LONG}/file.c"]),
        (f"x\n\n{LONG}{'x' * 30}\nser.php\n\nNext", [f"{LONG}{'x' * 30}ser.php"]),
        (f"{LONG}/\nThanks for that", [f"{LONG}/"]),
        (f"{LONG}/\nhttps://b.example.com/x", [f"{LONG}/", "https://b.example.com/x"]),
        (f"{LONG}/\nsrc/a.c\nsrc/b.c\n", [f"{LONG}/"]),
        (f"{LONG}\n- item/x", [LONG]),
        ("https://a.example.com/\nsrc/file.c\n", ["https://a.example.com/"]),
        (
            "see www.example.com. And (www.example.org...)",
            ["https://www.example.com/", "https://www.example.org/"],
        ),
        ("<https://a.example.com/x\n\nand so on>", ["https://a.example.com/x"]),
    ],
)
def test_a_line_end_breaks_a_url_only_where_that_shows(text: str, urls: list[str]) -> None:
    assert normal(text) == urls


@pytest.mark.parametrize(
    ("entry", "urls"),
    [
        ("example.com", ["https://example.com/"]),
        ("- www.example.com", ["https://www.example.com/"]),
        ("1. https://a.example.com/x", ["https://a.example.com/x"]),
        ("https://a.example.com/My File.pdf", ["https://a.example.com/My%20File.pdf"]),
        (
            "https://a.example.com/x, https://b.example.com/y",
            ["https://a.example.com/x", "https://b.example.com/y"],
        ),
        (
            "https://a.example.com/x\nhttps://b.example.com/y",
            ["https://a.example.com/x", "https://b.example.com/y"],
        ),
        ("evil dot com/p", ["https://evil.com/p"]),
        ("пример.рф", ["https://xn--e1afmkfd.xn--p1ai/"]),
        ("what is this", []),
        ("", []),
        ("foo", []),
        ("https://github.com/[private]", []),
    ],
)
def test_an_entry_is_meant_as_a_url(entry: str, urls: list[str]) -> None:
    read = read_entries([entry])
    assert [each.normal.url for each in read if each.normal is not None] == urls
    assert read, "an entry is never passed over in silence"


def test_entries_carry_their_number_and_repeats_are_dropped() -> None:
    read = read_entries(["https://a.example.com/x", "nothing", "HTTPS://a.example.com/./x"])
    assert [(each.line, each.dropped) for each in read] == [(1, None), (2, "not_public"), (3, "duplicate")]


@settings(max_examples=300, deadline=None)
@example("https://[")
@example("<https://a.b\n>")
@given(st.text(st.sampled_from("htpsx:/.[]()<>{}\\ \n\tdoa%2?#&=-_*é。（）@1"), max_size=80))
def test_any_text_is_read_and_every_place_is_in_it(text: str) -> None:
    at = 0
    for each in read_text(text):
        assert at <= each.start < each.end <= len(text)
        at = each.end
    read_entries([text])


HOST = st.sampled_from(["a.example.com", "b.example.co.uk", "xn--e1afmkfd.xn--p1ai"])
PATH = st.text(st.sampled_from("abcXYZ019-_~/"), max_size=20)


@settings(max_examples=300, deadline=None)
@given(
    HOST, PATH, st.sampled_from(["[.]", "(.)", "[dot]", " [.] ", "{.}"]), st.sampled_from(["hxxps", "https"])
)
def test_writing_a_url_safe_to_read_changes_nothing(host: str, path: str, dot: str, scheme: str) -> None:
    plain = f"https://{host}/{path.lstrip('/')}z"
    fanged = f"{scheme}://{host.replace('.', dot)}/{path.lstrip('/')}z"
    assert normal(f"at {fanged} it is") == normal(f"at {plain} it is") != []


@pytest.mark.parametrize(
    "unit", ["<https://a.b/\n", "https:// ", "evil dot ", "a[.]", "https://a.example.com/-\n"]
)
def test_hostile_texts_are_read_in_time_that_grows_with_their_length(unit: str) -> None:
    """Nothing here measures time: a quadratic reading would take minutes at this size, and be noticed."""
    assert len(read_text(unit * 20_000)) <= 40_000
