"""Where addresses end in prose of any script: beside brackets, quotes and marks that Unicode knows."""

from __future__ import annotations

import unicodedata
from contextlib import suppress

import pytest
from autodmca_urls.finding import distinct, find_urls
from hypothesis import given, settings
from hypothesis import strategies as st

BEYOND_ASCII = [chr(number) for number in range(0x80, 0x10000)]
CATEGORY = {char: unicodedata.category(char) for char in BEYOND_ASCII}
WIDE = {char for char in BEYOND_ASCII if unicodedata.east_asian_width(char) in "WFH"}
QUOTES = [char for char in BEYOND_ASCII if CATEGORY[char] in ("Pi", "Pf")]
WIDE_MARKS = [char for char in WIDE if CATEGORY[char] == "Po" and char not in "・･"]
MARKS = [char for char in BEYOND_ASCII if CATEGORY[char] == "Po"]


def pairs() -> list[tuple[str, str]]:
    """Brackets and what closes them, by their names."""
    found = [("(", ")")]
    for char in BEYOND_ASCII:
        if CATEGORY[char] == "Ps" and "LEFT" in (name := unicodedata.name(char)):
            with suppress(KeyError):
                found.append((char, unicodedata.lookup(name.replace("LEFT", "RIGHT"))))
    return found


PAIRS = pairs()
WORD = st.text(st.characters(categories=["Ll", "Lo", "Nd"]), min_size=1, max_size=8).filter(
    lambda word: unicodedata.normalize("NFKC", word).isalnum()
)
HOST = st.sampled_from(["https://a.example", "http://例え.テスト", "https://пример.рф:8080"])
ADDRESS = st.builds("{}/{}".format, HOST, WORD)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("(例:https://a.example/x)、《https://b.example/y》", ["https://a.example/x", "https://b.example/y"]),
        ("见https://a.example/文件（副本）。谢谢", ["https://a.example/文件（副本）"]),
        ("「https://a.example/x」を削除", ["https://a.example/x"]),
        ("https://a.example/x（注：例、他）を", ["https://a.example/x"]),
        ("https://ja.example/wiki/スティーブ・ジョブズ・", ["https://ja.example/wiki/スティーブ・ジョブズ"]),
        ("https://en.example/wiki/Michelson–Morley_experiment—see it", [
            "https://en.example/wiki/Michelson–Morley_experiment"
        ]),
        ("„https://a.example/x“, «https://b.example/y»… ‚https://c.example/z‘", [
            "https://a.example/x", "https://b.example/y", "https://c.example/z"
        ]),
        ("＜https://a.example/x＞［https://b.example/y］", ["https://a.example/x", "https://b.example/y"]),
        ("https://fa.example/می\u200cشود\u200f، بعد", ["https://fa.example/می\u200cشود"]),
        ("https://a.example/हिन्दी। फिर", ["https://a.example/हिन्दी"]),
        ("https://ca.example/col·lecció·", ["https://ca.example/col·lecció"]),
        ("[文](https://a.example/x)です", ["https://a.example/x"]),
        ("例：www.example.org/x、参照www.example.net/y。", ["www.example.org/x", "www.example.net/y"]),
        ("https://a.example/x\u200bhttps://b.example/y", ["https://a.example/x", "https://b.example/y"]),
        ("https://a.example/x、https://b.example/y，https://c.example/z！", [
            "https://a.example/x", "https://b.example/y", "https://c.example/z"
        ]),
    ],
)  # fmt: skip
def test_an_address_ends_where_its_reader_sees_it_end(text: str, urls: list[str]) -> None:
    found = find_urls(text)
    assert distinct(found) == urls
    assert [text[each.start : each.end] for each in found] == urls


@settings(max_examples=300, deadline=None)
@given(ADDRESS, st.sampled_from(PAIRS), WORD)
def test_an_address_in_brackets_is_the_address(address: str, pair: tuple[str, str], after: str) -> None:
    opener, closer = pair
    assert distinct(find_urls(f"例{opener}{address}{closer}{after}")) == [address]


@settings(max_examples=300, deadline=None)
@given(ADDRESS, st.sampled_from(PAIRS), WORD, st.sampled_from(["", " ", "。", "”", "!"]))
def test_brackets_that_an_address_opens_and_closes_are_its_own(
    address: str, pair: tuple[str, str], within: str, after: str
) -> None:
    whole = f"{address}{pair[0]}{within}{pair[1]}"
    assert distinct(find_urls(f"{whole}{after}")) == [whole]
    assert distinct(find_urls(f"{address}{pair[0]}{within}")) == [address]


@settings(max_examples=300, deadline=None)
@given(ADDRESS, st.sampled_from([*QUOTES, *WIDE_MARKS]), WORD)
def test_quotes_and_the_marks_of_unspaced_prose_end_an_address(address: str, mark: str, after: str) -> None:
    assert distinct(find_urls(f"{address}{mark}{after}")) == [address]


@settings(max_examples=300, deadline=None)
@given(ADDRESS, st.lists(st.sampled_from([*MARKS, *QUOTES]), min_size=1, max_size=3).map("".join))
def test_marks_at_the_end_are_the_sentences(address: str, marks: str) -> None:
    assert distinct(find_urls(f"{address}{marks} next")) == [address]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), ADDRESS)
def test_every_address_is_quoted_from_where_it_stands(text: str, address: str) -> None:
    whole = f"{text} {address} {text}"
    for each in find_urls(whole):
        assert 0 <= each.start < each.end <= len(whole)


@pytest.mark.parametrize(
    "unit", ["http://(", "http://、", "http://)", "http://（", "http://a・", "(.)http://"]
)
def test_hostile_addresses_are_read_in_time_that_grows_with_their_length(unit: str) -> None:
    """Nothing here measures time: a quadratic reading would take minutes at this size, and be noticed."""
    assert len(find_urls(unit * 20_000)) <= 20_000
