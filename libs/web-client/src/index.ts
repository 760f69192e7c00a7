/** The public face of `@autodmca/realtime`. */

export * from "../../events/generated/events";
export type * from "../../events/generated/filters";
export { FAMILIES } from "../../events/generated/shapes";
export type { Family } from "../../events/generated/shapes";
export { RealtimeClient, RealtimeClient as WebSocketService } from "./core/client";
export type { OutgoingMessage } from "./core/client";
export type { ConnectionState, Transport } from "./core/connection";
export type { ClientEvents } from "./core/emitter";
export { ConnectionEnded, EdgeError, MessageNotTaken, RealtimeError } from "./core/errors";
export type { Health } from "./core/health";
export type { EventStore, Stored } from "./core/event-store";
export { Joined } from "./core/joined";
export type { JoinedConfig, JoinedView, Snapshot } from "./core/joined";
export { webSocketDial } from "./core/link";
export type { Authentication, Dial, Link, LinkEvents, SocketConstructor, SocketLike, Target } from "./core/link";
export { BadFilter } from "./core/matching";
export type { RealtimeOptions } from "./core/options";
export type { OutboxStore, Waiting } from "./core/outbox";
export { getWebSocketService, resetWebSocketService } from "./core/service";
export type { Signals } from "./core/signals";
export type { EventHandler, EventOf, Gap, Subscription, SubscriptionConfig } from "./core/subscriptions";
export { fallbackDial } from "./fallback/dial";
export type { FallbackOptions } from "./fallback/dial";
export { indexedDbStore } from "./offline/store";
export type { OfflineOptions, OfflineStore } from "./offline/store";
export { sharedTabs } from "./tabs/dial";
export type { Channel, Locks, TabsOptions } from "./tabs/dial";
