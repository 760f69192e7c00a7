/** How the system is: its course, who is behind, each node, experiments. For operators. */

import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import { count, figure } from "../lib/format";
import { baseline, edgesOf, pointOf } from "../lib/looks";
import { total } from "../lib/metrics";
import { useNodes } from "../lib/nodes";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault, Loading } from "../ui/states";
import { Behind } from "./health-behind";
import { Charts } from "./health-charts";
import { Experiments } from "./health-experiments";
import { Nodes } from "./health-nodes";

export default function Health(): ReactElement {
  const { config, session } = usePage();
  const about = "Connections, events and how long they take, who is behind, and every node.";
  if (!config.nodes || !session.is("admin")) {
    return (
      <>
        <Head title="Health" about={about} />
        <Panel title="Nodes">
          {config.nodes ? (
            <Empty title="For operators">The figures of the system need a token with the role admin.</Empty>
          ) : (
            <Empty title="No node is known here">
              CONSOLE_NODES or CONSOLE_PROMETHEUS_URL tells the console where figures are; Grafana shows the same.
            </Empty>
          )}
        </Panel>
      </>
    );
  }
  return (
    <>
      <Head title="Health" about={about} />
      <Figures />
    </>
  );
}

function Figures(): ReactElement {
  const { config } = usePage();
  const { looks, error } = useNodes();
  const newest = looks.at(-1);
  if (!newest) return error === undefined ? <Loading what="the nodes" /> : <Fault error={error} />;
  const before = baseline(looks);
  const last = before && pointOf(before, newest);
  const edges = edgesOf(newest);
  const figures: readonly (readonly [string, string])[] = [
    ["Connections", count(total(edges, "autodmca_edge_connections") ?? 0)],
    ["Users", count(total(edges, "autodmca_edge_users") ?? 0)],
    ["Events a second", figure(last?.events ?? NaN)],
    ["Deliveries a second", figure(last?.deliveries ?? NaN)],
    ["Slow connections", count(total(edges, "autodmca_edge_connections_blocked") ?? 0)],
    ["Records behind", count(total(edges, "autodmca_edge_lag_records") ?? 0)],
    ["Cut off", count(total(edges, "autodmca_edge_revocations") ?? 0)],
    ["Events dropped", count(total(edges, "autodmca_edge_events_dropped_total") ?? 0)],
  ];
  return (
    <>
      <Fault error={error} />
      <dl className="figures">
        {figures.map(([name, value]) => (
          <div key={name} className="panel">
            <dt className="name">{name}</dt>
            <dd className="value">{value}</dd>
          </div>
        ))}
      </dl>
      {config.behind && <Behind />}
      <Charts looks={looks} />
      <Nodes looks={looks} />
      <Experiments looks={looks} />
    </>
  );
}
