"""How well notices are read: kinds and elements against labels; `make quality` prints the same as tables."""

from __future__ import annotations

from typing import Any

import pytest
from autodmca_templates.notices import ElementName, analyse, find_elements

from services.templates.tests.notice_cases import PUBLIC, Score, load, public, samples

SAMPLES = load("notice_samples.toml", "sample")
LETTERS = load("notice_letters.toml", "letter")
PAGES = load("notice_pages.toml", "page")
PHRASES = load("notice_phrases.toml", "phrase")
needs_public = pytest.mark.skipif(not PUBLIC.is_dir(), reason="../shared absent")


def well_read(score: Score, kinds: float, elements: float) -> None:
    assert score.kinds_right >= kinds, score.kinds
    assert score.elements.precision >= elements, score.alarms
    assert score.elements.recall >= elements, score.misses


@needs_public
def test_half_of_the_public_notices_that_the_cues_were_written_with() -> None:
    well_read(Score(public(held=False)), kinds=0.95, elements=0.98)


@needs_public
def test_half_of_the_public_notices_that_was_held_back() -> None:
    well_read(Score(public(held=True)), kinds=0.94, elements=0.97)


def test_samples_in_many_hands() -> None:
    well_read(Score(samples()), kinds=0.98, elements=0.98)


@pytest.mark.parametrize(
    "letter", LETTERS, ids=lambda row: f"{row['kind']}: {row['text'].split(chr(10))[0][:48]}"
)
def test_a_short_letter_is_told_by_what_it_asks(letter: dict[str, str]) -> None:
    assert analyse(letter["text"]).kind == letter["kind"]


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda row: f"{row['element']}: {row['text'][:48]!a}")
def test_a_phrase_is_an_element_or_not(phrase: dict[str, Any]) -> None:
    name: ElementName = phrase["element"]
    (element,) = find_elements(phrase["text"], [name])

    assert element.present is phrase["present"], element.quote


@pytest.mark.parametrize("row", [row for row in SAMPLES if "urls" in row], ids=lambda row: str(row["name"]))
def test_addresses_of_a_sample_in_order(row: dict[str, Any]) -> None:
    assert analyse(row["text"]).urls == row["urls"]


@pytest.mark.parametrize("page", PAGES, ids=lambda row: str(row["name"]))
def test_a_page_that_says_what_a_notice_must_hold_is_none_and_holds_nothing(page: dict[str, Any]) -> None:
    analysis = analyse(page["text"])
    assert (analysis.kind, analysis.elements) == ("other", [])


def test_a_notice_in_which_nobody_says_i_is_still_a_notice() -> None:
    text = """Notice of copyright infringement under 17 U.S.C. 512(c)

Meridian Maps Ltd. owns the copyright in "Atlas of the Delta". It is copied at https://files.example/delta.zip.
Meridian Maps Ltd. has a good faith belief that this use is not authorized by the copyright owner, its agent,
or the law. The information in this notice is accurate and, under penalty of perjury, the sender is authorized
to act for Meridian Maps Ltd. A notice must be acted on expeditiously.

Meridian Maps Ltd., 4 Harbour Road, Leith, +44 131 496 0100
"""
    assert analyse(text).kind == "takedown"
