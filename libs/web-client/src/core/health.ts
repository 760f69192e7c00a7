/** What a client says about itself. */

import type { ConnectionState, Transport } from "./connection";

/** What is known of a connection; moments in milliseconds since the epoch. */
export interface Health {
  readonly state: ConnectionState;
  readonly transport: Transport;
  readonly connectedAt: number | null;
  readonly lastMessageAt: number | null;
  readonly reconnectAttempts: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Milliseconds of the newest heartbeat to its answer. */
  readonly latency: number | null;
  readonly queueDepth: number;
  /** Of the messages sent: how many the edge has refused, and how many got no answer or were never sent. */
  readonly messagesRefused: number;
  readonly messagesLost: number;
  /** Events that came again and were dropped. */
  readonly duplicates: number;
  /** Times that events were lost for good. */
  readonly gaps: number;
  /** Messages that could not be read, or were not what their type says. */
  readonly invalid: number;
  readonly subscriptions: number;
}
