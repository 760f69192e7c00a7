/** How the system went over the last minutes: as Prometheus has it, or as this page has seen it. Pure. */

import { edgesOf, pointOf } from "./looks";
import type { Look } from "./looks";
import { quantile } from "./metrics";

const STAGE = "autodmca_edge_delivery_stage_seconds";
export const STAGES = ["polled", "routed", "written"] as const;

/** `times` in seconds since the epoch; each line has a figure for each of them, null for none. */
export interface Course {
  readonly times: readonly number[];
  readonly lines: Readonly<Record<string, readonly (number | null)[]>>;
}

/** The names of lines are those of Prometheus' course. */
export function courseOf(looks: readonly Look[]): Course {
  const points = looks.slice(1).map((look, index) => pointOf(looks[index] as Look, look));
  const stages = STAGES.map((stage) => [
    `stage ${stage}`,
    looks.slice(1).map((look, index) => quantile(0.99, edgesOf(looks[index] as Look), edgesOf(look), STAGE, { stage }) ?? null),
  ]);
  return {
    times: points.map(({ at }) => at),
    lines: {
      connections: points.map(({ connections }) => connections),
      events: points.map(({ events }) => events),
      deliveries: points.map(({ deliveries }) => deliveries),
      p50: points.map(({ p50 }) => p50),
      p99: points.map(({ p99 }) => p99),
      behind: points.map(({ behind }) => behind),
      ...Object.fromEntries(stages),
    },
  };
}
