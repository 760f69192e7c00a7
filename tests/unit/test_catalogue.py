"""For each type of event, the operation whose step in the story makes it: `make story` takes them all."""

from __future__ import annotations

from autodmca_events import CATALOGUE

from deploy.services import SERVICES
from deploy.story.steps import MISSING, STEPS


def test_each_type_comes_of_a_step_or_is_known_to_be_missing() -> None:
    told = {type_ for step in STEPS for type_ in step.wanted}
    assert told | MISSING == set(CATALOGUE), "give these a step in deploy/story/steps.py"
    assert not told & MISSING, "take these out of MISSING in deploy/story/steps.py"


def test_what_is_missing_is_of_services_that_cannot_be_started_yet() -> None:
    started = {service.name for service in SERVICES}
    late = {type_ for type_ in MISSING if CATALOGUE[type_].service in started}
    assert late == set(), "their service can be started: give them a step in deploy/story/steps.py"
