/** The page that tests/integration/test_web_client_browser.py drives in Chromium: the package, within reach. */

import axe from "axe-core";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import type { ReactNode } from "react";
import { FAMILIES, RealtimeClient, indexedDbStore, sharedTabs } from "../../src/index";
import type { AutodmcaEvent, EventType, RealtimeOptions } from "../../src/index";
import { ConnectionNotice, WebSocketStatus } from "../../src/components";
import { WebSocketProvider, useTemplateRealtime } from "../../src/react";

interface Wishes extends RealtimeOptions {
  readonly shared?: boolean;
  readonly offlineUser?: number;
  readonly types: readonly EventType[];
}

const heard: AutodmcaEvent[] = [];
const states: string[] = [];
let client: RealtimeClient | undefined;

/** The test's. */
function newToken(): Promise<string> {
  app.tokens += 1;
  return (window as unknown as { newToken: () => Promise<string> }).newToken();
}

/** Connects and listens. */
function listen({ shared, offlineUser, types, ...options }: Wishes): void {
  const store = offlineUser === undefined ? undefined : indexedDbStore({ user: offlineUser, writeAfter: 10 });
  client = new RealtimeClient({
    getToken: newToken,
    reconnectInterval: 100,
    maxReconnectAttempts: Infinity,
    ...(shared && { tabs: sharedTabs() }),
    ...store,
    ...options,
  });
  client.on("state", (state) => states.push(state));
  const made = client.subscribe({ types }, (event) => heard.push(event));
  client.connect();
  void made.ready.then(() => (app.ready = true));
}

function Row({ id }: { id: string }): ReactNode {
  return <li data-id={id}>{useTemplateRealtime([id]).getTemplateUpdate(id)?.usage?.usageCount ?? "none"}</li>;
}

/** Draws the components on the client that listens, and a row for each template. */
async function draw(templates: readonly string[]): Promise<void> {
  const root = document.createElement("main");
  document.body.append(root);
  const drawn = (
    <WebSocketProvider client={client} autoConnect={false}>
      <h1>Templates</h1>
      <WebSocketStatus showDetails />
      <ConnectionNotice after={500} />
      <ul>
        {templates.map((id) => (
          <Row key={id} id={id} />
        ))}
      </ul>
    </WebSocketProvider>
  );
  flushSync(() => createRoot(root).render(drawn)); // the hooks listen from here on
  await client?.subscribe({ types: FAMILIES.templates }, () => {}).ready; // the hooks' own, shared
}

/** What axe finds on the page. */
async function faults(): Promise<string[]> {
  const { violations } = await axe.run(document);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

const app = { ready: false, tokens: 0, began: Date.now(), heard, states, listen, draw, faults, health: () => client?.health };
Object.assign(window, { app });
