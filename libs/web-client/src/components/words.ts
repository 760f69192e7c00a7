/** What the components say, to users. One place, so that an application can say it in another language. */

import type { ConnectionState } from "../core/connection";

export interface Words {
  /** One or two words for each state. */
  readonly states: Readonly<Record<ConnectionState, string>>;
  /** A sentence for each state. */
  readonly sentences: Readonly<Record<ConnectionState, string>>;
  readonly title: string;
  readonly close: string;
  readonly connect: string;
  readonly disconnect: string;
  readonly reconnect: string;
  readonly details: string;
  readonly interrupted: string;
  readonly labels: Readonly<
    Record<"state" | "since" | "lastMessage" | "latency" | "received" | "sent" | "queued" | "attempts" | "gaps", string>
  >;
  readonly never: string;
}

export const ENGLISH: Words = {
  states: {
    connecting: "Connecting",
    connected: "Live",
    disconnected: "Offline",
    reconnecting: "Reconnecting",
    error: "No connection",
  },
  sentences: {
    connecting: "Connecting to live updates.",
    connected: "Live updates are on.",
    disconnected: "Live updates are off.",
    reconnecting: "The connection was lost. Trying again.",
    error: "Live updates are not available. Reload the page, or connect again.",
  },
  title: "Live updates",
  close: "Close",
  connect: "Connect",
  disconnect: "Disconnect",
  reconnect: "Connect again",
  details: "Show details of the connection",
  interrupted: "Live updates are interrupted. What you see may be out of date; it updates by itself when the connection is back.",
  labels: {
    state: "State",
    since: "Connected since",
    lastMessage: "Last message",
    latency: "Response time",
    received: "Messages received",
    sent: "Messages sent",
    queued: "Messages waiting",
    attempts: "Attempts to reconnect",
    gaps: "Times that updates were missed",
  },
  never: "not yet",
};
