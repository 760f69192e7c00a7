"""`make quality` for pictures: its hold-out, and its figures on a few of them."""

from __future__ import annotations

from tests.quality import pictures


def test_no_picture_is_both_developed_on_and_judged_by() -> None:
    assert set(pictures.DEVELOPED).isdisjoint(pictures.HELD_OUT)


def test_other_references_do_not_hide_copies_nor_lend_themselves_to_strangers() -> None:
    library, made = pictures.library_of(("flower.jpg", "camera.png"), 60)
    kinds = ("JPEG 10-90", "mirrored", "banner, logo to 25 %")
    asked = [
        pictures.ask(library, made, kind, name, image)
        for kind, name, image in pictures.copies(tuple(made), kinds, 1)
    ]
    asked += [
        pictures.ask(library, made, "none", None, pictures.picture(name))
        for name in ("rocket.jpg", "page.png")
    ]
    assert [each.found for each in asked] == [each.copy_of for each in asked]
