"""Experiments: which variant of each a user is in, and what that switches.

Owns reading EDGE_EXPERIMENTS and the choice of a variant: by a hash of the experiment's name, its salt and
the user, so every node chooses alike without asking anybody. A user's place on the scale never moves; weights
say how the scale is divided, from the first variant to the last, so that a small change of theirs moves few.
A configuration that makes no sense raises ValueError with the path of what is wrong.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

__all__ = ["Experiment", "Experiments", "Features"]

MOST: Final = 20  # experiments, and variants of one: their names are labels of metrics
MOST_MS: Final = 10_000

_Name = Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{1,64}$")]
_Weight = Annotated[int, Meta(ge=0, le=1_000_000)]
_Ms = Annotated[int, Meta(ge=1, le=MOST_MS)]


class Features(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a variant switches; None leaves it as it is for everybody."""

    compression: bool | None = None
    batch_ms: _Ms | None = None
    """Events leave together with those of this long, in ms."""
    conflation_ms: _Ms | None = None
    """A state waits this long, in ms, for a newer one of its entity."""


_NOTHING: Final = Features()


class _Written(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    variants: dict[str, Any]
    features: dict[str, Any] = {}
    salt: str = ""


class Experiment(Struct, frozen=True):
    """One experiment. `variants`: names and weights, in the order that they were written in."""

    name: str
    salt: str
    variants: tuple[tuple[str, int], ...]
    features: Mapping[str, Features]

    def variant_of(self, user_id: int) -> str:
        """The user's variant, the same on every node and for as long as the weights stay."""
        digest = hashlib.sha256(f"{self.name}/{self.salt}/{user_id}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") * sum(weight for _, weight in self.variants) >> 64
        for variant, weight in self.variants:
            if place < weight:
                return variant
            place -= weight
        raise AssertionError("the weights add up to more than any place")


class Experiments:
    """All experiments of EDGE_EXPERIMENTS, in the order that they were written in."""

    def __init__(self, text: str = "{}") -> None:
        self._all = tuple(_read(text))

    def __iter__(self) -> Iterator[Experiment]:
        return iter(self._all)

    def variants_of(self, user_id: int) -> dict[str, str]:
        """The user's variant of each experiment."""
        return {each.name: each.variant_of(user_id) for each in self._all}

    def features_of(self, variants: Mapping[str, str]) -> Features:
        """What these variants switch together; no two experiments switch the same."""
        switched: dict[str, Any] = {}
        for each in self._all:
            features = each.features.get(variants[each.name], _NOTHING)
            switched |= {
                name: value for name, value in msgspec.structs.asdict(features).items() if value is not None
            }
        return Features(**switched)

    @property
    def offers_compression(self) -> bool:
        """Whether some variant switches compression on."""
        return any(each.compression for one in self._all for each in one.features.values())

    @property
    def decides_compression(self) -> bool:
        """Whether it depends on the user."""
        return any(each.compression is not None for one in self._all for each in one.features.values())


def _read(text: str) -> Iterator[Experiment]:
    try:
        written = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.ValidationError as fault:
        raise ValueError(f"$: {fault}") from None
    except (msgspec.DecodeError, RecursionError) as fault:
        raise ValueError(f"$: not JSON: {fault}") from None
    if len(written) > MOST:
        raise ValueError(f"$: more than {MOST} experiments")
    switched_by: dict[str, str] = {}
    for name, body in written.items():
        experiment = _experiment(name, body)
        yield experiment
        for variant, features in experiment.features.items():
            for switched, value in msgspec.to_builtins(features).items():
                if value is not None and (other := switched_by.setdefault(switched, name)) != name:
                    path = f"$.{name}.features.{variant}.{switched}"
                    raise ValueError(f"{path}: {other} switches it too, and only one experiment may")


def _experiment(name: str, body: Any) -> Experiment:
    _as(_Name, name, "$", f"the name {name!r:.80}: ")
    path = f"$.{name}"
    written = _as(_Written, body, path)
    variants = []
    for variant, weight in written.variants.items():
        _as(_Name, variant, f"{path}.variants", f"the name {variant!r:.80}: ")
        variants.append((variant, _as(_Weight, weight, f"{path}.variants.{variant}")))
    if not 0 < len(variants) <= MOST:
        raise ValueError(f"{path}.variants: from 1 to {MOST} of them are needed")
    if not sum(weight for _, weight in variants):
        raise ValueError(f"{path}.variants: nobody is in any, the weights add up to 0")
    features = {}
    for variant, switched in written.features.items():
        where = f"{path}.features.{variant}"
        if variant not in written.variants:
            raise ValueError(f"{where}: there is no variant of that name")
        features[variant] = _as(Features, switched, where)
    return Experiment(name, written.salt, tuple(variants), features)


def _as(kind: Any, value: Any, path: str, what: str = "") -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as fault:
        reason, _, inner = str(fault).partition(" - at `$")
        raise ValueError(f"{path}{inner.rstrip('`')}: {what}{reason}") from None
