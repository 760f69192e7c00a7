/** What a client may be told, and what holds when it is not. */

import { defaultUrl } from "./environment";
import type { Authentication, Dial, SocketConstructor } from "./link";
import type { EventStore } from "./event-store";
import type { OutboxStore } from "./outbox";
import { browserSignals } from "./signals";
import type { Signals } from "./signals";

export interface RealtimeOptions {
  /** The edge's WebSocket; without it the environment says, see docs/web.md. */
  readonly url?: string | undefined;
  /** A token that does not change by itself. `getToken` goes before it. */
  readonly authToken?: string | undefined;
  /** Gives a fresh token: before each connection, and when the present one ends soon. */
  readonly getToken?: (() => string | null | undefined | Promise<string | null | undefined>) | undefined;
  /** Milliseconds: the window of the first random delay; it doubles with each attempt, up to 30 seconds. */
  readonly reconnectInterval?: number | undefined;
  /** Failed attempts in a row after which the state is `error`. */
  readonly maxReconnectAttempts?: number | undefined;
  /** Milliseconds between heartbeats, at most; an edge may ask for more of them. */
  readonly heartbeatInterval?: number | undefined;
  /** Writes to the console what happens. Never a token or a payload. */
  readonly debug?: boolean | undefined;
  /** `subprotocol` keeps tokens out of addresses, and so out of the logs of proxies. */
  readonly authentication?: Authentication | undefined;
  /** Messages that may wait for a connection; more are refused. */
  readonly queueSize?: number | undefined;
  /** Messages sent a second, and how many at once; an edge's own limits are 10 and 30. */
  readonly messagesPerSecond?: number | undefined;
  readonly messageBurst?: number | undefined;
  /** Ids kept per subscription to drop repeated events. */
  readonly rememberedIds?: number | undefined;
  /** Where events outlive the page: `indexedDbStore`. */
  readonly eventStore?: EventStore | undefined;
  /** Where queued messages outlive the page. */
  readonly outboxStore?: OutboxStore | undefined;
  /** The WebSocket class where there is no global one (Node 20: the one of `ws`); null to do without. */
  readonly WebSocket?: SocketConstructor | null | undefined;
  /** `sharedTabs()`: one connection for all tabs of a user. */
  readonly tabs?: ((dial: Dial) => Dial) | undefined;
  /** What takes over where a WebSocket cannot be had; null for nothing. */
  readonly fallback?: Dial | null | undefined;
  /** Milliseconds on the fallback until a WebSocket is tried again. */
  readonly upgradeAfter?: number | undefined;
  /** Milliseconds until a connection must be open. */
  readonly openTimeout?: number | undefined;
  readonly signals?: Signals | undefined;
  readonly now?: (() => number) | undefined;
  readonly random?: (() => number) | undefined;
}

export type Settings = { readonly [name in keyof RealtimeOptions]-?: RealtimeOptions[name] } & Required<
  Pick<
    { [name in keyof RealtimeOptions]-?: NonNullable<RealtimeOptions[name]> },
    | "url"
    | "reconnectInterval"
    | "maxReconnectAttempts"
    | "heartbeatInterval"
    | "authentication"
    | "queueSize"
    | "messagesPerSecond"
    | "messageBurst"
    | "rememberedIds"
    | "upgradeAfter"
    | "openTimeout"
    | "signals"
    | "now"
    | "random"
  >
>;

/** Throws TypeError, naming the option that makes no sense. */
export function settingsOf(options: RealtimeOptions): Settings {
  const settings: Settings = {
    url: options.url ?? defaultUrl(),
    authToken: options.authToken,
    getToken: options.getToken,
    reconnectInterval: options.reconnectInterval ?? 3_000,
    maxReconnectAttempts: options.maxReconnectAttempts ?? 10,
    heartbeatInterval: options.heartbeatInterval ?? 30_000,
    debug: options.debug,
    authentication: options.authentication ?? "subprotocol",
    queueSize: options.queueSize ?? 100,
    messagesPerSecond: options.messagesPerSecond ?? 10,
    messageBurst: options.messageBurst ?? 20,
    rememberedIds: options.rememberedIds ?? 5_000,
    eventStore: options.eventStore,
    outboxStore: options.outboxStore,
    WebSocket: options.WebSocket,
    tabs: options.tabs,
    fallback: options.fallback,
    upgradeAfter: options.upgradeAfter ?? 60_000,
    openTimeout: options.openTimeout ?? 10_000,
    signals: options.signals ?? browserSignals,
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
  };
  if (!/^wss?:\/\/[^/]/.test(settings.url)) {
    throw new TypeError(`url: an address begins with ws:// or wss://, not ${settings.url}`);
  }
  for (const [name, least] of LEAST) {
    if (!(settings[name] >= least)) throw new TypeError(`${name}: at least ${least}, not ${settings[name]}`);
  }
  return settings;
}

const LEAST = [
  ["reconnectInterval", 1],
  ["maxReconnectAttempts", 0],
  ["heartbeatInterval", 1],
  ["queueSize", 0],
  ["messagesPerSecond", 0.001],
  ["messageBurst", 1],
  ["rememberedIds", 1],
  ["upgradeAfter", 1],
  ["openTimeout", 1],
] as const;
