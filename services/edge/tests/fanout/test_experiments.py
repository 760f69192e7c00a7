"""Experiments: PROTOCOL.md, `connected.experiments`: who is in which variant, and configurations refused."""

import msgspec
import pytest
from autodmca_edge.config import EdgeSettings
from autodmca_edge.fanout.experiments import Experiments, Features
from autodmca_runtime import ConfigError, load
from hypothesis import given
from hypothesis import strategies as st

USERS = range(1, 20_001)
ONE = '{"a": {"variants": {"x": 1}, "features": {"x": {%s}}}}'


def experiments(**written: object) -> Experiments:
    return Experiments(msgspec.json.encode(written).decode())


def halves(name: str = "layout", a: int = 50, b: int = 50, **more: object) -> Experiments:
    return experiments(**{name: {"variants": {"a": a, "b": b}, **more}})


def assigned(some: Experiments, name: str = "layout") -> list[str]:
    return [some.variants_of(user)[name] for user in USERS]


def test_a_users_variant_never_changes() -> None:
    """Vectors: whoever changes the hash moves everybody, on half of the nodes first."""
    three = experiments(
        layout={"variants": {"control": 80, "wide": 15, "narrow": 5}},
        batching={"variants": {"off": 1, "on": 1}, "salt": "2026-03"},
    )
    said = [tuple(three.variants_of(user).values()) for user in (1, 2, 3, 7, 42, 12345, 999_999_999, 2**53)]
    assert said == [
        ("control", "on"),
        ("control", "on"),
        ("narrow", "off"),
        ("wide", "off"),
        ("control", "off"),
        ("control", "off"),
        ("control", "off"),
        ("control", "on"),
    ]


def test_weights_are_met() -> None:
    """Within five standard deviations of a binomial distribution."""
    for a, b in [(50, 50), (90, 10), (99, 1), (1, 2)]:
        share = a / (a + b)
        bound = 5 * (len(USERS) * share * (1 - share)) ** 0.5
        assert abs(assigned(halves(a=a, b=b)).count("a") - len(USERS) * share) < bound


def test_experiments_are_independent_of_each_other() -> None:
    """Who is in which variant of one says nothing of the other; neither does a new salt."""
    for other, others in [
        (halves("colour"), "colour"),
        (halves(salt="again"), "layout"),
    ]:
        both = list(zip(assigned(halves()), assigned(other, others), strict=True))
        for pair in [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]:
            assert abs(both.count(pair) - len(USERS) / 4) < 5 * (len(USERS) * 3 / 16) ** 0.5


@pytest.mark.parametrize(
    ("a", "b", "moved"), [(45, 55, 0.05), (50, 52, 0.01), (500, 500, 0.0), (90, 110, 0.05)]
)
def test_a_small_change_of_weights_moves_few(a: int, b: int, moved: float) -> None:
    """Only those between the old border and the new one, though the sum of the weights changes too."""
    pairs = list(zip(assigned(halves()), assigned(halves(a=a, b=b)), strict=True))
    changed = sum(before != after for before, after in pairs)
    assert changed <= len(USERS) * moved + 5 * (len(USERS) * moved) ** 0.5
    assert len({pair for pair in pairs if pair[0] != pair[1]}) <= 1, "all move the same way"


def test_nobody_is_in_a_variant_without_weight() -> None:
    assert set(assigned(halves(a=0, b=1))) == {"b"}
    assert set(assigned(halves(a=1, b=0))) == {"a"}


_weights = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 1000), min_size=1)


@given(_weights, st.integers(0, 2**63))
def test_every_user_is_in_some_variant_that_has_weight(weights: dict[str, int], user: int) -> None:
    if sum(weights.values()):
        some = experiments(x={"variants": weights})
        assert weights[some.variants_of(user)["x"]] > 0


def test_the_features_of_several_experiments_come_together() -> None:
    some = experiments(
        one={"variants": {"a": 1}, "features": {"a": {"batchMs": 50, "compression": False}}},
        two={
            "variants": {"a": 1, "b": 0},
            "features": {"a": {"conflationMs": 200}, "b": {"conflationMs": 1}},
        },
        three={"variants": {"a": 1}},
    )
    assert some.features_of(some.variants_of(1)) == Features(False, 50, 200)
    assert Experiments().features_of({}) == Features()


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("[]", "$: "),
        ("{", "$: not JSON"),
        ('{"a b": {"variants": {"x": 1}}}', "$: the name 'a b'"),
        ('{"a": 1}', "$.a: "),
        ('{"a": {}}', "$.a: "),
        ('{"a": {"variants": {}}}', "$.a.variants: "),
        ('{"a": {"variants": {"x": 0}}}', "$.a.variants: "),
        ('{"a": {"variants": {"x": -1}}}', "$.a.variants.x: "),
        ('{"a": {"variants": {"x": 0.5}}}', "$.a.variants.x: "),
        ('{"a": {"variants": {"x": "1"}}}', "$.a.variants.x: "),
        ('{"a": {"variants": {"": 1}}}', "$.a.variants: the name ''"),
        ('{"a": {"variants": {"x": 1}, "weights": {}}}', "$.a: "),
        ('{"a": {"variants": {"x": 1}, "salt": 5}}', "$.a.salt: "),
        ('{"a": {"variants": {"x": 1}, "features": {"y": {}}}}', "$.a.features.y: "),
        (ONE % '"batchms": 5', "$.a.features.x: "),
        (ONE % '"batchMs": 0', "$.a.features.x.batchMs: "),
        (ONE % '"conflationMs": 60000', "$.a.features.x.conflationMs: "),
        (ONE % '"compression": 1', "$.a.features.x.compression: "),
        (
            '{"a": {"variants": {"x": 1}, "features": {"x": {"batchMs": 5}}},'
            ' "b": {"variants": {"y": 1}, "features": {"y": {"batchMs": 6}}}}',
            "$.b.features.y.batchMs: a switches it too",
        ),
        ("{" + ",".join(f'"e{n}": {{"variants": {{"x": 1}}}}' for n in range(21)) + "}", "$: more than 20"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_refused_at_the_start_by_its_path(written: str, path: str) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "k:1", "JWT_SECRET": "x" * 32, "EDGE_EXPERIMENTS": written}
    with pytest.raises(ConfigError) as fault:
        load(EdgeSettings, environ)
    (problem,) = fault.value.problems
    assert problem.name == "EDGE_EXPERIMENTS"
    assert path in problem.reason


def test_a_good_one_is_read_with_the_settings() -> None:
    environ = {
        "KAFKA_BOOTSTRAP_SERVERS": "k:1",
        "JWT_SECRET": "x" * 32,
        "EDGE_EXPERIMENTS": '{"a": {"variants": {"x": 1}, "features": {"x": {"batchMs": 5}}}}',
    }
    settings = load(EdgeSettings, environ)
    assert settings.experiments is not None
    assert settings.experiments.variants_of(1) == {"a": "x"}
    assert load(EdgeSettings, {**environ, "EDGE_EXPERIMENTS": ""}).experiments is None
