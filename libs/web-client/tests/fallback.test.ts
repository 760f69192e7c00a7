/** Where a WebSocket cannot be had: over to `/events` and back, with nothing lost or told twice. */

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fallbackDial } from "../src/index";
import type { Gap, RealtimeOptions } from "../src/index";
import { merged } from "../src/fallback/merging";
import { eventsAddress } from "../src/fallback/requests";
import { parser } from "../src/fallback/stream";
import type { StreamEvent } from "../src/fallback/stream";
import { Listener, fakeSite, until } from "./sites";
import { token } from "./socket";

type FakeSite = Awaited<ReturnType<typeof fakeSite>>;

let site: FakeSite;
let listeners: Listener[] = [];
beforeEach(async () => void (site = await fakeSite()));
afterEach(async () => {
  for (const each of listeners) each.client.disconnect();
  listeners = [];
  await site.close();
});

async function listener(options: RealtimeOptions = {}, bearer?: () => Promise<string>): Promise<Listener> {
  const made = new Listener(site, bearer ?? (await site.token(1)), { fallback: fallbackDial({ pollSeconds: 1 }), ...options });
  listeners.push(made);
  return made;
}

const usage = (name: string): void => void site.edge.emit("template_usage", { name });

describe("a client", () => {
  it("goes over by itself after two WebSockets that never opened, and comes back, with every event once", async () => {
    site.edge.blockWebSockets = true;
    const one = await listener({ upgradeAfter: 100 });
    await one.listen(["template_usage"]);
    expect(one.client.health.transport).toBe("fallback");
    const names: string[] = [];
    const emit = (): void => {
      names.push(`n${names.length}`);
      usage(names.at(-1) as string);
    };
    emit();
    await until(() => one.heard.length === 1, "an event over HTTP");
    expect(one.client.send("mark_read")).toBe(false);
    const ticking = setInterval(emit, 5);
    await new Promise((resolve) => setTimeout(resolve, 300));
    site.edge.blockWebSockets = false;
    await until(() => one.client.health.transport === "websocket" && one.client.isConnected, "a WebSocket");
    clearInterval(ticking);
    emit();
    await until(() => one.heard.length >= names.length, "all events");
    expect(one.names).toEqual(names);
    await until(() => site.edge.accepted.length === 1, "the message that waited");
    expect(one.states.filter((state) => state === "connected")).toHaveLength(1);
  });

  it("stays on WebSockets where these open, however often they break", async () => {
    const one = await listener();
    await one.listen(["template_usage"]);
    for (let round = 0; round < 5; round++) {
      site.edge.drop();
      const losses = (): number => one.states.filter((state) => state === "reconnecting").length;
      await until(() => losses() > round && one.client.state === "connected", "the loss, and a connection");
    }
    expect(one.client.health.transport).toBe("websocket");
  });

  it("is on a WebSocket again once an edge that was away is back", async () => {
    await site.kill();
    let back: Promise<void> | undefined;
    // The edge comes back between the WebSockets that failed and the first request of the fallback.
    const late: typeof fetch = async (...asked) => {
      await (back ??= site.start());
      return fetch(...asked);
    };
    const one = await listener({ fallback: fallbackDial({ fetch: late }) });
    await one.listen(["template_usage"]);
    await until(() => one.client.health.transport === "websocket" && one.client.isConnected, "a WebSocket");
    expect(back).toBeDefined();
    usage("n0");
    await until(() => one.heard.length === 1, "an event");
    expect(one.names).toEqual(["n0"]);
  });

  it("polls where a proxy holds event streams back", async () => {
    site.edge.holdStreams = true;
    const one = await listener({ WebSocket: null, fallback: fallbackDial({ pollSeconds: 1, streamTimeout: 100 }) });
    await one.listen(["template_usage"]);
    usage("n0");
    await until(() => one.heard.length === 1, "an event");
    usage("n1");
    await until(() => one.heard.length === 2, "another");
    expect(one.names).toEqual(["n0", "n1"]);
  });

  it.each(["stream", "poll"] as const)("is told what was lost, and goes on, by %s", async (prefer) => {
    const gaps: Gap[] = [];
    const one = await listener({ WebSocket: null, fallback: fallbackDial({ prefer, pollSeconds: 1 }) });
    await one.listen(["template_usage"], { onGap: (gap: Gap) => gaps.push(gap) });
    usage("n0");
    await until(() => one.heard.length === 1, "an event");
    await site.kill();
    site.edge.log.recreate();
    await site.start();
    await until(() => gaps.length > 0, "the gap");
    usage("n1");
    await until(() => one.heard.length === 2, "another event");
    expect(gaps).toEqual([{ reason: "epoch" }]);
    expect(one.client.health.gaps).toBe(1);
  });

  it("keeps the moment that a busy node names, and is back after it", async () => {
    const one = await listener({ WebSocket: null });
    site.edge.fail("events", "busy", { status: 503, retryAfter: 1 });
    const began = Date.now();
    await one.listen(["template_usage"]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(1_000);
    expect(one.client.lastError).toMatchObject({ code: 4503 });
  });

  it("renews its token before it ends", async () => {
    const almost = Math.floor(Date.now() / 1000) + 61;
    const short = `s.${btoa(JSON.stringify({ sub: "1", exp: almost })).replaceAll("=", "")}.s`;
    const tokens = [short, token("long")];
    const one = await listener({ WebSocket: null }, async () => tokens.shift() as string);
    await one.listen(["template_usage"]);
    await until(() => tokens.length === 0, "another token");
    site.edge.tokenOk = (shown) => shown !== short;
    usage("n0");
    await until(() => one.heard.length === 1, "an event");
    expect(one.states).toEqual(["connecting", "connected"]);
  });

  it("asks for all of its subscriptions at once, and gives each what it asked for", async () => {
    const one = await listener({ WebSocket: null });
    const seen: string[] = [];
    for (const id of ["a", "b"]) {
      const filters = { templateIds: [id] };
      one.client.subscribe({ types: ["template_usage"], filters }, ({ payload }) => seen.push(`${id}${payload.name}`));
    }
    await one.listen(["template_approval"]);
    await until(() => site.edge.followers.size === 1, "one request");
    for (const templateId of ["a", "b", "c"]) site.edge.emit("template_usage", { name: "x", templateId });
    site.edge.emit("template_approval", { name: "y" });
    await until(() => one.heard.length === 1, "the last");
    expect(seen).toEqual(["ax", "bx"]);
    expect(site.edge.followers.size).toBe(1);
  });

  it("in error comes from a token that is refused", async () => {
    const one = await listener({ WebSocket: null });
    site.edge.tokenOk = () => false;
    one.client.connect();
    await until(() => one.client.state === "error", "an error");
    expect(one.client.lastError?.code).toBe(4401);
  });
});

describe("an event stream", () => {
  const events = fc.array(
    fc.record({ data: fc.stringMatching(/^[a-z :]{1,8}$/), id: fc.option(fc.stringMatching(/^[a-z0-9.:,]{1,6}$/)) }),
    { maxLength: 8 },
  );

  it("reads the same however it is cut into pieces, and whatever ends its lines", () => {
    fc.assert(
      fc.property(events, fc.constantFrom("\n", "\r\n", "\r"), fc.integer({ min: 1, max: 9 }), (told, end, length) => {
        const lines = told.map(({ data, id }) => `${id ? `id: ${id}${end}` : ""}: a comment${end}data: ${data}${end}${end}`);
        const text = lines.join("") + "x"; // what is not finished is not told
        const heard: StreamEvent[] = [];
        const take = parser((event) => heard.push(event));
        for (let at = 0; at < text.length; at += length) take(text.slice(at, at + length));
        expect(heard).toEqual(told.map(({ data, id }) => ({ name: "message", data, id: id ?? undefined })));
      }),
    );
  });
});

describe("many subscriptions as one", () => {
  const all = { types: ["a"], filters: {} };
  it.each([
    ["keep filters that they have in common", [{ ...all, filters: { x: 1 } }, { types: ["b"], filters: { x: 1 } }], { x: 1 }],
    ["drop those that they have not", [{ ...all, filters: { x: 1 } }, all], {}],
    ["name every user that one of them names", [{ ...all, filters: { userId: 7 } }, all], { userId: [7, 1] }],
    ["ask for all users when one does", [{ ...all, filters: { userId: "*" } }, { ...all, filters: { userId: { in: [7] } } }], { userId: "*" }],
  ])("%s", (_, wanted, filters) => {
    expect(merged(wanted, token("a", 1)).filters).toEqual(filters);
  });
});

it("is at the edge's own address", () => {
  expect(eventsAddress("wss://edge.example/ws")).toBe("https://edge.example/events");
  expect(eventsAddress("ws://edge:80/api/ws/?a=b")).toBe("http://edge/api/events?a=b");
  expect(eventsAddress("ws://edge")).toBe("http://edge/events");
});
