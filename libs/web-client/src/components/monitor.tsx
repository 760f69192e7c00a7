/** The health of the connection as a list of figures, with how response times have been. */

import { useEffect, useState } from "react";
import type { ReactElement } from "react";
import type { RealtimeClient } from "../core/client";
import { useRealtimeClient } from "../react/context";
import { useConnectionStatus } from "../react/status";
import { Sparkline } from "./sparkline";
import { ENGLISH } from "./words";
import type { Words } from "./words";

export interface ConnectionHealthMonitorProps {
  readonly words?: Words | undefined;
  readonly className?: string | undefined;
}

/** Response times that are drawn. */
const MOST_TIMES = 40;

export function ConnectionHealthMonitor({ words = ENGLISH, className = "" }: ConnectionHealthMonitorProps): ReactElement {
  const { health } = useConnectionStatus();
  const times = useLatencies(useRealtimeClient());
  const { labels } = words;
  const moment = (at: number | null): string => (at === null ? words.never : new Date(at).toLocaleTimeString());
  const rows: [string, string | number][] = [
    [labels.state, words.states[health.state]],
    [labels.since, moment(health.connectedAt)],
    [labels.lastMessage, moment(health.lastMessageAt)],
    [labels.latency, health.latency === null ? words.never : `${health.latency} ms`],
    [labels.received, health.messagesReceived],
    [labels.sent, health.messagesSent],
    [labels.queued, health.queueDepth],
    [labels.attempts, health.reconnectAttempts],
    [labels.gaps, health.gaps],
  ];
  return (
    <div className={`admca-monitor ${className}`.trim()}>
      <dl>
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Sparkline values={times} label={`${labels.latency}: ${times.map((each) => `${each} ms`).join(", ") || words.never}`} />
    </div>
  );
}

/** The newest response times, oldest first: one of each heartbeat while this is shown. */
function useLatencies(client: RealtimeClient): readonly number[] {
  const [times, setTimes] = useState<readonly number[]>([]);
  useEffect(
    () => client.on("latency", (time) => setTimes((before) => [...before, time].slice(-MOST_TIMES))),
    [client],
  );
  return times;
}
