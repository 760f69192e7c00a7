/** The same scripts against the fake edge and a real one, so that the fake cannot lie. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { fallbackDial } from "../src/index";
import type { RealtimeOptions } from "../src/index";
import { ExistingClient } from "./dialect";
import { Listener, fakeSite, realSite, until } from "./sites";
import type { Emission, Site } from "./sites";

const PATIENCE = 60_000;
let users = process.pid * 100;

const usage = (user: number, name: string, templateId = "t1"): Emission => ({
  type: "template_usage",
  user,
  changes: { name, templateId } as object,
});

/** Of each answer to what a client says: its action or code, and the names in its payload. */
async function answers(site: Site, token: string, said: object[]): Promise<[string, string[]][]> {
  const socket = new WebSocket(site.url, ["autodmca.v1", `bearer.${token}`]);
  const heard: [string, string[]][] = [];
  await new Promise<void>((resolve) => {
    socket.on("message", (data) => {
      const { type, payload } = JSON.parse(String(data));
      heard.push([payload.action ?? payload.code ?? type, Object.keys(payload).sort()]);
      const next = said[heard.length - 1];
      if (next) socket.send(JSON.stringify(next));
      else resolve();
    });
  });
  socket.terminate();
  return heard;
}

describe.each([
  ["fake", fakeSite],
  ["real", realSite],
])("on the %s edge", (_, make: () => Promise<Site>) => {
  let site: Site;
  let user: number;
  let listeners: Listener[] = [];
  const listener = (token: string | (() => Promise<string>), options?: RealtimeOptions): Listener => {
    const made = new Listener(site, token, options);
    listeners.push(made);
    return made;
  };
  beforeAll(async () => void (site = await make()), PATIENCE);
  afterAll(() => site.close(), PATIENCE);
  afterEach(() => {
    for (const each of listeners) each.client.disconnect();
    listeners = [];
  });

  const script = (name: string, act: () => Promise<void>): void =>
    it(name, async () => ((user = ++users), act()), PATIENCE);

  script("a client hears its user's events, whole, and nobody else's", async () => {
    const one = listener(await site.token(user));
    await one.listen(["template_usage", "system_notification"]);
    await site.emit(usage(user + 1_000_000, "not mine"), usage(user, "mine"));
    await site.emit({ type: "system_notification", user });
    await until(() => one.heard.length === 2, "two events");
    const mine = one.heard.find(({ type }) => type === "template_usage"); // topics have no common order
    expect(mine).toMatchObject({ userId: user, payload: { name: "mine" } });
    expect(mine?.cursor).toMatch(/:\d+$/);
    expect(one.heard.map(({ type }) => type).sort()).toEqual(["system_notification", "template_usage"]);
    expect(one.client.health).toMatchObject({ state: "connected", messagesReceived: 2, invalid: 0, transport: "websocket" });
  });

  script("what happened while a connection was cut comes once, in order", async () => {
    const one = listener(await site.token(user));
    await one.listen(["template_usage"]);
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
    for (const name of names) {
      await site.emit(usage(user, name));
      if (Number(name.slice(1)) % 7 === 3) one.cut();
    }
    await until(() => one.heard.length >= names.length, "all events");
    expect(one.names).toEqual(names);
    expect(one.client.health.gaps).toBe(0);
  });

  script("nothing is missed when the edge dies and comes back", async () => {
    const one = listener(await site.token(user));
    await one.listen(["template_usage"]);
    await site.emit(usage(user, "before"));
    await until(() => one.heard.length === 1, "the first event");
    await site.kill();
    await until(() => one.client.state === "reconnecting", "the loss");
    await site.start();
    await site.emit(usage(user, "after"));
    await until(() => one.heard.length === 2, "the second event");
    expect(one.names).toEqual(["before", "after"]);
  });

  script("several subscriptions of a type get what each asked for", async () => {
    const one = listener(await site.token(user));
    const seen: string[] = [];
    for (const template of ["a", "b"]) {
      const filters = { templateIds: [template] };
      one.client.subscribe({ types: ["template_usage"], filters }, ({ payload }) => seen.push(template + payload.name));
    }
    await one.listen(["template_usage"]);
    await site.emit(usage(user, "1", "a"), usage(user, "2", "b"), usage(user, "3", "c"));
    await until(() => one.heard.length === 3, "three events");
    expect(seen).toEqual(["a1", "b2"]);
  });

  script("the past comes first where it is asked for", async () => {
    const since = new Date(Date.now() - 60_000).toISOString();
    await site.emit(usage(user, "past"));
    const one = listener(await site.token(user));
    await one.listen(["template_usage"], { since });
    await site.emit(usage(user, "present"));
    await until(() => one.heard.length === 2, "the past and the present");
    expect(one.names).toEqual(["past", "present"]);
  });

  script("what the edge refuses is said to who asked", async () => {
    const one = listener(await site.token(user));
    await expect(one.listen(["no_such_type" as never])).rejects.toMatchObject({ code: "unknown_type" });
    await one.listen(["template_usage"]);
  });

  script("a token that is not good is an error", async () => {
    const one = listener("none");
    one.client.connect();
    await until(() => one.client.state === "error", "an error");
    expect(one.client.lastError?.code).toBe(4401);
  });

  script("a message is accepted", async () => {
    const one = listener(await site.token(user));
    one.client.connect();
    await one.client.request("mark_read", { notificationId: "n1" });
    expect(one.client.health).toMatchObject({ messagesSent: 1, messagesLost: 0, queueDepth: 0 });
  });

  script("a token is renewed on the connection that stands", async () => {
    const one = listener(() => site.token(user, 64));
    await one.listen(["template_usage"]);
    const [socket] = one.sockets;
    const said: string[] = [];
    socket?.on("message", (data) => said.push(JSON.parse(String(data)).payload.action));
    await until(() => said.includes("authenticated"), "a renewed token");
    await site.emit(usage(user, "after"));
    await until(() => one.heard.length === 1, "an event");
    expect(one.states).toEqual(["connecting", "connected"]);
  });

  describe.each(["stream", "poll"] as const)("without WebSockets, by %s", (prefer) => {
    const blocked = (): RealtimeOptions => ({ WebSocket: null, fallback: fallbackDial({ prefer, pollSeconds: 2 }) });

    script("events come, once and in order, over a restart of the edge too", async () => {
      const one = listener(await site.token(user), blocked());
      await one.listen(["template_usage", "system_notification"]);
      expect(one.client.health.transport).toBe("fallback");
      await site.emit(usage(user, "n0"));
      await until(() => one.heard.length === 1, "an event");
      await site.kill();
      await until(() => one.client.state === "reconnecting", "the loss");
      await site.start();
      await site.emit(usage(user, "n1"));
      await site.emit(usage(user, "n2"));
      await until(() => one.heard.length >= 3, "three events");
      expect(one.names).toEqual(["n0", "n1", "n2"]);
    });

    script("a subscription that comes later has its own past, and the others none of it", async () => {
      const since = new Date(Date.now() - 60_000).toISOString();
      const before = listener(await site.token(user), blocked());
      await before.listen(["template_usage"]);
      await site.emit(usage(user, "past"));
      await until(() => before.heard.length === 1, "that the edge has handed out the past");
      const one = listener(await site.token(user), blocked());
      await one.listen(["template_usage"]);
      const seen: string[] = [];
      const filters = { templateIds: ["t1"] };
      const second = one.client.subscribe({ types: ["template_usage"], since, filters }, ({ payload }) => seen.push(payload.name));
      await second.ready;
      await site.emit(usage(user, "present"));
      await until(() => seen.length === 2 && one.heard.length === 1, "the present");
      expect(seen).toEqual(["past", "present"]);
      expect(one.names).toEqual(["present"]);
    });

    script("one that is refused does not harm the others", async () => {
      const one = listener(await site.token(user), blocked());
      await expect(one.listen(["no_such_type" as never])).rejects.toMatchObject({ code: "unknown_type" });
      await one.listen(["template_usage"]);
      await site.emit(usage(user, "n0"));
      await until(() => one.heard.length === 1, "an event");
    });

    script("a token that is not good is an error", async () => {
      const one = listener("none", blocked());
      one.client.connect();
      await until(() => one.client.state === "error", "an error");
      expect(one.client.lastError?.code).toBe(4401);
    });
  });

  script("the client of today is understood as it is", async () => {
    const today = new ExistingClient(site.url, await site.token(user));
    await today.answered("authenticated");
    today.control({ action: "subscribe", subscriptionId: "s", config: { types: ["template_usage"], filters: { templateIds: ["t1"] } } });
    await today.answered("subscribed");
    await site.emit(usage(user, "mine"), usage(user, "not mine", "t2"));
    const timestamp = new Date().toISOString();
    today.say({ type: "heartbeat", payload: { timestamp }, timestamp });
    today.say({ type: "user_notification", payload: { action: "mark_read", data: {} }, timestamp });
    await today.answered("accepted");
    await until(() => today.events().length === 1, "an event");
    today.control({ action: "auth_update", token: await site.token(user) });
    today.control({ action: "unsubscribe", subscriptionId: "s" });
    await today.answered("unsubscribed");
    expect(today.actions()).toEqual([
      "connected", "authenticated", "subscribed", "accepted", "authenticated", "unsubscribed",
    ]);
    const beats = today.heard.filter(({ type }) => type === "heartbeat");
    expect(beats).toHaveLength(1); // the answer to an answer would be a second
    expect(beats[0]?.payload).toMatchObject({ timestamp, response: true });
    today.close();
  });

  script("an address with a family is subscribed to it at once", async () => {
    const today = new ExistingClient(`${site.url}/social-media`, await site.token(user));
    await today.answered("authenticated");
    await today.answered("subscribed");
    await site.emit({ type: "social_media_incident", user }, usage(user, "another family"));
    await until(() => today.events().length === 1, "an event");
    expect(today.events()).toEqual(["social_media_incident"]);
    today.close();
  });

  script("every answer has the fields of the protocol", async () => {
    const control = (payload: object): object => ({ type: "connection_established", id: "x", payload });
    const config = { types: ["template_usage"] };
    const heard = await answers(site, await site.token(user), [
      control({ action: "subscribe", subscriptionId: "s", config }),
      control({ action: "subscribe", subscriptionId: "s", config: { types: ["no_such_type"] } }),
      control({ action: "subscribe", subscriptionId: "s", config: { ...config, filters: { nothing: 1 } } }),
      control({ action: "dance" }),
      control({ action: "unsubscribe", subscriptionId: "s" }),
      { type: "heartbeat", id: "x", payload: { timestamp: "2026-03-07T10:33:00.000Z" } },
      { type: "user_notification", id: "x", payload: { action: "a", data: 1 } },
    ]);
    const refusal = ["code", "field", "inReplyTo", "message", "retryable"];
    expect(heard).toEqual([
      ["connected", [
        "action", "authTimeoutMs", "connectionId", "experiments", "heartbeatIntervalMs", "heartbeatTimeoutMs",
        "maxMessageBytes", "node", "protocol", "serverTime",
      ]],
      ["subscribed", ["action", "cursors", "inReplyTo", "recovered", "replayed", "subscriptionId", "types"]],
      ["unknown_type", [...refusal, "subscriptionId"]],
      ["bad_filter", [...refusal, "subscriptionId"]],
      ["unknown_action", refusal],
      ["unsubscribed", ["action", "inReplyTo", "subscriptionId"]],
      ["heartbeat", ["cursors", "response", "serverTime", "timestamp"]],
      ["accepted", ["action", "id", "inReplyTo"]],
    ]);
  });
});
