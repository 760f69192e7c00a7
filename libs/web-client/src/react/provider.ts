/** Gives a part of the page its client, and keeps it connected while that part is there. */

import { createElement, useEffect, useMemo, useState } from "react";
import type { ReactElement, ReactNode } from "react";
import { RealtimeClient } from "../core/client";
import { policyOf } from "../core/closing";
import type { RealtimeOptions } from "../core/options";
import { getWebSocketService } from "../core/service";
import { WebSocketContext } from "./context";

export interface WebSocketProviderProps extends RealtimeOptions {
  /** A client made elsewhere, which the provider connects but never disconnects. */
  readonly client?: RealtimeClient | undefined;
  /** Connect when mounted; true when not given. */
  readonly autoConnect?: boolean | undefined;
  /** Begin anew, half a minute after the attempts were used up; true when not given. */
  readonly reconnectOnError?: boolean | undefined;
  readonly children?: ReactNode;
}

const AFTER_ERROR_MS = 30_000;

/**
 * Options are read once, when it is mounted. Without any it provides the page's own client
 * (`getWebSocketService`). Renders on a server without connecting.
 */
export function WebSocketProvider(props: WebSocketProviderProps): ReactElement {
  const { client: given, autoConnect = true, reconnectOnError = true, children, ...options } = props;
  const [own] = useState(() => {
    if (given) return undefined;
    return Object.keys(options).length > 0 ? new RealtimeClient(options) : getWebSocketService();
  });
  const client = given ?? (own as RealtimeClient);

  useEffect(() => {
    if (autoConnect) client.connect();
    return () => {
      if (client === own) client.disconnect();
    };
  }, [client, own, autoConnect]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const off = client.on("state", (state) => {
      clearTimeout(timer);
      if (state !== "error" || !reconnectOnError || policyOf(client.lastError?.code ?? 0) === "stay") return;
      timer = setTimeout(() => client.connect(), AFTER_ERROR_MS);
    });
    return () => {
      off();
      clearTimeout(timer);
    };
  }, [client, reconnectOnError]);

  const value = useMemo(() => ({ client }), [client]);
  return createElement(WebSocketContext.Provider, { value }, children);
}
