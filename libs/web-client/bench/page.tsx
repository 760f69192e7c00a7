/** The page of the benchmark: the three clients within reach, and 200 rows that follow a template each. */

import { Centrifuge } from "centrifuge";
import { createRoot } from "react-dom/client";
import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import { RealtimeClient } from "../src/index";
import { WebSocketProvider, useTemplateRealtime } from "../src/react";
import { measure } from "./clients";
import type { Kind } from "./clients";

let renders = 0;
const drawn = (): void => void (renders += 1);

function Row({ id }: { id: string }): ReactNode {
  useEffect(drawn);
  return <li>{useTemplateRealtime([id]).getTemplateUpdate(id)?.usage?.usageCount ?? ""}</li>;
}

/** What a page on another client writes: a row is told of its own template's events, as they come. */
const counts = new Map<string, number>();
const tellers = new Map<string, () => void>();

function OtherRow({ id }: { id: string }): ReactNode {
  useEffect(drawn);
  const subscribe = useCallback(
    (tell: () => void): (() => void) => {
      tellers.set(id, tell);
      return () => tellers.delete(id);
    },
    [id],
  );
  return <li>{useSyncExternalStore(subscribe, () => counts.get(id)) ?? ""}</li>;
}

const IDS = Array.from({ length: 200 }, (_, index) => `t${index}`);

/** Draws 200 rows under `rate` events a second; renders per event. */
function draw(kind: "ours" | "centrifuge", base: string, count: number, rate: number): Promise<number> {
  const url = `${base}/${kind}?count=${count}&rate=${rate}`;
  const list = document.body.appendChild(document.createElement("ul"));
  const root = createRoot(list);
  return new Promise((resolve) => {
    let heard = 0;
    const take = (): void => {
      if (++heard === 1) renders = 0;
      if (heard === count) setTimeout(over, 500);
    };
    let leave: () => void;
    const over = (): void => {
      resolve(renders / count);
      leave();
      root.unmount();
      list.remove();
    };
    if (kind === "ours") {
      const client = new RealtimeClient({ url, authToken: "a.b.c", fallback: null });
      client.on("event", take);
      leave = () => client.disconnect();
      root.render(
        <WebSocketProvider client={client}>
          {IDS.map((id) => (
            <Row key={id} id={id} />
          ))}
        </WebSocketProvider>,
      );
    } else {
      root.render(IDS.map((id) => <OtherRow key={id} id={id} />));
      const client = new Centrifuge(url);
      const subscription = client.newSubscription("c");
      subscription.on("publication", ({ data }) => {
        counts.set(data.payload.templateId, data.payload.usageCount);
        tellers.get(data.payload.templateId)?.();
        take();
      });
      subscription.subscribe();
      client.connect();
      leave = () => client.disconnect();
    }
  });
}

const bench = { draw, measure: (kind: Kind, base: string, count: number) => measure(kind, base, count, WebSocket) };
Object.assign(window, { bench });
