/** The connection as hooks. */

import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { RealtimeClient } from "../core/client";
import type { ConnectionState } from "../core/connection";
import type { ConnectionEnded } from "../core/errors";
import type { Health } from "../core/health";
import { useRealtimeClient } from "./context";

const BEFORE_MOUNT: ConnectionState = "disconnected";
/** Milliseconds after which figures that change with every event are looked at again. */
const LOOK_MS = 1_000;

/** The state of a client's connection; on a server, and while hydrating, that of one that has not begun. */
export function useConnectionState(client: RealtimeClient): ConnectionState {
  const subscribe = useCallback((changed: () => void) => client.on("state", changed), [client]);
  return useSyncExternalStore(
    subscribe,
    () => client.state,
    () => BEFORE_MOUNT,
  );
}

export interface ConnectionStatus {
  readonly state: ConnectionState;
  readonly isConnected: boolean;
  /** Looked at with each change of the state, and once a second. */
  readonly health: Health;
  /** Why the connection was lost last; null while it stands. */
  readonly error: ConnectionEnded | null;
  readonly connect: () => void;
  readonly disconnect: () => void;
  readonly reconnect: () => void;
}

/** The connection's state and health, and the means to act on it. */
export function useConnectionStatus(): ConnectionStatus {
  const client = useRealtimeClient();
  const watch = useMemo(() => healthOf(client), [client]);
  const health = useSyncExternalStore(watch.subscribe, watch.health, watch.atFirst);
  const acts = useMemo(
    () => ({
      connect: () => client.connect(),
      disconnect: () => client.disconnect(),
      reconnect: () => client.reconnect(),
    }),
    [client],
  );
  const { state } = health;
  const isConnected = state === "connected";
  return { state, isConnected, health, error: isConnected ? null : (client.lastError ?? null), ...acts };
}

interface Watch {
  subscribe(changed: () => void): () => void;
  health(): Health;
  atFirst(): Health;
}

function healthOf(client: RealtimeClient): Watch {
  let known = client.health;
  const first: Health = { ...known, state: BEFORE_MOUNT };
  const look = (): boolean => {
    const next = client.health;
    const names = Object.keys(next) as (keyof Health)[];
    if (names.every((name) => next[name] === known[name])) return false;
    known = next;
    return true;
  };
  return {
    subscribe(changed) {
      const update = (): void => {
        if (look()) changed();
      };
      const off = client.on("state", update);
      const timer = setInterval(update, LOOK_MS);
      return () => {
        off();
        clearInterval(timer);
      };
    },
    health() {
      if (client.state !== known.state) look();
      return known;
    },
    atFirst: () => first,
  };
}
