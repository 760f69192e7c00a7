/** Looks at the nodes' figures, and what happened between two of them. Pure. */

import { quantile, rate, total } from "./metrics";
import type { NodeFigures, Sample } from "./metrics";

const LATENCY = "autodmca_edge_delivery_latency_seconds";

export interface Look {
  /** ms since the epoch. */
  readonly at: number;
  readonly nodes: readonly NodeFigures[];
}

export const isEdge = ({ samples }: NodeFigures): boolean => total(samples, "autodmca_edge_connections") !== undefined;

/** Everything that the edges of a look say. */
export const edgesOf = (look: Look): Sample[] => look.nodes.filter(isEdge).flatMap(({ samples }) => samples);

/** Seconds over which a rate is taken: several scrapes of Prometheus, and several looks at a node. */
const RATE_S = 60;

/** The look to compare the newest one with; undefined while there is one only. */
export function baseline(looks: readonly Look[]): Look | undefined {
  const newest = looks.at(-1);
  const found = newest && looks.find(({ at }) => newest.at - at <= RATE_S * 1000);
  return found === newest ? undefined : found;
}

export interface Point {
  readonly at: number;
  readonly connections: number;
  readonly events: number | null;
  readonly deliveries: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly behind: number | null;
}

/** What happened between two looks; a rate that is not known is null, and leaves a gap. */
export function pointOf(before: Look, after: Look): Point {
  const [from, to] = [edgesOf(before), edgesOf(after)];
  const seconds = (after.at - before.at) / 1000;
  return {
    at: after.at / 1000,
    connections: total(to, "autodmca_edge_connections") ?? 0,
    events: rate(from, to, seconds, "autodmca_edge_events_total") ?? null,
    deliveries: rate(from, to, seconds, "autodmca_edge_deliveries_total") ?? null,
    p50: quantile(0.5, from, to, LATENCY) ?? null,
    p99: quantile(0.99, from, to, LATENCY) ?? null,
    behind: total(to, "autodmca_edge_lag_records") ?? null,
  };
}
