"""The URLs of real notices, exactly. The notices stand beside the project, not in it."""

import pytest

from tests.quality.urls import NOTICES, scores


@pytest.mark.skipif(not NOTICES.is_dir(), reason="the public notices of ../shared/data/notices are not here")
def test_every_labelled_notice_gives_its_urls_and_no_others() -> None:
    wrong = [score for score in scores() if score.extra or score.missed]
    assert wrong == []
