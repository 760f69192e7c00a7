/** A provider's value on a fake edge that is in memory: no port, no socket, for tests of components. */

import { RealtimeClient } from "../core/client";
import type { SocketConstructor, SocketLike } from "../core/link";
import type { RealtimeOptions } from "../core/options";
import type { WebSocketContextValue } from "../react/context";
import { FakeEdge } from "./fake-edge";
import type { Attached } from "./fake-edge";

const [CONNECTING, OPEN, CLOSED] = [0, 1, 3];

/** A WebSocket class whose other end is `edge`, which need not be started. */
export function memorySocket(edge: FakeEdge): SocketConstructor {
  return class MemorySocket implements SocketLike {
    readyState = CONNECTING as number;
    onmessage: SocketLike["onmessage"] = null;
    onclose: SocketLike["onclose"] = null;
    onerror: SocketLike["onerror"] = null;
    #attached: Attached | undefined;

    constructor(url: string, protocols: string | string[] = []) {
      const bearer = [protocols].flat().find((each) => each.startsWith("bearer."));
      const token = bearer?.slice("bearer.".length) ?? new URL(url).searchParams.get("token") ?? undefined;
      queueMicrotask(() => {
        if (this.readyState === CLOSED) return;
        this.readyState = OPEN;
        const wire = {
          send: (data: string) => this.onmessage?.({ data }),
          close: (code: number, reason: string) => this.#end(code, reason),
          cut: () => this.#end(1006, ""),
        };
        this.#attached = edge.attach(wire, url, token);
      });
    }

    send(data: string): void {
      // Heard in a turn of its own, as over a network.
      queueMicrotask(() => this.#attached?.hear(data));
    }

    close(code = 1000, reason = ""): void {
      this.#end(code, reason);
    }

    #end(code: number, reason: string): void {
      if (this.readyState === CLOSED) return;
      this.readyState = CLOSED;
      this.#attached?.over();
      this.onclose?.({ code, reason });
    }
  };
}

/** The value of a `WebSocketContext.Provider`, and the edge behind it; connected at once. */
export function mockProviderValue(options: RealtimeOptions = {}): WebSocketContextValue & { readonly edge: FakeEdge } {
  const edge = new FakeEdge();
  const client = new RealtimeClient({
    url: "ws://fake.invalid/ws",
    authToken: "a.fake.token",
    WebSocket: memorySocket(edge),
    fallback: null,
    ...options,
  });
  client.connect();
  return { client, edge };
}
