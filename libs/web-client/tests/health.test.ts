/** What a client says about itself: every field of its health, and the console. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Bench, pass, token } from "./socket";

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it("every field of health says what has happened", async () => {
  const bench = new Bench();
  expect(bench.client.health).toEqual({
    state: "disconnected", transport: "websocket", connectedAt: null, lastMessageAt: null, reconnectAttempts: 0,
    messagesReceived: 0, messagesSent: 0, latency: null, queueDepth: 0, messagesRefused: 0, messagesLost: 0,
    duplicates: 0, gaps: 0, invalid: 0, subscriptions: 0,
  });
  bench.client.subscribe({ types: ["template_usage"] }, () => {});
  bench.client.send("mark_read", "n1");
  expect(bench.client.health).toMatchObject({ queueDepth: 1, subscriptions: 1, messagesSent: 0 });
  const first = await bench.open();
  first.subscribed({ recovered: false, reason: "retention" });
  first.usage("e1", "p:1");
  first.usage("e1", "p:1");
  first.tell("template_usage", { name: 7 }, { id: "e2", cursor: "p:2" });
  await pass(40);
  first.tell("heartbeat", { response: true, cursors: [] });
  const now = Date.now();
  expect(bench.client.health).toMatchObject({
    state: "connected", connectedAt: now - 40, lastMessageAt: now, latency: 40, messagesReceived: 3, messagesSent: 1,
    queueDepth: 0, duplicates: 1, gaps: 1, invalid: 1, reconnectAttempts: 0,
  });
  first.end();
  expect(bench.client.health).toMatchObject({
    state: "reconnecting", connectedAt: null, reconnectAttempts: 1, messagesLost: 1,
  });
});

it("it says on the console what happens when told so, and no token", async () => {
  const said = vi.spyOn(console, "debug").mockImplementation(() => {});
  await new Bench().open();
  expect(said).not.toHaveBeenCalled();
  const bench = new Bench({ debug: true });
  (await bench.open()).end(4503, "busy");
  const words = JSON.stringify(said.mock.calls);
  for (const each of ["connecting", "connected", "reconnecting", "busy"]) expect(words).toContain(each);
  expect(words).not.toContain(token());
});
