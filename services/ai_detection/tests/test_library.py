"""Whether copies of real pictures are found among references, and nothing else is."""

from __future__ import annotations

import random

import numpy as np
import pytest
from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.pictures import features, fingerprint
from autodmca_ai_detection.pictures.decoding import decode
from autodmca_ai_detection.pictures.fingerprint import Fingerprint
from autodmca_ai_detection.pictures.library import HASH_BITS, HashIndex, Library
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps

from tests.quality.picture_edits import EDITS
from tests.quality.pictures import encoded, picture

NAMES = ("astronaut.png", "coffee.png", "china.jpg")


def kept(image: Image.Image) -> Fingerprint:
    return fingerprint.of_reference(decode(encoded(image)))


def wanted(image: Image.Image) -> Fingerprint:
    return fingerprint.of_query(decode(encoded(image)))


@pytest.fixture(scope="module")
def library() -> Library:
    made = Library()
    for name in (*NAMES, "motorcycle_left.png"):
        made.add(name, kept(picture(name)))
    return made


@pytest.mark.parametrize("kind", ["cropped to 30-90 %", "rotated", "screenshot", "meme", "perspective"])
@pytest.mark.parametrize("name", NAMES)
def test_an_edited_copy_is_found(library: Library, name: str, kind: str) -> None:
    found = library.search(wanted(EDITS[kind](picture(name), random.Random(11))))
    assert found[0].reference == name
    assert found[0].verdict == "match"
    assert all(each.verdict != "match" for each in found[1:])


def test_the_other_half_of_a_stereo_pair_is_no_copy(library: Library) -> None:
    found = library.search(wanted(picture("motorcycle_right.png")))
    assert [each.reference for each in found] == ["motorcycle_left.png"]
    assert found[0].verdict == "no_match"
    assert found[0].evidence.shifted > 0.3


@pytest.mark.parametrize(("turns", "mirror"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_copy_without_detail_is_known_as_a_whole(library: Library, turns: int, mirror: bool) -> None:
    image = picture("coffee.png").rotate(-90 * turns, expand=True)
    image = ImageOps.mirror(image) if mirror else image
    blurred = fingerprint.of_query(decode(encoded(image.filter(ImageFilter.GaussianBlur(5)))))
    bare = blurred._replace(features=features.extract(decode(encoded(picture("chelsea.png"))).grey, 50))
    found = library.search(bare)
    assert [(each.reference, each.verdict) for each in found] == [("coffee.png", "match")]
    transform = found[0].evidence.transform
    assert (found[0].evidence.inliers, transform.angle, transform.mirror) == (0, 90 * turns, mirror)


def test_another_picture_has_nothing_in_common(library: Library) -> None:
    assert library.search(wanted(picture("chelsea.png"))) == []


def test_the_transform_says_what_was_done(library: Library) -> None:
    image = picture("coffee.png")
    crop = ImageOps.mirror(image.crop((150, 100, 450, 300))).rotate(90, expand=True)
    transform = library.search(wanted(crop))[0].evidence.transform
    assert transform.mirror
    assert transform.box == pytest.approx((0.25, 0.25, 0.75, 0.75), abs=0.02)
    assert transform.angle == pytest.approx(90, abs=1)
    assert transform.scale == pytest.approx(2.0, abs=0.05)
    assert transform.cover == pytest.approx(1.0, abs=0.03)
    corners = {(round(x, 1), round(y, 1)) for x, y in transform.outline}
    assert corners == {
        (1.5, 1.5),
        (1.5, -0.5),
        (-0.5, -0.5),
        (-0.5, 1.5),
    }  # half of what is left, to each side


def test_the_outline_is_where_the_reference_was_pasted(library: Library) -> None:
    image = picture("coffee.png")
    sheet = Image.new("RGB", (1_000, 800), "white")
    sheet.paste(image, (200, 160))
    outline = library.search(wanted(sheet))[0].evidence.transform.outline
    left, top, right, bottom = 0.2, 0.2, 0.2 + image.width / 1_000, 0.2 + image.height / 800
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    assert [each for corner in outline for each in corner] == pytest.approx(
        [each for corner in corners for each in corner], abs=0.02
    )
    mirrored = library.search(wanted(ImageOps.mirror(sheet)))[0].evidence.transform
    assert mirrored.mirror
    assert [each for corner in mirrored.outline for each in corner] == pytest.approx(
        [each for x, y in corners for each in (1 - x, y)], abs=0.02
    )


def test_two_replicas_that_learned_in_another_order_say_the_same(library: Library) -> None:
    other = Library()
    for name in ("motorcycle_left.png", *reversed(NAMES)):
        other.add(name, fingerprint.load(fingerprint.dump(kept(picture(name)))))
    same = Library()
    for name in (*NAMES, "motorcycle_left.png"):
        same.add(name, fingerprint.load(fingerprint.dump(kept(picture(name)))))
    query = wanted(EDITS["collage of four"](picture("china.jpg"), random.Random(2)))
    assert other.search(query) == same.search(query) != []


def test_what_was_removed_is_not_found_any_more() -> None:
    library = Library()
    for name in NAMES:
        library.add(name, kept(picture(name)))
    query = wanted(picture("coffee.png"))
    assert library.search(query)[0].reference == "coffee.png"
    library.remove("coffee.png")
    assert library.search(query) == []
    assert len(library) == 2
    with pytest.raises(KeyError):
        library.remove("coffee.png")


def test_an_empty_library_finds_nothing() -> None:
    assert Library().search(wanted(picture("coffee.png"))) == []


def test_a_picture_that_shows_nothing_is_refused() -> None:
    with pytest.raises(Unusable) as caught:
        kept(Image.new("RGB", (300, 300), "grey"))
    assert caught.value.code == "featureless"


def test_mirrored_features_are_those_of_the_mirrored_picture() -> None:
    grey = decode(encoded(picture("coffee.png"))).grey
    turned = features.mirrored(features.extract(grey, 300))
    mirror = features.extract(np.ascontiguousarray(np.fliplr(grey)), 300)
    apart = np.linalg.norm(turned.places[:, None, :2] - mirror.places[None, :, :2], axis=2)
    near = apart.argmin(axis=1)
    same = apart[np.arange(len(near)), near] < 0.003
    bits = np.bitwise_count(turned.codes[same] ^ mirror.codes[near[same]]).sum(axis=1)
    assert same.mean() > 0.7
    assert np.median(bits) < 20


@given(st.binary(max_size=400))
def test_bytes_that_are_no_fingerprint_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        fingerprint.load(data)


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=60),
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(0, 63), max_size=14),
)
def test_the_index_finds_every_hash_that_is_near_and_no_other(
    hashes: list[int], wanted: int, flips: list[int]
) -> None:
    near = wanted
    for bit in flips:
        near ^= 1 << bit
    hashes.append(near)
    index = HashIndex()
    index.add(np.array(hashes, dtype=np.uint64))
    found = index.within(np.array([wanted], dtype=np.uint64), HASH_BITS)
    distances = [(each ^ wanted).bit_count() for each in hashes]
    assert sorted(found) == sorted(
        (distance, number, 0) for number, distance in enumerate(distances) if distance <= HASH_BITS
    )
