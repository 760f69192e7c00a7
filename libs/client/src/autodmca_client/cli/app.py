"""The `autodmca` command's words: options and help. What each does is in its own module.

Every option with an environment variable says so in its help. Exit codes: 0 done, 1 failed, 2 wrong
usage, 130 interrupted, 143 terminated.
"""

from typing import Any

import click

from autodmca_client.cli import values
from autodmca_client.cli.run import run

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

url_option = click.option(
    "--url", envvar="AUTODMCA_URL", default="ws://localhost:8080/ws", show_default=True, show_envvar=True
)
servers_option = click.option(
    "--bootstrap-servers",
    envvar="KAFKA_BOOTSTRAP_SERVERS",
    default="localhost:9092",
    show_default=True,
    show_envvar=True,
    help="Kafka, host:port[,host:port].",
)
secret_option = click.option("--secret", envvar="JWT_SECRET", hidden=True)
role_option = click.option("--role", "roles", multiple=True, help="Role in the token; may be repeated.")


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="autodmca-client")
def main() -> None:
    """Listen to real-time events, emit them, look at the log."""


@main.command()
@url_option
@click.option("--token", envvar="AUTODMCA_TOKEN", show_envvar=True, help="JSON Web Token.")
@secret_option
@click.option("--user", "user_id", type=int, help="Make a development token for this user from JWT_SECRET.")
@role_option
@click.option(
    "--types",
    "-t",
    multiple=True,
    callback=values.event_types,
    help="Event types, comma-separated or repeated. [all]",
)
@click.option(
    "--filter",
    "-f",
    "filters",
    multiple=True,
    callback=values.filters,
    help='KEY=VALUE, VALUE in JSON or a plain word: platforms=x, progress={"gte": 50}.',
)
@click.option("--since", callback=values.since, help="Replay from a moment: RFC 3339, or 10m, 2h, 1d ago.")
@click.option(
    "--resume",
    is_flag=True,
    help="Go on where the last run with the same url, user, types and filters ended.",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per event, as it came.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many events.")
def listen(**options: Any) -> None:
    """Show events as they happen, across reconnects.

    Positions are saved while it runs, for --resume. Ctrl-C ends it.
    """
    from autodmca_client.cli.listen import Listen, listen

    run(listen(Listen(**options)))


@main.command()
@click.argument("event_type", metavar="TYPE", callback=values.event_type)
@click.option("--user", "user_id", type=int, help="Whose event it is; not for events meant for everybody.")
@click.option("--payload", callback=values.text, help="JSON, @FILE, or - for standard input.")
@click.option("--example", is_flag=True, help="Emit the packaged example of the type.")
@servers_option
def emit(**options: Any) -> None:
    """Put one event of TYPE into the log."""
    from autodmca_client.cli.emit import Emit, emit

    run(emit(Emit(**options)))


@main.command()
@click.option("--user", "user_id", type=int, required=True)
@role_option
@click.option(
    "--ttl",
    "ttl_s",
    callback=values.duration,
    default="1h",
    show_default=True,
    help="Seconds, or 10m, 2h, 1d.",
)
@click.option(
    "--types",
    "-t",
    multiple=True,
    callback=values.event_types,
    help="Limit every subscription to these types.",
)
@secret_option
def token(
    user_id: int, roles: tuple[str, ...], ttl_s: int, types: tuple[str, ...], secret: str | None
) -> None:
    """Print a development token, signed with JWT_SECRET (HS256)."""
    click.echo(values.signed_token(secret, user_id, roles, ttl_s=ttl_s, types=types or None))


@main.command()
@servers_option
@click.option("--create", is_flag=True, help="Create what is missing first.")
@click.option(
    "--partitions",
    type=click.IntRange(min=1),
    envvar="TOPIC_PARTITIONS",
    default=6,
    show_default=True,
    show_envvar=True,
)
def topics(**options: Any) -> None:
    """List the project's topics with their partitions and offsets."""
    from autodmca_client.cli.topics import Topics, topics

    run(topics(Topics(**options)))


@main.command()
@click.argument("topics", metavar="TOPIC...", nargs=-1, required=True)
@servers_option
@click.option("--from-beginning", is_flag=True, help="Everything the log still has.")
@click.option("--since", callback=values.since, help="From a moment: RFC 3339, or 10m, 2h, 1d ago.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per record.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many records.")
def tail(**options: Any) -> None:
    """Show the records of topics straight from Kafka, values undecoded."""
    from autodmca_client.cli.tail import Tail, tail

    run(tail(Tail(**options)))
