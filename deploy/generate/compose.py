"""The blocks of docker-compose.yml: each service's containers, and what the load balancer waits for.

Owns their shape. What all containers share stands in the file itself, under its anchors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from deploy.local.outside import outside as at_world
from deploy.services import COMMAND, SERVICES, Service


def services() -> str:
    """The job that sets up topics, each service's containers, and the command."""
    return "\n".join("".join(block) for block in (_topics(), *map(_containers, SERVICES), _command()))


def outside() -> str:
    """Where the outside world is: the sandbox, unless the environment of compose says otherwise."""
    world = next(each for each in SERVICES if each.calls)
    return "".join(
        f"{key}: {json.dumps(f'${{{key}:-{value}}}')}\n" for key, value in at_world(world.url).items()
    )


def balanced() -> str:
    """Every container that takes requests."""
    return "".join(
        f"{name}: {{condition: service_healthy}}\n"
        for each in SERVICES
        if each.paths and not each.profile
        for name in each.instances
    )


def _topics() -> Iterator[str]:
    named = [word for each in SERVICES if each.processor for word in ("--service", each.name)]
    yield "# Makes the topics that are missing, and ends.\n"
    yield "topics:\n"
    yield from _common(COMMAND, build=True)
    yield '  restart: "no"\n'
    yield "  environment: *environment\n"
    yield f"  command: {json.dumps(['topics', '--create', *named])}\n"
    yield "  healthcheck: {disable: true}\n"
    yield "  depends_on:\n"
    yield "    kafka: {condition: service_healthy}\n"
    yield "    secrets: {condition: service_completed_successfully}\n"


def _containers(service: Service) -> Iterator[str]:
    yield f"# {service.name}: {service.about}.\n"
    for number, name in enumerate(service.instances):
        yield f"{name}:\n"
        yield from _common(service, build=number == 0)
        if service.profile:
            yield f"  profiles: [{service.profile}]\n"
        yield f"  environment:\n    <<: {'*environment' if service.streams else '[*environment, *outside]'}\n"
        own = {**service.variables, **({"EDGE_NODE": name} if service.nodes > 1 else {}), **_watched(service)}
        yield from (f"    {key}: {json.dumps(value)}\n" for key, value in own.items())
        yield from (f"    {key}:\n" for key in service.passed)
        if not service.probe_port:
            yield "  healthcheck: {disable: true}\n"
        yield "  depends_on: *ready\n"
        yield f"  stop_grace_period: {service.stop_s}s\n"


def _watched(service: Service) -> dict[str, str]:
    """Where the others' figures are, for the service that shows them."""
    if not service.watches:
        return {}
    prefix = service.name.upper()
    nodes = [
        f"{name}=http://{name}:{each.probe_port}"
        for each in SERVICES
        if each.probe_port and each is not service and not each.profile
        for name in each.instances
    ]
    edges = [
        f"{name}=http://{name}:{each.ops_port}"
        for each in SERVICES
        if each.ops_port
        for name in each.instances
    ]
    return {
        f"{prefix}_NODES": ",".join(nodes),
        f"{prefix}_EDGES": ",".join(edges),
        f"{prefix}_PROMETHEUS_URL": "http://prometheus:9090",
    }


def _command() -> Iterator[str]:
    yield f"# {COMMAND.about}: docker compose run --rm {COMMAND.name} token --user 12345\n"
    yield f"{COMMAND.name}:\n"
    yield from _common(COMMAND, build=False)
    yield f"  profiles: [{COMMAND.profile}]\n"
    yield '  restart: "no"\n'
    yield '  environment: {<<: *environment, AUTODMCA_URL: "ws://haproxy:8080/ws"}\n'
    yield "  healthcheck: {disable: true}\n"


def _common(service: Service, *, build: bool) -> Iterator[str]:
    yield "  <<: *service\n"
    yield f"  image: {service.image}:${{AUTODMCA_VERSION:-local}}\n"
    if build:
        arguments = {
            "PACKAGE": service.package,
            "MODULE": service.module,
            **({"EXTRA": service.extra} if service.extra else {}),
            **({"PAGE": "built"} if service.page else {}),
            **({"PORT": str(service.probe_port)} if service.probe_port else {}),
            "VERSION": service.version,
            "REVISION": "${AUTODMCA_REVISION:-unknown}",
        }
        yield "  build:\n    context: .\n    dockerfile: deploy/docker/Dockerfile\n    args:\n"
        yield from (f"      {key}: {json.dumps(value)}\n" for key, value in arguments.items())
    need = service.need
    yield f'  deploy: {{resources: {{limits: {{cpus: "{need.cpus:g}", memory: {need.memory_mb}M}}}}}}\n'
