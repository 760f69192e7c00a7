/** Pages one after the other in one browser, whose database is an implementation of IndexedDB in memory. */

import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { indexedDbStore } from "../src/index";
import type { Gap, OfflineOptions, OfflineStore } from "../src/index";
import { Listener, fakeSite, until } from "./sites";

type FakeSite = Awaited<ReturnType<typeof fakeSite>>;

let site: FakeSite;
let factory: IDBFactory;
beforeEach(async () => {
  site = await fakeSite();
  factory = new IDBFactory();
});
afterEach(() => site.close());

/** A page on the client's database; `leave` is what the browser does. */
class Page {
  readonly store: OfflineStore;
  readonly one: Listener;

  constructor(token: string, more: Partial<OfflineOptions> = {}) {
    this.store = indexedDbStore({ user: 1, factory, writeAfter: 1, ...more });
    const { eventStore, outboxStore } = this.store;
    this.one = new Listener(site, token, { eventStore, outboxStore, fallback: null });
  }

  listen(more: object = {}): void {
    this.one.listen(["template_usage"], more).catch(() => {});
  }

  async leave(): Promise<void> {
    await this.store.flush();
    this.one.client.disconnect();
  }
}

const usage = (name: string): void => void site.edge.emit("template_usage", { name });

/** A page that has heard `names`. */
async function visited(token: string, names: readonly string[], more: Partial<OfflineOptions> = {}): Promise<void> {
  const page = new Page(token, more);
  page.listen();
  await until(() => page.one.client.isConnected, "a connection");
  await until(() => site.edge.said("subscribe").length > 0, "a subscription");
  for (const name of names) usage(name);
  await until(() => page.one.heard.length >= names.length, "the events");
  await page.leave();
}

describe("a page that is opened without a network", () => {
  it("shows what the last one knew, and catches up", async () => {
    const token = await site.token(1);
    await visited(token, ["a", "b"]);
    usage("missed");
    await site.kill();
    const page = new Page(token);
    page.listen();
    await until(() => page.one.heard.length === 2, "what was kept");
    expect(page.one.names).toEqual(["a", "b"]);
    await site.start();
    await until(() => page.one.heard.length === 3, "what was missed");
    expect(page.one.names).toEqual(["a", "b", "missed"]);
    await page.leave();
  });

  it("has the messages that were not sent yet, and sends them once", async () => {
    const token = await site.token(1);
    const first = new Page(token);
    first.one.client.send("mark_read", 1);
    first.one.client.send("mark_read", 2);
    await until(() => first.one.client.health.queueDepth === 2, "the queue");
    await new Promise((resolve) => setTimeout(resolve, 50)); // the browser writes
    for (let visit = 0; visit < 2; visit++) {
      const page = new Page(token);
      page.one.client.connect();
      await until(() => site.edge.accepted.length === 2, "the messages");
      await page.leave();
    }
    expect(site.edge.accepted).toMatchObject([{ data: 1 }, { data: 2 }]);
  });
});

describe("what is kept", () => {
  it("is bounded, by events and by subscriptions", async () => {
    const token = await site.token(1);
    const names = Array.from({ length: 25 }, (_, index) => `n${index}`);
    await visited(token, names, { events: 10, subscriptions: 1 });
    const other = indexedDbStore({ user: 1, factory, subscriptions: 1, writeAfter: 1 });
    await site.kill();
    const page = new Page(token);
    page.listen();
    await until(() => page.one.heard.length === 10, "what was kept");
    expect(page.one.names).toEqual(names.slice(-10));
    await page.leave();
    other.eventStore.record("another", undefined, () => []);
    await other.flush();
    const last = new Page(token);
    expect(await last.store.eventStore.load("another")).toBeDefined();
    last.listen();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(last.one.heard).toHaveLength(0);
    await last.leave();
    await site.start();
  });

  it("is nobody else's, and gone when the user signs out", async () => {
    const token = await site.token(1);
    await visited(token, ["a"]);
    await site.kill();
    const stranger = new Page(token, { user: 2 });
    stranger.listen();
    const same = new Page(token);
    await same.store.clear();
    same.listen();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([stranger.one.heard, same.one.heard]).toEqual([[], []]);
    await Promise.all([stranger.leave(), same.leave()]);
    await site.start();
  });

  it("is forgotten at a gap: what came before is not known to be whole", async () => {
    const token = await site.token(1);
    await visited(token, ["a"]);
    site.edge.log.recreate();
    const gaps: Gap[] = [];
    const page = new Page(token);
    page.listen({ onGap: (gap: Gap) => gaps.push(gap) });
    await until(() => gaps.length === 1, "the gap");
    usage("b");
    await until(() => page.one.heard.length === 2, "an event");
    await page.leave();
    const last = new Page(token);
    last.listen();
    await until(() => last.one.heard.length === 1, "what was kept");
    expect(last.one.names).toEqual(["b"]);
    await last.leave();
  });

  it("is missed, and nothing else, where there is no database", async () => {
    const errors: unknown[] = [];
    const broken = { open: () => { throw new Error("private browsing"); } } as unknown as IDBFactory;
    const page = new Page(await site.token(1), { factory: broken, onError: (error) => errors.push(error) });
    page.listen();
    await until(() => page.one.client.isConnected, "a connection");
    await until(() => site.edge.said("subscribe").length > 0, "a subscription");
    usage("a");
    await until(() => page.one.heard.length === 1, "an event");
    page.one.client.send("mark_read", 1);
    await until(() => site.edge.accepted.length === 1, "the message");
    await page.leave();
    expect(errors.length).toBeGreaterThan(0);
  });
});
