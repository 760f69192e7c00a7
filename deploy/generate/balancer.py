"""The blocks of haproxy.cfg: which path goes to which service, and where its containers are."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.services import SERVICES, Service


def routes() -> str:
    """A rule for each service that has paths; those within another's come first."""
    within = "".join(
        f"use_backend {each.host} if {{ path_reg {' '.join(f'^{pattern}' for pattern in each.patterns)} }}\n"
        for each in balanced()
        if each.patterns
    )
    return within + "".join(
        f"use_backend {each.host} if {{ path_beg {' '.join(each.paths)} }}\n" for each in balanced()
    )


def backends() -> str:
    """A backend for each of them."""
    return "\n".join("".join(_backend(each)) for each in balanced())


def balanced() -> Iterator[Service]:
    """The services that take requests from outside."""
    return (each for each in SERVICES if each.paths)


def _backend(service: Service) -> Iterator[str]:
    yield f"backend {service.host}\n"
    yield f"    balance {'leastconn' if service.streams else 'roundrobin'}\n"
    for name in service.instances:
        yield f"    server {name} {name}:{service.port} check port {service.probe_port}\n"
