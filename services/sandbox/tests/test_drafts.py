"""The templates that the people write."""

import pytest
from autodmca_sandbox.drafts import DRAFTS, Draft, Slip


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.name)
def test_the_first_try_has_every_slip_and_the_finished_text_none(draft: Draft) -> None:
    first = draft.first_try()
    for slip in draft.slips:
        assert slip.right in draft.body
        assert slip.right not in first
        assert slip.wrong in first


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.name)
def test_every_occasion_has_a_value_for_each_variable(draft: Draft) -> None:
    for occasion in draft.occasions:
        assert set(occasion) == set(draft.variables)


def test_a_slip_in_words_that_are_not_there_is_an_error() -> None:
    draft = DRAFTS[0]._replace(slips=(Slip("words that nobody wrote"),))
    with pytest.raises(ValueError, match="does not have"):
        draft.first_try()
