"""What each panel of the dashboards asks Prometheus, and what it says.

Owns the tables. How a panel is drawn is in `dashboards.py`. An expression may name what
docs/metrics.md lists and what the recording rules make; a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Panel(NamedTuple):
    """One drawing: its queries, each with the legend of its lines."""

    title: str
    description: str
    queries: Mapping[str, str]
    unit: str = "none"


def per_second(metric: str, *labels: str) -> str:
    """A counter's rate, summed by these labels."""
    return f"sum by ({', '.join(labels)}) (rate({metric}[$__rate_interval]))"


def quantile(of: float, metric: str, *labels: str) -> str:
    """A quantile of a histogram, by these labels."""
    return (
        f"histogram_quantile({of}, sum by ({', '.join((*labels, 'le'))})"
        f" (rate({metric}_bucket[$__rate_interval])))"
    )


def in_an_hour(metric: str, *labels: str) -> str:
    """How much a counter grew in the last hour, by these labels."""
    return f"sum by ({', '.join(labels)}) (increase({metric}[1h]))"


EDGES: Final = (
    Panel("Ready", "1 while /readyz answers 200.", {'autodmca_ready{job="edge"}': "{{instance}}"}),
    Panel(
        "Connections",
        "Open WebSockets and requests to the fallback.",
        {"autodmca_edge_connections": "{{instance}}", "job:autodmca_edge_connections:sum": "all"},
    ),
    Panel(
        "Delivery",
        "From the record's timestamp until it is written to all sockets.",
        {
            "job:autodmca_edge_delivery_latency_seconds:p50_5m": "half of them",
            "job:autodmca_edge_delivery_latency_seconds:p99_5m": "99 of 100",
        },
        "s",
    ),
    Panel(
        "Delivery by stage, 99 of 100",
        "A long `polled` is Kafka's or the network's; a long `routed` or `written` is the node's.",
        {"stage:autodmca_edge_delivery_stage_seconds:p99_5m": "{{stage}}"},
        "s",
    ),
    Panel(
        "Events delivered",
        "Events written to connections.",
        {
            per_second("autodmca_edge_deliveries_total", "instance"): "{{instance}}",
            "job:autodmca_edge_deliveries:rate1m": "all",
        },
        "ops",
    ),
    Panel(
        "Behind the log",
        "Records that are not handed out yet, on the worst partition of a topic.",
        {"topic:autodmca_edge_lag_records:max": "{{instance}} {{topic}}"},
    ),
    Panel(
        "Lateness of the event loop, 99 of 100",
        "More than 0.1 s is felt.",
        {"instance:autodmca_edge_loop_lag_seconds:p99_5m": "{{instance}}"},
        "s",
    ),
    Panel(
        "Memory",
        "Resident memory, and the limit over which a node turns newcomers away.",
        {
            'process_resident_memory_bytes{job="edge"}': "{{instance}}",
            "autodmca_edge_memory_limit_bytes": "limit of {{instance}}",
        },
        "bytes",
    ),
    Panel(
        "Open files",
        "Connections among them, and the limit over which a node turns newcomers away.",
        {
            "autodmca_edge_open_files": "{{instance}}",
            "autodmca_edge_open_files_limit": "limit of {{instance}}",
        },
    ),
    Panel(
        "Dropped and malformed",
        "Should be nothing.",
        {
            per_second("autodmca_edge_events_dropped_total", "reason"): "dropped: {{reason}}",
            per_second("autodmca_edge_events_malformed_total", "reason"): "malformed: {{reason}}",
        },
        "ops",
    ),
)
CLIENTS: Final = (
    Panel(
        "Connections opened and ended",
        "A storm of clients that come back shows here first.",
        {
            per_second("autodmca_edge_connections_opened_total", "instance"): "opened at {{instance}}",
            per_second("autodmca_edge_closes_total", "code"): "closed with {{code}}",
        },
        "ops",
    ),
    Panel(
        "Handshakes",
        "By what came of them. Those that wait do so in the queue of their node.",
        {
            per_second("autodmca_edge_handshakes_total", "outcome"): "{{outcome}}",
            "sum (autodmca_edge_handshakes_waiting)": "waiting now",
        },
    ),
    Panel(
        "Turned away and refused",
        "Newcomers turned away by reason, and handshakes refused by status.",
        {
            per_second("autodmca_edge_turned_away_total", "reason"): "{{reason}}",
            per_second("autodmca_edge_handshakes_refused_total", "status"): "status {{status}}",
        },
        "ops",
    ),
    Panel(
        "Errors answered",
        "By their code, which docs/protocol.md explains.",
        {per_second("autodmca_edge_refusals_total", "code"): "{{code}}"},
        "ops",
    ),
    Panel(
        "Users and subscriptions",
        "Users with a subscription, subscriptions that stand, and sockets without a token.",
        {
            "sum (autodmca_edge_users)": "users",
            "sum (autodmca_edge_subscriptions)": "subscriptions",
            "sum (autodmca_edge_unauthenticated)": "not authenticated",
        },
    ),
    Panel(
        "Slow clients",
        "Connections whose socket takes no bytes now, and how often one was put aside to catch up.",
        {
            "sum (autodmca_edge_connections_blocked)": "blocked",
            "sum (rate(autodmca_edge_catch_ups_total[$__rate_interval]))": "put aside, a second",
        },
    ),
    Panel(
        "Resumed",
        "Replays by how they ended.",
        {per_second("autodmca_edge_replays_total", "outcome"): "{{outcome}}"},
        "ops",
    ),
    Panel(
        "Events of replays",
        "By where they came from: the memory of a node, or Kafka.",
        {per_second("autodmca_edge_replayed_events_total", "source"): "{{source}}"},
        "ops",
    ),
    Panel(
        "Without a WebSocket",
        "Polls and streams of the fallback that are being served.",
        {"sum by (kind) (autodmca_edge_fallback_open)": "{{kind}}"},
    ),
    Panel(
        "Messages of clients",
        "Those that the log has, and those that wait for it.",
        {
            "sum (rate(autodmca_edge_actions_accepted_total[$__rate_interval]))": "accepted, a second",
            "sum (autodmca_edge_actions_waiting)": "waiting now",
        },
    ),
)
SERVICES: Final = (
    Panel("Up", "1 while Prometheus gets an answer.", {"up": "{{job}} {{instance}}"}),
    Panel(
        "Failing checks",
        "What keeps a process unready.",
        {"autodmca_check_failing > 0": "{{instance}}: {{check}}"},
    ),
    Panel(
        "Requests",
        "By operation.",
        {"sum by (job, operation) (operation:requests:rate5m)": "{{job}} {{operation}}"},
        "reqps",
    ),
    Panel(
        "Requests that fail",
        "Answers with a status of 500 and more.",
        {
            '(sum by (job) (operation:requests:rate5m{status=~"5.."})'
            " or 0 * sum by (job) (operation:requests:rate5m))"
            " / sum by (job) (operation:requests:rate5m)": "{{job}}"
        },
        "percentunit",
    ),
    Panel(
        "Duration, 99 of 100",
        "From the request's head to the last byte of its answer.",
        {"operation:request_seconds:p99_5m": "{{job}} {{operation}}"},
        "s",
    ),
    Panel(
        "Requests that wait for their outcome",
        "Each waits for the log, at most the seconds that the service allows.",
        {"sum by (service, instance) (autodmca_ask_waiting)": "{{service}} {{instance}}"},
    ),
    Panel(
        "Work",
        "Jobs that are performed, and jobs whose time has come and that wait for a slot.",
        {
            "sum by (service, work) (autodmca_work_running)": "{{service}} {{work}} runs",
            "sum by (service, work) (autodmca_work_ready)": "{{service}} {{work}} waits",
        },
    ),
    Panel(
        "Lateness of work, 99 of 100",
        "From when a job is due until it is begun.",
        {quantile(0.99, "autodmca_work_late_seconds", "service", "work"): "{{service}} {{work}}"},
        "s",
    ),
    Panel(
        "Jobs of workers",
        "By result; all but `done` are stopped, refused or done again.",
        {per_second("autodmca_worker_jobs_total", "pool", "result"): "{{pool}} {{result}}"},
        "ops",
    ),
    Panel(
        "Jobs that wait for a worker",
        "A user's share of the queue is bounded.",
        {"sum by (pool) (autodmca_worker_jobs_queued)": "{{pool}}"},
    ),
    Panel(
        "CPU",
        "Cores in use.",
        {"rate(process_cpu_seconds_total[$__rate_interval])": "{{job}} {{instance}}"},
    ),
    Panel("Memory", "Resident.", {"process_resident_memory_bytes": "{{job}} {{instance}}"}, "bytes"),
)
KAFKA: Final = (
    Panel(
        "Inputs applied",
        "By service.",
        {"service:autodmca_processor_inputs:rate5m": "{{service}}"},
        "ops",
    ),
    Panel(
        "Applying, 99 of 100",
        "The model and its encoding, for one poll's inputs of a partition.",
        {quantile(0.99, "autodmca_processor_apply_seconds", "service"): "{{service}}"},
        "s",
    ),
    Panel(
        "Dead letters",
        "Inputs, and records of others, that could not be applied, in the last hour.",
        {
            in_an_hour("autodmca_processor_dead_letters_total", "service"): "{{service}}",
            in_an_hour("autodmca_relay_dead_letters_total", "service"): "relay of {{service}}",
        },
    ),
    Panel(
        "Begun anew",
        "Processing and relaying that stopped on an error and began anew, in the last hour.",
        {
            in_an_hour("autodmca_processor_restarts_total", "service"): "{{service}}",
            in_an_hour("autodmca_relay_restarts_total", "service"): "relay of {{service}}",
        },
    ),
    Panel(
        "Behind the state",
        "Records of the state topic that a replica has not read yet.",
        {"max by (service, instance) (autodmca_table_lag_records)": "{{service}} {{instance}}"},
    ),
    Panel(
        "Behind the others",
        "Records of other services that are not relayed yet.",
        {"max by (service, instance) (autodmca_relay_lag_records)": "{{service}} {{instance}}"},
    ),
    Panel(
        "Records written",
        "Acknowledged by all in-sync replicas, by topic.",
        {per_second("autodmca_producer_records_delivered_total", "topic"): "{{topic}}"},
        "ops",
    ),
    Panel(
        "Records given up",
        "By the name of the error that their sender got. Should be nothing.",
        {per_second("autodmca_producer_records_failed_total", "job", "reason"): "{{job}} {{reason}}"},
        "ops",
    ),
    Panel(
        "Acknowledgement, 99 of 100",
        "From handing a record over until all in-sync replicas have it.",
        {quantile(0.99, "autodmca_producer_acknowledge_seconds", "job"): "{{job}}"},
        "s",
    ),
    Panel(
        "Records that wait",
        "Handed over and not acknowledged yet.",
        {"sum by (job, instance) (autodmca_producer_records_waiting)": "{{job}} {{instance}}"},
    ),
)
BUSINESS: Final = (
    Panel(
        "Notices at engines",
        "Requests to search engines, by result.",
        {per_second("autodmca_delisting_engine_requests_total", "engine", "result"): "{{engine}} {{result}}"},
        "ops",
    ),
    Panel(
        "Pasted and no URL",
        "What was left out of a request, by reason, in the last hour.",
        {in_an_hour("autodmca_delisting_urls_dropped_total", "reason"): "{{reason}}"},
    ),
    Panel(
        "Accounts compared",
        "By scans, and the severity of what was found; none: no incident.",
        {
            per_second(
                "autodmca_social_media_accounts_compared_total", "platform", "severity"
            ): "{{platform}} {{severity}}"
        },
        "ops",
    ),
    Panel(
        "Calls to platforms",
        "By result: ok, a trouble, held back, breaker open.",
        {
            per_second(
                "autodmca_social_media_platform_calls_total", "platform", "result"
            ): "{{platform}} {{result}}"
        },
        "ops",
    ),
    Panel(
        "Content looked at",
        "By verdict.",
        {per_second("autodmca_ai_detection_look_seconds_count", "verdict"): "{{verdict}}"},
        "ops",
    ),
    Panel(
        "Looking, 99 of 100",
        "From the first byte that was asked for until the verdict.",
        {quantile(0.99, "autodmca_ai_detection_look_seconds", "verdict"): "{{verdict}}"},
        "s",
    ),
    Panel(
        "Content that could not be looked at",
        "By reason, in the last hour.",
        {in_an_hour("autodmca_ai_detection_unusable_total", "code"): "{{code}}"},
    ),
    Panel(
        "Deliveries to web hooks",
        "By the receiver's answer.",
        {per_second("autodmca_accounts_webhook_posts_total", "answer"): "{{answer}}"},
        "ops",
    ),
)
BOARDS: Final[Mapping[str, tuple[str, Sequence[Panel]]]] = {
    "edges": ("Edges", EDGES),
    "clients": ("Clients", CLIENTS),
    "services": ("Services", SERVICES),
    "kafka": ("Kafka's side", KAFKA),
    "business": ("Notices, removals and incidents", BUSINESS),
}
