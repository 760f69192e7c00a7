"""The normal form: every spelling of a URL is one string, and no two resources become one."""

from __future__ import annotations

import pytest
from autodmca_urls.normal import NotNormal, normalise
from hypothesis import assume, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("spellings", "normal"),
    [
        (["HTTP://EXAMPLE.com:80", "http://example.com/", "http://example.com./#x"], "http://example.com/"),
        (["https://a.example.com/a/./b/../c", "https://a.example.com/a/%2e/c"], "https://a.example.com/a/c"),
        (
            ["https://a.example.com/%7euser/%e6%b3%a8", "https://a.example.com/~user/注"],
            "https://a.example.com/~user/%E6%B3%A8",
        ),
        (
            ["https://пример.рф/", "https://xn--e1afmkfd.xn--p1ai", "https://ПРИМЕР.рф"],
            "https://xn--e1afmkfd.xn--p1ai/",
        ),
        (
            ["https://a.example.com/?utm_source=x&id=7&fbclid=z&UTM_Medium=m", "https://a.example.com/?id=7"],
            "https://a.example.com/?id=7",
        ),
        (
            ["https://a.example.com/?gclid=1", "https://a.example.com/?", "https://a.example.com"],
            "https://a.example.com/",
        ),
        (["https://user:pw@a.example.com/x", "https://a.example.com/x"], "https://a.example.com/x"),
        (["https://mega.example.com/#!key!secret"], "https://mega.example.com/#!key!secret"),
        (["https://mega.example.com/#F!key"], "https://mega.example.com/#F!key"),
        (["http://[2606:4700:0:0::1111]/x"], "http://[2606:4700::1111]/x"),
    ],
)
def test_spellings_of_one_url_become_one(spellings: list[str], normal: str) -> None:
    assert {normalise(spelling).url for spelling in spellings} == {normal}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example.com/x", "http://a.example.com/x"),
        ("https://a.example.com/x", "https://a.example.com/x/"),
        ("https://a.example.com/X", "https://a.example.com/x"),
        ("https://a.example.com/x", "https://www.a.example.com/x"),
        ("https://a.example.com/a%2Fb", "https://a.example.com/a/b"),
        ("https://a.example.com/?a=1&b=2", "https://a.example.com/?b=2&a=1"),
        ("https://a.example.com/?ref=1", "https://a.example.com/"),
        ("https://a.example.com:8443/", "https://a.example.com/"),
    ],
)
def test_what_a_server_tells_apart_stays_apart(one: str, other: str) -> None:
    assert normalise(one).url != normalise(other).url


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.albkanale.github.io/x", "albkanale.github.io"),
        ("https://a.b.example.co.uk/", "example.co.uk"),
        ("https://www.пример.рф/", "xn--e1afmkfd.xn--p1ai"),
        ("https://1.1.1.1/", "1.1.1.1"),
        ("https://github.io/", "github.io"),
    ],
)
def test_the_registrable_domain_knows_private_suffixes(url: str, domain: str) -> None:
    assert normalise(url).domain == domain


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://", "malformed"),
        ("no url", "malformed"),
        ("https://a b.com/", "malformed"),
        ("mailto:a@example.com", "not_web"),
        ("javascript:alert(1)", "not_web"),
        ("http://127.0.0.1/", "not_public"),
        ("http://0x7f.1/", "not_public"),
        ("http://[::1]/", "not_public"),
        ("http://localhost/", "not_public"),
        ("http://a.local/", "unknown_suffix"),
    ],
)
def test_what_is_no_url_of_the_public_web_says_why(url: str, reason: str) -> None:
    with pytest.raises(NotNormal) as caught:
        normalise(url)
    assert caught.value.reason == reason


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("ab/.%27eEé?&=#!;:@ utm_x注"), max_size=40))
def test_the_normal_form_is_its_own_normal_form(rest: str) -> None:
    try:
        once = normalise(f"https://a.example.com/{rest}")
    except NotNormal:
        assume(False)
    assert normalise(once.url) == once
