/** One event down to its position in the log, and how long it took to get here. */

import { useConnectionStatus } from "@autodmca/realtime/react";
import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import { placeOf } from "../lib/cursors";
import { duration, moment } from "../lib/format";
import type { Heard } from "../lib/log";
import { familyOf } from "../lib/schema";
import { edgesOf } from "../lib/looks";
import { quantile } from "../lib/metrics";
import type { NodeFigures } from "../lib/metrics";
import { usePolled } from "../lib/polled";
import { Panel } from "../ui/panel";

const EVERY_MS = 10_000;
const STAGE = "autodmca_edge_delivery_stage_seconds";
const STAGE_WORDS = { polled: "produced to edge", routed: "through the edge", written: "to the socket" } as const;

export function Inspector({ heard, onClose }: { heard: Heard; onClose: () => void }): ReactElement {
  const { event, at } = heard;
  const { type, id, timestamp, userId, cursor, metadata, payload } = event;
  const place = placeOf(cursor);
  return (
    <Panel
      title="One event"
      actions={
        <>
          <button type="button" onClick={() => void navigator.clipboard.writeText(JSON.stringify(event, null, 2))}>
            Copy as JSON
          </button>
          <button type="button" onClick={onClose}>
            Close
          </button>
        </>
      }
    >
      <div className="body stack">
        <dl className="facts">
          <dt>Type</dt>
          <dd className="mono">{type}</dd>
          <dt>Family</dt>
          <dd>{familyOf(type)}</dd>
          <dt>Id</dt>
          <dd className="mono">{id}</dd>
          <dt>User</dt>
          <dd>{userId ?? "everybody"}</dd>
          <dt>Produced</dt>
          <dd>{moment(timestamp)}</dd>
          <dt>Heard here</dt>
          <dd>
            {moment(new Date(at).toISOString())}, {duration(Math.max(0, at - Date.parse(timestamp)) / 1000)} later
          </dd>
          <Stages />
          <dt>Cursor</dt>
          <dd className="mono">{cursor ?? "–"}</dd>
          {place && (
            <>
              <dt>Place in the log</dt>
              <dd>
                partition {place.partition}, offset {place.offset}
                {place.leaderEpoch !== undefined && `, leader epoch ${place.leaderEpoch}`}
              </dd>
            </>
          )}
          {metadata && (
            <>
              <dt>Headers</dt>
              <dd className="mono">{JSON.stringify(metadata)}</dd>
            </>
          )}
        </dl>
        <pre className="event" tabIndex={0} role="region" aria-label="Payload">
          {JSON.stringify(payload, null, 2)}
        </pre>
      </div>
    </Panel>
  );
}

/** Where the time goes: the network's part as the heartbeat has it, and the edges' by stage, which operators may see. */
function Stages(): ReactElement {
  const { config, session } = usePage();
  const { health } = useConnectionStatus();
  const isShown = config.nodes && session.is("admin");
  const { value } = usePolled<{ nodes: NodeFigures[] }>(isShown ? "nodes" : undefined, EVERY_MS);
  const edges = value ? edgesOf({ at: 0, nodes: value.nodes }) : [];
  const stages = Object.entries(STAGE_WORDS).flatMap(([stage, words]) => {
    const half = quantile(0.5, [], edges, STAGE, { stage });
    return half === undefined ? [] : [`${words} ${duration(half)}`];
  });
  return (
    <>
      {health.latency !== null && (
        <>
          <dt>To the edge and back</dt>
          <dd>{duration(health.latency / 1000)}</dd>
        </>
      )}
      {stages.length > 0 && (
        <>
          <dt>By stage</dt>
          <dd>{stages.join(", ")}: half of all events within</dd>
        </>
      )}
    </>
  );
}
