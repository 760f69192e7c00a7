"""The `autodmca` command's words: options and help. What each does is in its own module.

Every option with an environment variable says so in its help. Exit codes: 0 done, 1 failed, 2 wrong
usage, 130 interrupted, 143 terminated.
"""

from typing import Any

import click
from autodmca_events.topics import SERVICES

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
secret_option = click.option("--secret", envvar="JWT_SECRET", hidden=True, callback=values.secret)
service_argument = click.argument("service", metavar="SERVICE")
user_option = click.option("--user", "user_id", type=values.USER, help="Only those of this user.")
role_option = click.option("--role", "roles", multiple=True, help="Role in the token; may be repeated.")


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="autodmca-client")
def main() -> None:
    """Listen to real-time events, emit them, look at the log."""


@main.command()
@url_option
@click.option("--token", envvar="AUTODMCA_TOKEN", show_envvar=True, help="JSON Web Token.")
@secret_option
@click.option(
    "--user", "user_id", type=values.USER, help="Make a development token for this user from JWT_SECRET."
)
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
@click.option("--wait", is_flag=True, help="Wait for an edge that is not there yet.")
def listen(**options: Any) -> None:
    """Show events as they happen, across reconnects.

    Positions are saved while it runs, for --resume. Ctrl-C ends it.
    """
    from autodmca_client.cli.listen import Listen, listen

    run(listen(Listen(**options)))


@main.command()
@click.argument("event_type", metavar="TYPE", callback=values.event_type)
@click.option(
    "--user", "user_id", type=values.USER, help="Whose event it is; not for events meant for everybody."
)
@click.option("--payload", callback=values.text, help="JSON, @FILE, or - for standard input.")
@click.option("--example", is_flag=True, help="Emit the packaged example of the type.")
@servers_option
def emit(**options: Any) -> None:
    """Put one event of TYPE into the log."""
    from autodmca_client.cli.emit import Emit, emit

    run(emit(Emit(**options)))


@main.command()
@click.option("--user", "user_id", type=values.USER, required=True)
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
    "--service",
    "services",
    multiple=True,
    type=click.Choice(SERVICES),
    help="Create this service's own topics, too; may be repeated.",
)
@click.option(
    "--replication-factor",
    type=click.IntRange(min=1),
    envvar="TOPIC_REPLICATION_FACTOR",
    default=1,
    show_default=True,
    show_envvar=True,
)
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


@main.group("dead-letters")
def dead_letters() -> None:
    """Look at the inputs that a service could not apply, and send them again.

    SERVICE is a service's name, such as templates. A dead letter is named partition@offset.
    """


@dead_letters.command("list")
@service_argument
@servers_option
@user_option
@click.option("--since", callback=values.since, help="Only those that failed since: RFC 3339, or 2h ago.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per dead letter, whole.")
def list_(as_json: bool, **options: Any) -> None:
    """List dead letters: when each failed, whose it is, why, and whether it was sent again."""
    from autodmca_client.cli.dead_letters import Letters, show_all

    run(show_all(Letters(**options), as_json=as_json))


@dead_letters.command()
@service_argument
@click.argument("names", metavar="PARTITION@OFFSET...", nargs=-1, required=True)
@servers_option
def show(**options: Any) -> None:
    """Show dead letters whole: the input with its headers, where it stood, and the error."""
    from autodmca_client.cli.dead_letters import Letters, show

    run(show(Letters(**options)))


@dead_letters.command()
@service_argument
@click.argument("names", metavar="[PARTITION@OFFSET...]", nargs=-1)
@servers_option
@user_option
@click.option("--since", callback=values.since, help="Only those that failed since: RFC 3339, or 2h ago.")
@click.option("--all", "everything", is_flag=True, help="All that --user and --since leave.")
@click.option("--twice", is_flag=True, help="Those too that were sent again before.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
def resend(everything: bool, twice: bool, dry_run: bool, **options: Any) -> None:
    """Write the inputs of dead letters to the service again, in the order in which they failed.

    What was sent again before is left out. The dead letters stay.
    """
    from autodmca_client.cli.dead_letters import Letters, resend

    if everything == bool(options["names"]):
        raise click.UsageError("either PARTITION@OFFSET... or --all")
    run(resend(Letters(**options), twice=twice, dry_run=dry_run))
