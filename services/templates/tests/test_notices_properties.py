"""What holds of every analysis: offsets quote the text, answers repeat, hostile text is cheap."""

import msgspec
import pytest
from autodmca_templates.notices import (
    COUNTER_NOTICE_ELEMENTS,
    TAKEDOWN_ELEMENTS,
    Analysis,
    analyse,
    find_elements,
)
from autodmca_templates.notices.text import MAX_LINES, MAX_PROSE, lines, normalise
from autodmca_urls.finding import distinct, find_urls
from hypothesis import given, settings
from hypothesis import strategies as st

BITS = st.sampled_from(
    [
        "I have a good faith belief ",
        "that the use is not authorized by the copyright owner, its agent, or the law",
        "I swear, under penalty of perjury, ",
        "**",
        "> ",
        "\n",
        "\r\n",
        "\n\n---\n\n",
        "[private]",
        "Sincerely,\n",
        "Q: Do you consent?\nA: no\n",
        "&nbsp;",
        "\u00ad",
        "\u200b",
        "İ",
        "｀",
        "https://github.com/a/b",
        "{{ name }}",
        "| a | b |",
        "This is a counter notice. ",
        "please retract my notice ",
        "\x00",
        "\ud7ff",
        "<a href='x'>",
        "Signature: ",
        "? ",
        "e-mail: ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(BITS | st.text(max_size=12), max_size=40).map("".join))
def test_an_element_quotes_the_text_where_it_says(text: str) -> None:
    found = find_elements(text, [*TAKEDOWN_ELEMENTS, *COUNTER_NOTICE_ELEMENTS])

    for element in found:
        assert element.quote == text[element.start : element.end]
        assert element.present == bool(element.quote)
        assert len(element.quote) <= 400
    analysis = analyse(text)
    assert 0 <= analysis.confidence <= 1
    assert analysis == analyse(text)


def test_the_answer_is_camel_case_on_the_wire() -> None:
    wire = msgspec.json.decode(msgspec.json.encode(analyse("Please restore it, I withdraw my DMCA notice.")))

    assert set(wire) == {"kind", "confidence", "elements", "urls", "language"}
    assert wire["kind"] == "retraction"
    assert wire["elements"] == []


def test_the_elements_of_a_kind_come_in_the_statutes_order() -> None:
    takedown = analyse("My code was copied without permission, please remove https://github.com/a/b")
    counter = analyse("This is a counter notice for my repository github.com/a/b, disabled by mistake.")

    assert tuple(each.name for each in takedown.elements) == TAKEDOWN_ELEMENTS
    assert tuple(each.name for each in counter.elements) == COUNTER_NOTICE_ELEMENTS


@pytest.mark.parametrize(
    "unit",
    [
        "a\n",
        "** ",
        "> \n",
        "http://",
        "a.",
        "(",
        "<a ",
        "{{",
        "_",
        "a! ",
        "under penalty of perjury ",
        "I swear under penalty of perjury mistake. ",
        "&amp;",
        "a@",
        "[private]\n",
        "a: ",
        "| a ",
        "retract the ",
        "please ",
        "版权",
        "1234567890 ",
        "Do you? ",
        "a-",
        "thanks and ",
        "my a b ",
        "\\",
        "\t",
        ". ",
        "best ",
        "github ",
        "on behalf ",
        "service of ",
    ],
)
def test_hostile_repetition_is_read_in_time_that_grows_with_its_length(unit: str) -> None:
    """Nothing here measures time: a quadratic pattern would take minutes at this size, and be noticed."""
    analysis = analyse((unit * (120_000 // len(unit) + 1))[:120_000])

    assert isinstance(analysis, Analysis)


def test_what_is_weighed_is_bounded_and_both_ends_are_kept() -> None:
    statement = "I swear, under penalty of perjury, that this notice is accurate and that I am the owner.\n\n"
    filler = "The weather was fine and nothing else happened that day.\n\n" * (2 * MAX_PROSE // 50)

    (first,) = find_elements(statement + filler, ["perjuryAuthority"])
    (last,) = find_elements(filler + statement, ["perjuryAuthority"])

    assert first.present
    assert last.present
    assert len(lines("word\n" * (3 * MAX_LINES))) <= MAX_LINES


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see hxxps://evil[.]com/a.", ["https://evil.com/a"]),
        ("hxxp://evil(dot)example[.]org/x", ["http://evil.example.org/x"]),
        (
            "[here](https://a.example/x_(y)), and <https://b.example/>",
            ["https://a.example/x_(y)", "https://b.example/"],
        ),
        ("**https://a.example/b**; https://a.example/b", ["https://a.example/b"]),
        ('<a href="https://a.example/?x=1&amp;y=2">a</a>', ["https://a.example/?x=1&y=2"]),
        ("github.com/foo/bar, www.example.org and README.md", ["github.com/foo/bar", "www.example.org"]),
        ("albkanale.github.io/ is a page", ["albkanale.github.io/"]),
        ("mail joe@example.com or https://github.com/[private]/x", []),
        ("https://[private] and http:// and and/or 1.5/2", []),
        (r"https://github.com/a/b\_c\_d", ["https://github.com/a/b_c_d"]),
        ("链接https://a.example/文件。下一句", ["https://a.example/文件"]),
        ("'https://a.example/it's'", ["https://a.example/it's"]),
    ],
)
def test_addresses_are_taken_out_of_prose_and_markup(text: str, urls: list[str]) -> None:
    found = find_urls(text)

    assert distinct(found) == urls
    assert all(0 <= each.start < each.end <= len(text) for each in found)


def test_normal_words_are_plain() -> None:
    marked = "**I can\u2019t** &ldquo;be\u00adlieve&rdquo; good\u2011faith &amp; `code`"
    hidden = "[x](https://a.example/b \uff27\uff22) joe@a.example\u00a0[Private]\n{{ notice_url }}"

    assert normalise(marked) == 'i can not "believe" good faith & code'
    assert normalise(hidden) == "x ( <url> gb) <email> <private> <url>"
