/** Three clients that count events: the same in Node and in a page. Milliseconds from the first to the last. */

import { Centrifuge } from "centrifuge";
import { createClient } from "graphql-ws";
import { RealtimeClient } from "../src/index";
import type { SocketConstructor } from "../src/index";

export type Kind = "ours" | "centrifuge" | "graphql";

export function measure(
  kind: Kind,
  base: string,
  count: number,
  Socket: unknown,
  begun: () => void = () => {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = `${base}/${kind}?count=${count}`;
    let heard = 0;
    let began = 0;
    let leave = (): void => {};
    const take = (): void => {
      if (heard === 0) {
        began = performance.now();
        begun();
      }
      if (++heard < count) return;
      resolve(performance.now() - began);
      leave();
    };
    if (kind === "ours") {
      const options = { url, authToken: "a.b.c", WebSocket: Socket as SocketConstructor, fallback: null };
      const client = new RealtimeClient(options);
      client.subscribe({ types: ["template_usage"], onError: reject }, ({ payload }) => payload.usageCount >= 0 && take());
      client.connect();
      leave = () => client.disconnect();
    } else if (kind === "centrifuge") {
      const client = new Centrifuge(url, { websocket: Socket });
      const subscription = client.newSubscription("c");
      subscription.on("publication", ({ data }) => data.payload.usageCount >= 0 && take());
      subscription.subscribe();
      client.connect();
      leave = () => client.disconnect();
    } else {
      const client = createClient({ url, webSocketImpl: Socket, lazy: true });
      const sink = { next: take, error: reject, complete: () => {} };
      client.subscribe({ query: "subscription { event }" }, sink);
      leave = () => void client.dispose();
    }
  });
}
