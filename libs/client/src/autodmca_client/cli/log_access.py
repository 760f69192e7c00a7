"""What the commands that talk to Kafka share: quiet libraries, and errors in one line."""

import contextlib
import logging
import sys
from collections.abc import AsyncIterator

import click
import structlog
from autodmca_kafka import KafkaLibraryError
from autodmca_runtime import ConfigError, KafkaSecurity, KafkaSettings, load

from autodmca_client.cli.reach import brokers, why_none_answers

CLIENT_ID = "autodmca-cli"
CONNECT_S = 15.0


@contextlib.asynccontextmanager
async def log_at(bootstrap_servers: str) -> AsyncIterator[KafkaSettings]:
    """What clients of it are made with: TLS and SASL as the environment has them, as for services.

    An error of the Kafka library ends the command, and within two seconds a Kafka that is not there; the
    library's warnings go to standard error, aiokafka's nowhere."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        security = load(KafkaSecurity)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    try:
        reason = await why_none_answers(brokers(bootstrap_servers))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--bootstrap-servers") from None
    if reason is not None:
        remedy = "start it, or name another with --bootstrap-servers or KAFKA_BOOTSTRAP_SERVERS"
        raise click.ClickException(f"no Kafka answers at {bootstrap_servers} ({reason}): {remedy}")
    try:
        yield KafkaSettings(bootstrap_servers=bootstrap_servers, security=security)
    except KafkaLibraryError as error:
        raise click.ClickException(str(error)) from None
