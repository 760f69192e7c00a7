/** `useWebSocket`: subscriptions and messages by hand, in today's form and in the older one. */

import { useEffect, useMemo, useRef } from "react";
import type { AutodmcaEvent, EventType } from "../../../events/generated/events";
import type { RealtimeClient } from "../core/client";
import { getWebSocketService } from "../core/service";
import type { OutgoingMessage } from "../core/client";
import type { EventHandler, SubscriptionConfig } from "../core/subscriptions";
import { useRealtimeClient } from "./context";
import { addressOf, legacyClient } from "./legacy";
import { useConnectionState } from "./status";

export interface WebSocketApi {
  readonly isConnected: boolean;
  /** Subscribe under a name; one that has the name is replaced. It holds until `unsubscribe`. */
  readonly subscribe: <T extends EventType>(
    id: string,
    config: SubscriptionConfig<T>,
    callback: EventHandler<T>,
  ) => void;
  readonly unsubscribe: (id: string) => void;
  /** True when it was sent, false when it waits for the connection. */
  readonly sendMessage: (message: OutgoingMessage) => boolean;
  readonly client: RealtimeClient;
}

export interface LegacyWebSocketOptions {
  /** An edge's address, with a family at its end or none: `wss://edge.example.com/ws/social-media`. */
  readonly url: string;
  readonly onMessage?: ((event: AutodmcaEvent) => void) | undefined;
}

export type LegacyWebSocketApi = Pick<WebSocketApi, "isConnected" | "sendMessage">;

/** The means to subscribe and to send. */
export function useWebSocket(): WebSocketApi;
/** @deprecated Use `useWebSocket().subscribe`, or the hook of the family; see docs/web.md. */
export function useWebSocket(options: LegacyWebSocketOptions): LegacyWebSocketApi;
export function useWebSocket(options?: LegacyWebSocketOptions): WebSocketApi | LegacyWebSocketApi {
  const provided = useRealtimeClient();
  const url = options?.url;
  const client = useMemo(() => (url === undefined ? provided : legacyClient(url, provided)), [provided, url]);
  const isConnected = useConnectionState(client) === "connected";
  const latest = useRef(options?.onMessage);
  useEffect(() => {
    latest.current = options?.onMessage;
  });
  useEffect(() => {
    if (url === undefined) return undefined;
    const { types } = addressOf(url);
    const made = client.subscribe({ types }, (event) => latest.current?.(event as AutodmcaEvent));
    client.connect();
    return () => {
      made.unsubscribe();
      if (client !== provided && client !== getWebSocketService()) client.disconnect();
    };
  }, [client, provided, url]);
  return useMemo(
    () => ({
      isConnected,
      subscribe: (id, config, callback) => void client.subscribe(id, config, callback),
      unsubscribe: (id) => client.unsubscribe(id),
      sendMessage: (message) => client.send(message),
      client,
    }),
    [client, isConnected],
  );
}
