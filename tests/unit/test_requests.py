"""What may be sent to a service is what its model takes: an unknown input would hold its partition up."""

from __future__ import annotations

from importlib import import_module, util
from typing import get_args

import pytest
from autodmca_events.requests import REQUESTS, Command

from deploy.services import DOMAIN


def taken(service: str) -> set[type[Command]]:
    """The inputs that the service decodes."""
    package = f"autodmca_{service}"
    within = util.find_spec(f"{package}.model.commands") if _is_room(f"{package}.model") else None
    module = import_module(f"{package}.model.commands" if within else f"{package}.commands")
    return set(get_args(module.AnyCommand))


def _is_room(name: str) -> bool:
    found = util.find_spec(name)
    return found is not None and found.submodule_search_locations is not None


@pytest.mark.parametrize("service", REQUESTS)
def test_a_service_takes_all_that_may_be_sent_to_it(service: str) -> None:
    assert set(REQUESTS[service]) <= taken(service)


def test_requests_are_those_of_services_and_each_has_a_name_of_its_own() -> None:
    assert set(REQUESTS) <= {each.name for each in DOMAIN}
    for service in REQUESTS:
        tags = [each.__struct_config__.tag for each in taken(service)]
        assert len(tags) == len(set(tags)), service
