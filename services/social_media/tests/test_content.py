"""Which posts are copies: what is changed in them hides nothing, and what is said by chance is none."""

from __future__ import annotations

import random

import pytest
from autodmca_social_media.matching.content import Content

POST = (
    "Three weeks on the glacier above Bergen, and the last canvas of the winter series is finally dry. "
    "It goes to the gallery on Friday; come and see it while the light is good."
)
SHORT = "New canvas, old glacier!"
OTHERS = (
    "Two weeks in the studio below Porto, and the first print of the summer edition is nearly done. "
    "I bring it to the museum on Monday; stay and drink something while the music is on.",
    "The bakery above the gallery has the best cinnamon buns in Bergen, and I go there every Friday.",
    "Happy birthday!",
    "",
    "\N{ARTIST PALETTE}" * 50,
)
CONTENT = Content([POST, SHORT, "hi", *OTHERS[3:]])


@pytest.mark.parametrize(
    "post",
    [
        POST,
        POST.upper(),
        f"Giveaway! {POST} Message me on Telegram to receive your gift, only today, only for real fans.",
        POST[40:130],
        POST.replace("a", "а").replace("o", "ο"),
        POST.replace(" ", "\N{ZERO WIDTH SPACE} "),
        "".join(letter for letter in POST if letter not in ".,;"),
        "new CANVAS -- old glacier",
    ],
)
def test_a_copy_is_found_however_it_is_dressed(post: str) -> None:
    assert CONTENT.is_copy(post)


def test_of_a_copy_one_word_in_five_may_be_another() -> None:
    rng = random.Random(1)
    others = [
        "river",
        "lantern",
        "meadow",
        "copper",
        "violin",
        "harbour",
        "ticket",
        "orchard",
        "pepper",
        "saddle",
    ]
    found = 0
    for _ in range(200):
        words = POST.split()
        for at in rng.sample(range(len(words)), len(words) // 5):
            words[at] = rng.choice(others)
        found += CONTENT.is_copy(" ".join(words))
    assert found >= 190


@pytest.mark.parametrize("post", OTHERS)
def test_another_text_is_no_copy(post: str) -> None:
    assert not CONTENT.is_copy(post)


def test_the_places_of_copies_are_told_and_nothing_is_a_copy_of_nothing() -> None:
    assert CONTENT.copies([OTHERS[0], POST, OTHERS[1], SHORT]) == [1, 3]
    assert not Content(["hi", ""])
    assert Content([]).copies([POST]) == []
