/** The client that a part of the page uses. */

import { createContext, useContext } from "react";
import type { RealtimeClient } from "../core/client";
import { getWebSocketService } from "../core/service";

/** What `WebSocketContext` holds; the same object as long as the client is the same. */
export interface WebSocketContextValue {
  readonly client: RealtimeClient;
}

export const WebSocketContext = createContext<WebSocketContextValue | null>(null);

/** The provider's client; outside of a provider, the page's. */
export function useRealtimeClient(): RealtimeClient {
  return useContext(WebSocketContext)?.client ?? getWebSocketService();
}
