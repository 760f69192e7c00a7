"""Texts: what is read, what is kept, and which passages of one are found in another."""

from __future__ import annotations

import random

import numpy as np
import pytest
from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.texts import alignment, fingerprint, words
from autodmca_ai_detection.texts.fingerprint import of_text
from autodmca_ai_detection.texts.library import TextLibrary
from autodmca_ai_detection.texts.words import TextLimits
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quality import texts

DOCUMENTS = texts.documents()
ONE, OTHER = (" ".join(DOCUMENTS[name]) for name in ("topic async", "topic exceptions"))
SENTENCE = (
    "The subject comes first and is named, and no sentence is without a verb that says what is done. " * 2
)

REFUSED: dict[str, tuple[str | bytes, str, str]] = {
    "nothing": (b"", "empty", "no byte"),
    "a few words": ("These are a few words.", "too_small", "5 words; 20 are needed"),
    "marks alone": ("... --- !!! " * 40, "too_small", "0 words"),
    "invisible characters alone": ("\u200b \u200d " * 40, "too_small", "0 words"),
    "half a character": (SENTENCE.encode() + b"\xc3", "malformed", "is no text in utf-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(400), "malformed", "byte 0"),
    "zeros in between": (SENTENCE.encode() + bytes(4), "malformed", "U\\+0000"),
    "half of UTF-16": (SENTENCE.encode("utf-16") + b"\x00", "malformed", "utf-16"),
    "too many bytes": (b"a " * 1_048_577, "too_large", "2,097,152 are allowed"),
    "too many characters": ("a " * 1_048_577, "too_large", "2,097,152 are allowed"),
    "too many words": ("word " * 20_001, "too_large", "over 20,000 words"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_usable_text_is_refused_with_its_reason(name: str) -> None:
    text, code, reason = REFUSED[name]
    with pytest.raises(Unusable, match=reason) as caught:
        of_text(text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "same",
    [
        SENTENCE.upper(),
        SENTENCE.replace(" ", "\n\t "),
        SENTENCE.replace("e", "e\u200b"),
        SENTENCE.replace(",", " -").replace(".", "!"),
        "".join(chr(ord(each) + 0xFEE0) if each.isalpha() else each for each in SENTENCE),
    ],
    ids=["case", "spaces", "invisible characters", "marks", "full width"],
)
def test_how_a_text_is_typed_makes_no_difference(same: str) -> None:
    assert of_text(same).numbers.tolist() == of_text(SENTENCE).numbers.tolist()


def test_files_of_utf_8_and_of_utf_16_read_the_same() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert of_text(SENTENCE.encode(encoding)).numbers.tolist() == of_text(SENTENCE).numbers.tolist()


def test_a_url_is_one_word_and_a_script_without_spaces_has_a_word_a_character() -> None:
    url = "see https://a.example/b/c/d-e-f?g=h now " * 7
    assert len(words.read(url).numbers) == 21
    assert len(words.read("著作権は表現を守る制度である。表現の自由もまた守る").numbers) == 24


def test_spans_say_where_each_word_stands() -> None:
    read = words.read(ONE)
    lengths = [len(ONE[start:end].split()) for start, end in read.spans.tolist()]
    assert set(lengths) == {1}
    assert (np.diff(read.spans.reshape(-1)) >= 0).all()


def test_a_fingerprint_is_stored_and_read_back() -> None:
    made = of_text(ONE)
    kept = fingerprint.load(fingerprint.dump(made))
    assert kept.numbers.tolist() == made.numbers.tolist()
    assert kept.spans.tolist() == made.spans.tolist()
    assert len(fingerprint.dump(made)) < 8 * len(made.numbers) + 16
    assert "statement" in ONE
    assert b"statement" not in fingerprint.dump(made)


@pytest.mark.parametrize("data", [b"", b"\x02\0\0\0\0", fingerprint.dump(of_text(ONE))[:-1]])
def test_what_is_no_fingerprint_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="fingerprint of"):
        fingerprint.load(data)


def test_the_passage_that_was_copied_is_named_in_both() -> None:
    copied = ONE[400:900]
    query = f"{OTHER[:600]} {copied} {OTHER[600:1_200]}"
    first = alignment.passages(of_text(query), of_text(ONE))[0]
    assert query[slice(*first.query)] == ONE[slice(*first.reference)]
    assert copied[20:-20] in query[slice(*first.query)]
    assert first.density == 1.0


def test_a_changed_copy_is_found_and_another_text_is_not() -> None:
    library = TextLibrary()
    library.add("one", of_text(ONE))
    library.add("other", of_text(OTHER))
    rng = random.Random(5)
    copy = " ".join(texts.changed(ONE.split(), rng, OTHER.split()))
    found = library.search(of_text(copy))
    assert [(each.reference, each.verdict) for each in found] == [("one", "match")]
    assert found[0].reference_part > 0.7
    strange = library.search(of_text(" ".join(DOCUMENTS["topic strings"])))
    assert [each for each in strange if each.verdict == "match"] == []


def test_what_was_removed_is_not_found_and_the_order_of_adding_makes_no_difference() -> None:
    names = sorted(name for name in DOCUMENTS if name.startswith("topic"))[:12]
    one, two = TextLibrary(), TextLibrary()
    for name in names:
        one.add(name, of_text(" ".join(DOCUMENTS[name])))
    for name in reversed(names):
        two.add(name, fingerprint.load(fingerprint.dump(of_text(" ".join(DOCUMENTS[name])))))
    query = of_text(" ".join(" ".join(DOCUMENTS[name][:90]) for name in names[:4]))
    assert one.search(query) == two.search(query)
    assert {each.reference for each in one.search(query)} == set(names[:4])
    one.remove(names[0])
    one.add(names[1], of_text(OTHER))
    assert {each.reference for each in one.search(query)} == set(names[2:4])
    assert len(one) == 11
    with pytest.raises(KeyError):
        one.remove(names[0])


@pytest.mark.parametrize("text", ["same " * 20_000, "one two three four " * 5_000, "a b a c " * 5_000])
def test_what_a_text_says_again_and_again_makes_no_passage(text: str) -> None:
    made = of_text(text)
    assert alignment.passages(made, made) == []


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        made = of_text(text, TextLimits(words=60))
    except Unusable:
        return
    for passage in alignment.passages(made, made):
        assert 0 <= passage.query[0] < passage.query[1] <= len(text)


def test_no_document_is_both_developed_on_and_judged_by() -> None:
    held = {name for name in DOCUMENTS if texts.is_held_out(name)}
    runs = {
        side: {
            tuple(DOCUMENTS[name][n : n + 12])
            for name in DOCUMENTS
            if (name in held) == side
            for n in range(len(DOCUMENTS[name]) - 11)
        }
        for side in (True, False)
    }
    assert 50 < len(held) < len(DOCUMENTS) - 50
    assert runs[True].isdisjoint(runs[False])
