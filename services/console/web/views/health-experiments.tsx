/** Experiments by variant, each figure with what it may be in 95 of 100 cases, so that nobody believes chance. */

import type { ReactElement, ReactNode } from "react";
import { count, duration, figure, percent, words } from "../lib/format";
import { edgesOf } from "../lib/looks";
import type { Look } from "../lib/looks";
import { buckets, total, valuesOf } from "../lib/metrics";
import { mean, perUnit, share } from "../lib/statistics";
import type { Estimate } from "../lib/statistics";
import { Panel } from "../ui/panel";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";

const OF = "autodmca_edge_experiment";
const CONNECTIONS = `${OF}_connections`;

interface Variant {
  readonly experiment: string;
  readonly variant: string;
  readonly connections: number;
  readonly deliveries: number;
  /** A minute and connection, since the page was opened. */
  readonly rate: Estimate | undefined;
  /** States left out, as a newer one came in time, of all. */
  readonly conflated: Estimate | undefined;
  /** Seconds that an event waits for others. */
  readonly held: Estimate | undefined;
}

function variantsOf(looks: readonly Look[]): Variant[] {
  const [first, newest] = [looks[0], looks.at(-1)];
  if (!first || !newest) return [];
  const [from, to] = [edgesOf(first), edgesOf(newest)];
  const minutes = (newest.at - first.at) / 60_000;
  return valuesOf(to, CONNECTIONS, "experiment").flatMap((experiment) =>
    valuesOf(to.filter((each) => each[1]["experiment"] === experiment), CONNECTIONS, "variant").map((variant) => {
      const labels = { experiment, variant };
      const of = (name: string): number => total(to, `${OF}_${name}`, labels) ?? 0;
      const [connections, deliveries, conflated] = [of("connections"), of("deliveries_total"), of("conflated_total")];
      const gained = deliveries - (total(from, `${OF}_deliveries_total`, labels) ?? 0);
      return {
        ...labels,
        connections,
        deliveries,
        rate: gained >= 0 ? perUnit(gained, connections * minutes) : undefined,
        conflated: share(conflated, deliveries + conflated),
        held: mean(buckets([], to, `${OF}_held_seconds`, labels), of("held_seconds_sum")),
      };
    }),
  );
}

function within(estimate: Estimate | undefined, say: (value: number) => string): ReactNode {
  if (!estimate) return <span className="quiet">–</span>;
  return (
    <span>
      {say(estimate.value)}{" "}
      <span className="quiet small">
        {say(estimate.low)} to {say(estimate.high)}
      </span>
    </span>
  );
}

const COLUMNS: readonly Column<Variant>[] = [
  {
    name: "Variant",
    width: "minmax(7rem, 1.5fr)",
    cell: ({ experiment, variant }) => (
      <strong>
        {words(experiment)}: {variant}
      </strong>
    ),
  },
  { name: "Connections", width: "6.5rem", end: true, cell: ({ connections }) => count(connections) },
  { name: "Deliveries", width: "6.5rem", wide: true, end: true, cell: ({ deliveries }) => count(deliveries) },
  { name: "A minute and connection", width: "minmax(9rem, 1fr)", wide: true, end: true, cell: ({ rate }) => within(rate, figure) },
  { name: "States left out", width: "minmax(9rem, 1fr)", end: true, cell: ({ conflated }) => within(conflated, (value) => percent(value * 100)) },
  { name: "Held back", width: "minmax(9rem, 1fr)", wide: true, end: true, cell: ({ held }) => within(held, duration) },
];

export function Experiments({ looks }: { looks: readonly Look[] }): ReactElement | null {
  const variants = variantsOf(looks);
  if (variants.length === 0) return null;
  return (
    <Panel title="Experiments" actions={<span className="quiet small">with 95 % intervals</span>}>
      <Table label="Experiments" items={variants} columns={COLUMNS} keyOf={({ experiment, variant }) => `${experiment} ${variant}`} />
    </Panel>
  );
}
