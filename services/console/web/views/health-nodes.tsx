/** Every process: whether it is ready, how far behind, what it does. */

import type { ReactElement } from "react";
import { count, figure } from "../lib/format";
import { baseline, isEdge } from "../lib/looks";
import type { Look } from "../lib/looks";
import { rate, total, valuesOf } from "../lib/metrics";
import type { NodeFigures } from "../lib/metrics";
import { Badge } from "../ui/badge";
import { Panel } from "../ui/panel";
import { Empty } from "../ui/states";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";

export function Nodes({ looks }: { looks: readonly Look[] }): ReactElement {
  const items = looks.at(-1)?.nodes ?? [];
  return (
    <Panel title="Nodes">
      {items.length ? (
        <Table label="Nodes" items={items} columns={columnsOf(looks)} keyOf={({ name }) => name} />
      ) : (
        <Empty title="No node has figures yet">Prometheus has not scraped one.</Empty>
      )}
    </Panel>
  );
}

function columnsOf(looks: readonly Look[]): readonly Column<NodeFigures>[] {
  const [before, after] = [baseline(looks), looks.at(-1)];
  const earlier = new Map(before?.nodes.map(({ name, samples }) => [name, samples]));
  const seconds = before && after ? (after.at - before.at) / 1000 : 0;
  const perSecond = (node: NodeFigures, metric: string): string =>
    figure(rate(earlier.get(node.name) ?? [], node.samples, seconds, metric) ?? NaN);
  return [
    { name: "Node", width: "minmax(7rem, 1.5fr)", cell: ({ name }) => <strong>{name}</strong> },
    {
      name: "State",
      width: "minmax(6rem, 1fr)",
      cell: (node) => {
        if (node.error) return <Badge status="down">No answer</Badge>;
        const failing = valuesOf(node.samples.filter(([, , value]) => value === 1), "autodmca_check_failing", "check");
        return total(node.samples, "autodmca_ready") === 1 ? (
          <Badge status="operational">Ready</Badge>
        ) : (
          <Badge status="degraded">{failing.length ? `Not ready: ${failing.join(", ")}` : "Not ready"}</Badge>
        );
      },
    },
    { name: "Behind", width: "5rem", end: true, cell: ({ samples }) => count((total(samples, "autodmca_edge_lag_records") ?? total(samples, "autodmca_table_lag_records")) ?? 0) },
    {
      name: "Inputs or events / s",
      width: "8.5rem",
      wide: true,
      end: true,
      cell: (node) => perSecond(node, isEdge(node) ? "autodmca_edge_events_total" : "autodmca_processor_inputs_total"),
    },
    { name: "Work waiting", width: "6.5rem", wide: true, end: true, cell: ({ samples }) => count(total(samples, "autodmca_work_ready") ?? 0) },
    { name: "Dead letters", width: "6rem", wide: true, end: true, cell: ({ samples }) => count(total(samples, "autodmca_processor_dead_letters_total") ?? 0) },
  ];
}
