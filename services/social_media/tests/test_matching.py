"""Folding, words, statements and scores, on text as it comes."""

from __future__ import annotations

import pytest
from autodmca_social_media.matching.features import NAMES, Prepared, figures
from autodmca_social_media.matching.folding import fold, local_part, visible
from autodmca_social_media.matching.profiles import Account, Person
from autodmca_social_media.matching.scoring import Scorer, Weights, scorer
from autodmca_social_media.matching.statements import said
from autodmca_social_media.matching.variants import variants
from autodmca_social_media.matching.words import leftover
from hypothesis import given
from hypothesis import strategies as st

ADA = Person(handles=("adalovelace",), names=("Ada Lovelace",), bio="Analyst of engines. London.")
PREPARED = Prepared(ADA)
TEXT = st.text(max_size=80)


@pytest.mark.parametrize(
    "written",
    [
        "аdаlоvеlасе",
        "ＡＤＡＬＯＶＥＬＡＣＥ",
        "𝓪𝓭𝓪𝓵𝓸𝓿𝓮𝓵𝓪𝓬𝓮",
        "ada\u200blove\u2060lace",
        "a\u0301da\u0323lovelace",
        "\u202eadalovelace\u202c",
        "аdа\u200dlovelace",
        "ada.love_lace",
        "4d4l0v3l4c3",
        "adaIoveIace",
        "xn--dlovelace-zyhb",
        "adal🅾️velace",
        "ADALOVELACE",
    ],
)
def test_a_disguised_handle_folds_to_what_the_eye_reads(written: str) -> None:
    assert fold(written) == fold("adalovelace")


@pytest.mark.parametrize(
    ("handle", "name"),
    [
        ("@ada@hachyderm.example", "ada"),
        ("ada.bsky.social", "ada"),
        ("ada.com", "ada"),
        ("ada.lovelace", "ada.lovelace"),
        ("@ada", "ada"),
        (".com", ".com"),
        ("", ""),
    ],
)
def test_the_name_is_taken_out_of_a_handle(handle: str, name: str) -> None:
    assert local_part(handle) == name


@given(TEXT)
def test_what_folds_alike_once_folds_alike_again(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_any_text_has_figures_within_bounds(
    handle: str, name: str, bio: str, watched: str, shown: str
) -> None:
    person = Prepared(Person(handles=(watched,), names=(name,), bio=bio))
    account = Account(handle=handle, display_name=shown, bio=bio)
    measured = figures(person, account)
    assert len(measured) == len(NAMES)
    assert all(-1 <= figure <= 1 for figure in measured)
    assert 0 <= scorer().score(person, account) <= 1


@given(st.integers(min_value=1, max_value=5_000))
def test_a_handle_of_any_length_is_compared(length: int) -> None:
    assert 0 <= scorer().score(PREPARED, Account(handle="a" * length)) <= 1


def test_the_persons_own_accounts_never_match() -> None:
    own = Prepared(Person(handles=("ada",), own=("@Ada_Backup", "bluesky:ada.bsky.social")))
    assert scorer().match(own, Account(handle="ada_backup")).verdict == "own"
    assert scorer().match(own, Account(handle="ada.bsky.social", platform="bluesky")).verdict == "own"
    assert scorer().match(own, Account(handle="ada.bsky.social", platform="mastodon")).verdict == "match"


def test_a_match_says_by_what_it_was_found_and_what_each_part_weighs() -> None:
    found = scorer().match(
        PREPARED, Account(handle="аdalovelace_support", display_name="Ada Lovelace", bio=ADA.bio)
    )
    assert found.severity in ("high", "critical")
    assert set(found.signals) >= {"homoglyph", "affix", "display_name", "bio_copy"}
    assert all(part.contribution == pytest.approx(part.value * part.weight, abs=1e-3) for part in found.parts)


@pytest.mark.parametrize(
    "account",
    [
        Account(
            handle="adalovelace_fans", display_name="Ada Lovelace Fans", bio="Fan account, not affiliated"
        ),
        Account(handle="notadalovelace", display_name="Not Ada Lovelace", bio="Parody"),
        Account(handle="adalovelace_dds", display_name="Ada Lovelace", bio="Dentist in Leeds, no relation"),
        Account(handle="adalouise", display_name="Ada Louise", bio="Gardener"),
        Account(handle="adalovelace_realtor", display_name="Ada Lovelace", bio="Homes in Tucson, AZ"),
        Account(handle="adalovellace", display_name="Ada Lovelace", bio="Parody account"),
        Account(handle=""),
    ],
)
def test_others_are_no_incident(account: Account) -> None:
    assert scorer().match(PREPARED, account).severity is None


def test_a_short_name_inside_of_another_name_is_not_the_person() -> None:
    emma = Prepared(Person(handles=("emma",), names=("Emma Stein",)))
    for handle in ("emmaline", "gemma", "emmateam"):
        assert scorer().match(emma, Account(handle=handle)).severity not in ("high", "critical")
    assert scorer().match(emma, Account(handle="emma.team")).severity in ("high", "critical")


@pytest.mark.parametrize(
    "handle", ["adalovelacee", "adal0velace", "adaIovelace", "adalovelаce", "adalvelace"]
)
def test_a_handle_that_is_meant_to_be_misread_is_one_whatever_its_bio_says(handle: str) -> None:
    account = Account(handle=handle, display_name="Ada Lovelace", bio="Nihil novi sub sole")
    assert scorer().match(PREPARED, account).verdict == "match"


def test_a_handle_that_anybody_of_that_name_may_have_is_no_disguise() -> None:
    person = Prepared(Person(handles=("ada_1815",), names=("Ада Лавлейс",)))
    measured = dict(zip(NAMES, figures(person, Account(handle="ada.lavleys")), strict=True))
    assert measured["handle_folded"]
    assert not measured["handle_disguised"]


def test_a_fan_account_that_asks_for_money_is_one() -> None:
    account = Account(
        handle="adalovelace.fans",
        display_name="Ada Lovelace",
        bio="Giveaway! You have been selected, DM me on Telegram",
    )
    assert scorer().match(PREPARED, account).verdict == "match"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Fan account", {"fan"}),
        ("NOT a fan page. Official account", {"claims"}),
        ("parody", {"parody"}),
        ("Inoffizielle Fanseite", {"fan", "disclaims"}),
        ("非公式ファンアカウント", {"fan", "disclaims"}),
        ("", set()),
        ("investment banker", set()),
        ("investment tips", {"solicits"}),
        ("ανεπίσημη σελίδα θαυμαστών", {"fan", "disclaims"}),
        ("Сторінка шанувальників", {"fan"}),
        ("розыгрыш, пишите в директ", {"solicits"}),
        ("החשבון האמיתי שלי", {"claims"}),
        ("trang của người hâm mộ", {"fan"}),
        ("çekiliş için bana yazın", {"solicits"}),
        ("我是本人，小号", {"claims"}),
    ],
)
def test_a_bio_says_what_the_account_is(text: str, says: set[str]) -> None:
    found = said(visible(text), is_ascii=text.isascii())
    assert {name for name, value in found._asdict().items() if value} == says


@pytest.mark.parametrize(
    ("beside", "kind"),
    [
        ("officialsupport", "bait"),
        ("fansbr", "fan"),
        ("qwzv", "other"),
        ("", "filler"),
        ("de", "region"),
        ("realtor", "trade"),
    ],
)
def test_what_stands_beside_a_name_has_a_kind(beside: str, kind: str) -> None:
    assert leftover(fold(beside))[0] == kind


def test_variants_are_distinct_within_the_budget_and_begin_with_the_names_themselves() -> None:
    found = variants(ADA, 60)
    assert len(found) == len(set(found)) == 60
    assert found[0] == "adalovelace"
    assert "adalovelace_official" in found
    assert variants(ADA, 10) == found[:10]


def test_weights_of_other_figures_are_refused() -> None:
    with pytest.raises(ValueError, match="fit_matching"):
        Scorer(Weights(bias=0, weights={"handle": 1.0}, thresholds={}))
