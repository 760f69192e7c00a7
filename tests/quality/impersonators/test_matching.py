"""What matching is to reach, on persons and words that no weight was fitted on."""

import pytest

from tests.quality.impersonators.judged import held_out, written
from tests.quality.impersonators.sandbox import population


def test_impersonators_are_told_from_everybody_else_on_persons_nothing_was_fitted_on() -> None:
    judged = held_out()
    assert judged.counts.total() == 2_000
    assert judged.f1 >= 0.95, judged.counts
    assert judged.grave_precision >= 0.98, judged.counts


def test_impersonators_on_the_sandboxs_networks_are_told_apart() -> None:
    judged = population()
    assert judged.f1 >= 0.95, judged.counts
    assert judged.grave_precision >= 0.98, judged.counts


@pytest.mark.parametrize("name", ["written.toml", "cultures.toml", "languages.toml"])
def test_accounts_written_by_hand_are_told_apart(name: str) -> None:
    judged = written(name)
    assert judged.f1 >= 0.95, judged.wrong
    assert judged.grave_precision >= 0.98, judged.wrong
