"""The table of services and the packages agree."""

from __future__ import annotations

from collections import Counter

import pytest
from autodmca_accounts import hearing
from autodmca_runtime import ConfigError

from deploy.local.settings import domain_services
from deploy.services import DOMAIN, SERVICES, Listening, Service, listening
from tests.unit.repository import ROOT, packages


def test_every_service_has_a_row() -> None:
    services = {package.module for package in packages() if package.folder.parent == ROOT / "services"}
    assert {each.module for each in SERVICES} == services, (
        "deploy/services.py has a row for each of services/"
    )


@pytest.mark.parametrize("service", [each for each in SERVICES if each.port], ids=lambda each: each.name)
def test_a_service_listens_where_its_row_says(service: Service) -> None:
    assert listening(service, {}).port == service.port, (
        f"mend the port in the row or in {service.module}.config"
    )
    other = {service.host_variable: "127.0.0.9", service.port_variable: "4711"}
    assert listening(service, other) == Listening("127.0.0.9", 4711)


@pytest.mark.parametrize("service", DOMAIN, ids=lambda each: each.name)
def test_the_dead_letters_of_a_service_can_be_reached(service: Service) -> None:
    assert f"/v1/dead-letters/{service.name}" in service.paths, "add it to the paths of the row"


def test_no_two_services_want_the_same_port() -> None:
    ports = Counter(each.port for each in SERVICES if each.port)
    assert [port for port, count in ports.items() if count > 1] == [], (
        "give each its own in deploy/services.py"
    )


def test_a_local_run_wants_a_fixed_port() -> None:
    variable = DOMAIN[0].port_variable
    with pytest.raises(ConfigError, match=variable):
        domain_services({variable: "0"})


def test_the_row_of_accounts_says_whom_it_asks_and_follows() -> None:
    row = next(each for each in SERVICES if each.name == hearing.SERVICE)
    assert (row.asks, row.follows) == (hearing.ASKED, hearing.TOLD), (
        "make asks and follows in deploy/services.py those of autodmca_accounts.hearing"
    )
