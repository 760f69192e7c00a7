"""What a comparison measures: a watched person prepared once, and the figures of one account against it.

Owns the figures that weights are fitted for (`NAMES`, in that order); each is between -1 and 1, and 0 where
nothing is known. Pure and synchronous, about ten microseconds an account: nothing here may wait.
"""

from __future__ import annotations

import re
from math import log10
from typing import Final, NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from autodmca_social_media.matching.folding import (
    fold,
    latin,
    letters,
    local_part,
    romanised,
    single,
    visible,
)
from autodmca_social_media.matching.profiles import Account, Person
from autodmca_social_media.matching.statements import said
from autodmca_social_media.matching.words import Kind, leftover, stripped

NAMES: Final = (
    "handle_exact",
    "handle_folded",
    "handle_near",
    "handle_contained",
    "handle_long",
    "homoglyph",
    "handle_bait",
    "handle_fan",
    "handle_parody",
    "handle_trade",
    "handle_region",
    "handle_other",
    "display_name",
    "display_near",
    "display_bait",
    "display_fan",
    "display_parody",
    "says_fan",
    "says_parody",
    "disclaims",
    "solicits",
    "claims_official",
    "bio_copy",
    "bio_other",
    "bio_plain",
    "avatar_match",
    "avatar_other",
    "age_young",
    "age_old",
    "followers_few",
    "followers_many",
    "content_match",
    "content_other",
    "identity",
    "identity_and_copy",
    "identity_and_solicits",
    "says_so_and_solicits",
    "another_person",
    "somebody_else",
    "handle_and_display",
    "handle_disguised",
    "disguised_and_display",
)
SAME_AVATAR: Final = 10
"""Bits of a 64-bit pHash within which two pictures are the same."""
OTHER_AVATAR: Final = 18
_DIGIT_BETWEEN_LETTERS: Final = re.compile(r"[^\W\d_]\d[^\W\d_]")
_DAY_MS: Final = 86_400_000
_MOST_FORMS: Final = 24
_SHORT: Final = 4
"""A shorter name stands in too many words; only known words may stand beside it."""
_OWN_WORD: Final = 6
"""Letters from which on a name is recognised inside of a word."""
_DOUBLED: Final = 0.97
"""How like a name is that differs in doubled letters alone."""
_DISGUISED: Final = 0.85
"""How like a name is of which a letter is doubled, left out or replaced."""
_APART: Final = 0.78
"""How like a name is of which most stands in a longer text."""


class _Form(NamedTuple):
    """One way in which the person's name is written, folded."""

    text: str
    single: str
    is_handle: bool


class Likeness(NamedTuple):
    """How a text is like the nearest form of a name. `near`: 0-1, 1 is the same; `contained`: 0-1, how much
    of the text the name is, when it stands in it; `kind`: what stands beside it."""

    near: float = 0.0
    contained: float = 0.0
    kind: Kind = "filler"
    length: int = 0
    folded: bool = False

    @property
    def strength(self) -> float:
        return max(self.near, self.contained)


_NONE: Final = Likeness()
_NOBODY: Final = tuple(float(name == "somebody_else") for name in NAMES)
"""Of an account that bears neither the name nor a handle: whatever it copies, it is not taken for them."""


class Prepared:
    """A watched person, folded once for any number of accounts."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.raw = frozenset(local_part(handle).casefold() for handle in person.handles)
        self.plain = frozenset(
            _plain(text)
            for text in (
                *(visible(local_part(handle)) for handle in person.handles),
                *(form for name in person.names for form in _spellings(visible(name))),
                *(form for name in person.names for form in _spellings(romanised(name))),
            )
        )
        """As the person's handles may be spelt by anybody of that name."""
        forms: dict[str, bool] = {}
        for handle in person.handles:
            folded = fold(local_part(handle))
            for form in (folded, stripped(folded)):
                if len(form) > 1:
                    forms.setdefault(form, True)
        for name in person.names:
            parts = visible(name).split()
            for form in (fold(name), letters("".join(reversed(parts))), latin(name)):
                if len(form) > 1:
                    forms.setdefault(form, False)
        self.forms = tuple(
            _Form(text, single(text), is_handle) for text, is_handle in list(forms.items())[:_MOST_FORMS]
        )
        self.exact = {form.text: Likeness(1.0, 1.0, "filler", len(form.text), True) for form in self.forms}
        self.bio = visible(person.bio).strip()
        self.hashes = tuple(int(each, 16) for each in person.avatar_hashes)
        self.own = frozenset(_own(each) for each in person.own)


def is_own(prepared: Prepared, account: Account) -> bool:
    """Whether the account is on the person's own list."""
    if not prepared.own:
        return False
    handle = account.handle.strip().lstrip("@").casefold()
    return ("", handle) in prepared.own or (account.platform, handle) in prepared.own


def likeness(prepared: Prepared, folded: str, *, is_one_word: bool = False) -> Likeness:
    """Of folded text with the form of the person's name that is most like it. `is_one_word`: it was written
    without anything between its parts, so that a short word beside a short name may be part of another name:
    emmaline is no line of Emma's."""
    if (same := prepared.exact.get(folded)) is not None:
        return same
    best, best_strength = _NONE, 0.0
    if not folded:
        return best
    bare = collapsed = ""
    for form in prepared.forms:
        text = form.text
        size = len(text)
        if size >= _SHORT and (at := folded.find(text)) >= 0:
            kind, unknown = leftover(folded[:at] + folded[at + size :])
            if is_one_word and size < _OWN_WORD and len(folded) - size <= _SHORT and kind == "bait":
                kind, unknown = "other", len(folded) - size
            if kind in ("other", "filler") and single(folded) == form.single:
                found = Likeness(_DOUBLED, 0.0, "filler", size)
            else:
                share = size / (size + unknown)
                if is_one_word and size < _OWN_WORD and kind == "other":
                    share *= size / _OWN_WORD
                found = Likeness(0.0, share, kind, size)
        elif size < _SHORT and (folded.startswith(text) or folded.endswith(text)):
            kind, unknown = leftover(folded.removeprefix(text) if folded.startswith(text) else folded[:-size])
            if unknown or kind not in ("bait", "fan", "parody"):
                continue
            found = Likeness(0.0, 1.0, kind, size)
        else:
            bare = bare or stripped(folded)
            near = OSA.normalized_similarity(folded, text, score_cutoff=0.6)
            kind = "filler"
            if bare != folded:
                inner = 1.0 if bare == text else OSA.normalized_similarity(bare, text, score_cutoff=0.6)
                if inner > near:
                    near = inner
                    kind = leftover(folded.replace(bare, "", 1))[0]
            if near > 0.6:
                collapsed = collapsed or single(folded)
                if collapsed == form.single:
                    near = _DOUBLED
            elif size > _SHORT + 2 and fuzz.partial_ratio(text, folded, score_cutoff=84.0):
                near = _APART
                kind = "other"
            if near == 0.0:
                continue
            found = Likeness(near, 0.0, kind, size)
        if (strength := max(found.near, found.contained)) > best_strength:
            best, best_strength = found, strength
            if strength == 1.0:
                break
    return best


def figures(prepared: Prepared, account: Account) -> tuple[float, ...]:
    """The figures of one account, in the order of `NAMES`."""
    local = local_part(account.handle)
    seen = visible(local)
    folded = letters(seen)
    by_handle = likeness(prepared, folded, is_one_word=len(folded) == len(seen))
    shown = visible(account.display_name)
    by_name = likeness(prepared, letters(shown)) if shown else _NONE
    handle, name = by_handle.strength, by_name.strength
    steep_handle, steep_name = _steep(handle), _steep(name)
    identity = max(steep_handle, steep_name)
    if identity == 0.0:
        return _NOBODY
    bio = visible(account.bio).strip()
    says = said(
        f"{bio}\n{shown}" if bio else shown,
        is_ascii=account.bio.isascii() and account.display_name.isascii(),
    )

    bio_like = 0.0
    if bio and prepared.bio and (ratio := fuzz.ratio(bio, prepared.bio, score_cutoff=50.0)):
        bio_like = ratio / 50.0 - 1.0
    avatar = (
        _avatar(prepared, account.avatar_hash) if prepared.hashes and account.avatar_hash is not None else 0
    )
    young, old = _age(prepared, account)
    few, many = _followers(prepared, account)
    content = min(1.0, account.content_matches / account.posts_checked * 2) if account.posts_checked else 0.0

    is_fan = by_handle.kind == "fan" or by_name.kind == "fan" or says.fan
    is_parody = by_handle.kind == "parody" or by_name.kind == "parody" or says.parody or says.disclaims
    disguised = (
        by_handle.kind == "filler"
        and (by_handle.folded or by_handle.near >= _DISGUISED)
        and (_plain(seen) not in prepared.plain or _is_disguised(prepared, local, seen))
    )
    copied = max(bio_like, float(avatar == 1), content)
    says_so = is_fan or is_parody
    bio_other = float(bool(bio and prepared.bio) and bio_like == 0.0)
    avatar_other = float(avatar == -1)
    beside_handle = by_handle.kind if handle > 0.6 else ""
    beside_name = by_name.kind if name > 0.6 else ""
    return (
        local.casefold() in prepared.raw,
        by_handle.folded,
        steep_handle if by_handle.near >= by_handle.contained else _steep(by_handle.near),
        by_handle.contained if not by_handle.folded else 0.0,
        min(by_handle.length, 14) / 14 * steep_handle,
        handle > 0.85 and _is_disguised(prepared, local, seen),
        beside_handle == "bait",
        beside_handle == "fan",
        beside_handle == "parody",
        beside_handle == "trade",
        beside_handle == "region",
        beside_handle == "other",
        name == 1.0,
        steep_name,
        beside_name == "bait",
        beside_name == "fan",
        beside_name == "parody",
        says.fan,
        says.parody,
        says.disclaims,
        says.solicits,
        says.claims,
        bio_like,
        bio_other,
        bool(bio) and not (bio_like or says.solicits or says.claims),
        avatar == 1,
        avatar_other,
        young,
        old,
        few,
        many,
        content,
        account.posts_checked > 0 and content == 0.0,
        identity,
        identity * copied,
        identity * (says.solicits or says.claims),
        says_so and says.solicits,
        identity * min(1.0, (bio_other + avatar_other + old) / 2) * (1.0 - copied),
        1.0 - identity,
        steep_handle * steep_name,
        disguised,
        disguised and name == 1.0 and not says_so,
    )


def _plain(seen: str) -> str:
    """Letters and digits, as they are written."""
    return "".join(filter(str.isalnum, seen))


def _spellings(name: str) -> tuple[str, str]:
    """A name, and the same with its family name first."""
    return name, "".join(reversed(name.split()))


def _steep(strength: float) -> float:
    """Nothing at 0.6, for names have letters in common by chance; all at 1."""
    return max(0.0, (strength - 0.6) * 2.5)


def _is_disguised(prepared: Prepared, local: str, seen: str) -> bool:
    """Whether letters were replaced by others that look alike, or by digits between letters."""
    if not local.isascii():
        return local.lower() != seen
    if _DIGIT_BETWEEN_LETTERS.search(seen) is None:
        return False
    return not any(raw in seen for raw in prepared.raw)


def _avatar(prepared: Prepared, avatar_hash: str) -> int:
    """1: the same picture, -1: another one, 0: it cannot be told."""
    mine = int(avatar_hash, 16)
    nearest = min((mine ^ each).bit_count() for each in prepared.hashes)
    if nearest <= SAME_AVATAR:
        return 1
    return -1 if nearest >= OTHER_AVATAR else 0


def _age(prepared: Prepared, account: Account) -> tuple[float, float]:
    """How young, and how old, the account is."""
    if account.created_at is None or account.seen_at is None:
        return 0.0, 0.0
    days = max(0.0, (account.seen_at - account.created_at) / _DAY_MS)
    older = prepared.person.created_at is not None and account.created_at < prepared.person.created_at
    return max(0.0, 1.0 - days / 365), max(float(older), min(1.0, max(0.0, days - 365) / 1_825))


def _followers(prepared: Prepared, account: Account) -> tuple[float, float]:
    """How few followers the account has against the person, and how many."""
    if account.followers is None or not prepared.person.followers:
        return 0.0, 0.0
    ratio = log10((account.followers + 1) / (prepared.person.followers + 1))
    return min(1.0, max(0.0, -ratio / 4)), min(1.0, max(0.0, ratio + 1))


def _own(text: str) -> tuple[str, str]:
    platform, colon, handle = text.strip().partition(":")
    if not colon:
        platform, handle = "", platform
    return platform, handle.lstrip("@").casefold()
