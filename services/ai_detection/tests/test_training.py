"""The match model: fitted on real pairs, an epoch at a time, to the same bytes whatever happens."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from autodmca_ai_detection.errors import NotTrainable
from autodmca_ai_detection.pictures import fingerprint
from autodmca_ai_detection.pictures.decoding import decode
from autodmca_ai_detection.pictures.library import Library
from autodmca_ai_detection.training import fitting, judging, measures, model, pairs
from autodmca_ai_detection.training.fitting import Settings
from autodmca_ai_detection.training.measures import Pair
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.quality.picture_edits import EDITS
from tests.quality.pictures import encoded, picture

NAMES = ("astronaut.png", "chelsea.png", "china.jpg", "coins.png", "ihc.png", "page.png", "rocket.jpg")
SETTINGS = Settings(epochs=12, patience=4)


def made() -> list[Pair]:
    greys = {name: decode(encoded(picture(name))) for name in NAMES}
    kept = {name: fingerprint.of_reference(each) for name, each in greys.items()}
    return [
        pair for name in NAMES for pair in pairs.pairs_of(name, greys[name].grey, kept, copies=10, seed=1)
    ]


@pytest.fixture(scope="module")
def known() -> list[Pair]:
    return made()


def fitted(known: list[Pair], settings: Settings = SETTINGS) -> bytes:
    state = fitting.begin(known, settings)
    while not fitting.is_done(state):
        state = fitting.step(state, known)
    return state


@pytest.fixture(scope="module")
def state(known: list[Pair]) -> bytes:
    return fitted(known)


def test_pairs_of_a_picture_have_copies_and_lookalikes_and_are_the_same_every_time(known: list[Pair]) -> None:
    kinds = {pair.kind for pair in known if not pair.copy}
    assert kinds == {"seen from beside", "the other half", "the same frame", "another picture"}
    assert sum(pair.copy for pair in known) >= 9 * len(NAMES)
    assert all(pair.reference == pair.source for pair in known if pair.copy)
    again = pairs.pairs_of("coins.png", decode(encoded(picture("coins.png"))).grey, {}, copies=10, seed=1)
    first = pairs.pairs_of("coins.png", decode(encoded(picture("coins.png"))).grey, {}, copies=10, seed=1)
    assert measures.dump_pairs(again) == measures.dump_pairs(first)


def test_pairs_are_stored_and_read_back(known: list[Pair]) -> None:
    assert measures.load_pairs(measures.dump_pairs(known)) == known
    with pytest.raises(msgspec.ValidationError, match="phash"):
        measures.load_pairs(measures.dump_pairs(known[:1]).replace(b'"phash":', b'"phash":9'))


def test_a_crash_after_any_epoch_leads_to_the_same_model(known: list[Pair], state: bytes) -> None:
    states = [fitting.begin(known, SETTINGS)]
    while not fitting.is_done(states[-1]):
        states.append(fitting.step(bytes(states[-1]), measures.load_pairs(measures.dump_pairs(known))))
    assert states[-1] == state
    for kept in states[:-1]:
        after = kept
        while not fitting.is_done(after):
            after = fitting.step(after, known)
        assert after == state


def test_another_process_fits_the_same_bytes(known: list[Pair], state: bytes, tmp_path: Path) -> None:
    (tmp_path / "pairs").write_bytes(measures.dump_pairs(known))
    program = (
        "import sys; from autodmca_ai_detection.training import fitting, measures;"
        "known = measures.load_pairs(open(sys.argv[1], 'rb').read());"
        "state = fitting.begin(known, fitting.Settings(epochs=12, patience=4))\n"
        "while not fitting.is_done(state): state = fitting.step(state, known)\n"
        "sys.stdout.buffer.write(state)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "pairs")],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert told.stdout == state


def test_no_picture_is_both_learned_from_and_held_out(known: list[Pair], state: bytes) -> None:
    kept = fitting.held_out(state, known)
    held = {name for pair in kept for name in (pair.reference, pair.source)}
    # Other labels for held-out pairs leave the weights as they are.
    changed = [
        structs.replace(pair, copy=not pair.copy) if pair.reference in held and pair.source in held else pair
        for pair in known
    ]
    first = fitting.step(fitting.begin(known, SETTINGS), known)
    other = fitting.step(fitting.begin(changed, SETTINGS), changed)
    one, two = fitting.finish(first), fitting.finish(other)
    assert held
    assert (one.weights, one.threshold, one.slope) == (two.weights, two.threshold, two.slope)
    assert one.epoch.recall != two.epoch.recall


def test_what_is_learned_holds_for_pictures_that_were_held_out(known: list[Pair], state: bytes) -> None:
    reports = fitting.epochs(state)
    assert [each.number for each in reports] == list(range(1, len(reports) + 1))
    assert reports[-1].loss < reports[0].loss
    best = fitting.finish(state).epoch
    assert best == min(reports, key=lambda each: (not each.best, each.chosen_loss))
    assert (best.precision, best.recall >= 0.8, best.roc_auc >= 0.97) == (1.0, True, True)
    assert best.calibration_error < 0.12


def test_it_stops_when_nothing_gets_better(known: list[Pair]) -> None:
    state = fitted(known, Settings(epochs=500, patience=2))
    reports = fitting.epochs(state)
    assert len(reports) < 500
    assert [each.best for each in reports[-2:]] == [False, False]
    assert fitting.finish(state).epoch.number == len(reports) - 2


def test_a_model_is_stored_as_text_and_read_back(state: bytes, known: list[Pair]) -> None:
    fresh = fitting.finish(state)
    kept = model.load(model.dump(fresh))
    assert (kept, model.dump(kept)) == (fresh, model.dump(fresh))
    every = [pair.measures for pair in known]
    assert kept.confidences(every).tolist() == fresh.confidences(every).tolist()


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"format":1', b'"format":2'), (b'"figures":1', b'"figures":9'), (b'"weights":[', b'"weights":[0.5,'),
     (b'"slope":', b'"slop":'), (b"}", b"")],
)  # fmt: skip
def test_a_model_that_this_version_cannot_use_is_refused(state: bytes, old: bytes, new: bytes) -> None:
    with pytest.raises(NotTrainable) as caught:
        model.load(model.dump(fitting.finish(state)).replace(old, new))
    assert caught.value.code == "other_version"


def test_a_new_model_is_compared_with_the_active_one(known: list[Pair], state: bytes) -> None:
    good = fitting.finish(state)
    held = fitting.held_out(state, known)
    beside = judging.compare(good, None, held)
    assert not beside.worse, beside.reasons
    bad = structs.replace(good, threshold=0.9999, weights=tuple(-each for each in good.weights))
    told = judging.compare(bad, good, held)
    assert told.worse
    assert any(reason.startswith("its recall is 0.0") for reason in told.reasons)
    assert any("roc auc" in reason for reason in told.reasons)


def test_a_model_judges_what_a_library_finds(state: bytes) -> None:
    library = Library()
    for name in ("coffee.png", "motorcycle_left.png"):
        library.add(name, fingerprint.of_reference(decode(encoded(picture(name)))))
    judge = fitting.finish(state).judge
    copy = EDITS["screenshot"](picture("coffee.png"), random.Random(4))
    found = library.search(fingerprint.of_query(decode(encoded(copy))))
    assert [judge(each)[1] for each in found] == ["match"]
    beside = library.search(fingerprint.of_query(decode(encoded(picture("motorcycle_right.png")))))
    assert [judge(each)[1] for each in beside] != ["match"]


def numbered(known: list[Pair], references: int) -> list[Pair]:
    return [
        structs.replace(pair, reference=f"r{n % references}", source=f"r{n % references}")
        for n, pair in enumerate(known)
    ]


def test_pairs_that_no_model_can_be_made_of_are_refused(known: list[Pair]) -> None:
    copies = [pair for pair in known if pair.copy]
    wrong = {
        "too_few_pairs": known[:20],
        "too_few_pictures": numbered(known, 4),
        "one_sided": copies,
        "too_many_pairs": known[:1] * 100_001,
    }
    for code, given_pairs in wrong.items():
        with pytest.raises(NotTrainable) as caught:
            fitting.begin(given_pairs)
        assert caught.value.code == code
    with pytest.raises(NotTrainable, match="copies are needed as well"):
        fitting.begin([structs.replace(pair, copy=False) for pair in known])
    scattered = [structs.replace(pair, source=f"s{n}") for n, pair in enumerate(copies)]
    mixed = [*scattered, structs.replace(scattered[0], copy=False)]
    with pytest.raises(NotTrainable, match="cannot be parted"):
        fitting.begin(mixed)


def test_other_pairs_than_it_was_begun_with_are_refused(known: list[Pair]) -> None:
    state = fitting.begin(known)
    with pytest.raises(NotTrainable) as caught:
        fitting.step(state, known[1:])
    assert caught.value.code == "other_pairs"


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60),
    st.sampled_from((0.5, 0.9, 0.99, 1.0)),
)
def test_a_threshold_keeps_the_precision_it_was_asked_for(
    judged: list[tuple[float, bool]], precision: float
) -> None:
    confidences = np.array([confidence for confidence, _ in judged])
    copies = np.array([copy for _, copy in judged])
    at = judging.threshold_at(precision, confidences, copies)
    called = confidences >= at
    assert not called.any() or copies[called].mean() >= precision
