/** Whose connection has most to catch up on, on every edge. */

import type { ReactElement } from "react";
import { count, duration } from "../lib/format";
import { usePolled } from "../lib/polled";
import { Badge } from "../ui/badge";
import { Panel } from "../ui/panel";
import { Empty, Fault, Loading } from "../ui/states";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

const EVERY_MS = 3_000;

interface Connection {
  readonly connectionId: string;
  readonly userId: number | null;
  readonly node: string;
  readonly since: string;
  readonly subscriptions: number;
  readonly replays: number;
  readonly outboxBytes: number;
  readonly behind: { readonly records: number; readonly ms: number | null };
}

interface Found {
  readonly connections: readonly Connection[];
  readonly errors: readonly { readonly node: string; readonly error: string }[];
}

const COLUMNS: readonly Column<Connection>[] = [
  { name: "User", width: "minmax(5rem, 1fr)", cell: ({ userId }) => <strong>{userId ?? "not signed in"}</strong> },
  {
    name: "Records behind",
    width: "7.5rem",
    end: true,
    cell: ({ behind }) => (behind.records > 0 ? <strong>{count(behind.records)}</strong> : "0"),
  },
  { name: "For", width: "5.5rem", end: true, cell: ({ behind }) => (behind.ms === null ? "–" : duration(behind.ms / 1000)) },
  { name: "Waiting", width: "6.5rem", wide: true, end: true, cell: ({ outboxBytes }) => `${count(Math.ceil(outboxBytes / 1024))} KB` },
  {
    name: "State",
    width: "minmax(6rem, 1fr)",
    wide: true,
    cell: ({ behind, replays }) =>
      replays > 0 ? <Badge status="running">Catches up</Badge> : behind.records > 0 ? <Badge status="degraded">Behind</Badge> : <Badge status="operational">Up to date</Badge>,
  },
  { name: "Node", width: "minmax(5rem, 1fr)", wide: true, cut: true, cell: ({ node }) => node },
  { name: "Connection", width: "minmax(8rem, 1fr)", wide: true, cut: true, cell: ({ connectionId }) => <span className="mono quiet">{connectionId}</span> },
  { name: "Since", width: "6rem", wide: true, cell: ({ since }) => <Time at={since} /> },
];

export function Behind(): ReactElement {
  const { value, error } = usePolled<Found>("behind", EVERY_MS);
  const first = value?.connections[0];
  return (
    <Panel
      title="Who is behind"
      actions={<span className="quiet small">{first && first.behind.records === 0 ? "Everybody is up to date" : "the furthest first"}</span>}
    >
      <Fault error={error} />
      {value?.errors.map((each) => (
        <p key={each.node} className="notice" data-tone="warn" role="status">
          {each.node} does not say who is behind: {each.error}.
        </p>
      ))}
      {value === undefined ? (
        error === undefined && <Loading what="the connections" />
      ) : value.connections.length ? (
        <Table label="Who is behind" items={value.connections} columns={COLUMNS} keyOf={({ node, connectionId }) => `${node} ${connectionId}`} />
      ) : (
        <Empty title="Nobody is connected" />
      )}
    </Panel>
  );
}
