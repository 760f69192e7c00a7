/** Several tabs on one socket: clients in one process, whose channel is Node's and whose locks are a model. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sharedTabs } from "../src/index";
import type { Locks } from "../src/index";
import { Listener, fakeSite, until } from "./sites";

interface Request {
  readonly held: () => Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** Web Locks (W3C) as far as they are used: a line for each name, stealing, and giving up by a signal. */
class ModelLocks implements Locks {
  readonly #held = new Map<string, Request>();
  readonly #lines = new Map<string, Request[]>();

  request(name: string, options: { signal?: AbortSignal; steal?: boolean }, held: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = { held, resolve, reject };
      const line = this.#lines.get(name) ?? [];
      this.#lines.set(name, line);
      options.signal?.addEventListener("abort", () => {
        if (!line.includes(request)) return;
        line.splice(line.indexOf(request), 1);
        reject(new Error("AbortError"));
      });
      if (options.steal) {
        this.#held.get(name)?.reject(new Error("AbortError"));
        this.#grant(name, request);
      } else {
        line.push(request);
        this.#next(name);
      }
    });
  }

  #next(name: string): void {
    const request = this.#held.has(name) ? undefined : this.#lines.get(name)?.shift();
    if (request) this.#grant(name, request);
  }

  #grant(name: string, request: Request): void {
    this.#held.set(name, request);
    void Promise.resolve().then(request.held).then(() => {
      request.resolve();
      if (this.#held.get(name) !== request) return;
      this.#held.delete(name);
      this.#next(name);
    });
  }
}

type FakeSite = Awaited<ReturnType<typeof fakeSite>>;

let site: FakeSite;
let locks: ModelLocks;
let tabs: Listener[] = [];
beforeEach(async () => {
  site = await fakeSite();
  locks = new ModelLocks();
});
afterEach(async () => {
  for (const each of tabs) each.client.disconnect();
  tabs = [];
  await site.close();
});

function tab(token: string, leaderTimeout = 1_000): Listener {
  const made = new Listener(site, token, { tabs: sharedTabs({ locks, leaderTimeout }) });
  tabs.push(made);
  return made;
}

const usage = (name: string, userId = 1): void => void site.edge.emit("template_usage", { name }, { userId });

describe("tabs of a user", () => {
  it("have one socket, and each hears what it asked for", async () => {
    const token = await site.token(1);
    const [one, two, three] = [tab(token), tab(token), tab(token)];
    await one.listen(["template_usage"]);
    await two.listen(["template_usage"], { filters: { name: "b" } });
    await three.listen(["template_approval"]);
    for (const name of ["a", "b"]) usage(name);
    site.edge.emit("template_approval", { name: "c" });
    await until(() => three.heard.length === 1, "the last event");
    expect(site.edge.connections).toBe(1);
    expect([one.names, two.names, three.names]).toEqual([["a", "b"], ["b"], ["c"]]);
    await two.client.request("mark_read", 1);
    expect(site.edge.accepted).toHaveLength(1);
  });

  it("go on without a gap when the one that leads is closed", async () => {
    const token = await site.token(1);
    const [one, two, three] = [tab(token), tab(token), tab(token)];
    for (const each of [one, two, three]) await each.listen(["template_usage"]);
    usage("before");
    await until(() => three.heard.length === 1, "an event");
    one.client.disconnect();
    usage("while nobody leads");
    await until(() => site.edge.connections === 1, "another leader");
    usage("after");
    await until(() => two.heard.length >= 3 && three.heard.length >= 3, "all events");
    expect(two.names).toEqual(["before", "while nobody leads", "after"]);
    expect(three.names).toEqual(two.names);
    expect(two.states.concat(three.states)).not.toContain("reconnecting");
    expect(site.edge.connections).toBe(1);
  });

  it("all come back when the connection breaks, to one socket", async () => {
    const token = await site.token(1);
    const [one, two] = [tab(token), tab(token)];
    for (const each of [one, two]) await each.listen(["template_usage"]);
    site.edge.drop();
    await until(() => one.client.state === "reconnecting", "the loss");
    usage("missed");
    await until(() => one.heard.length === 1 && two.heard.length === 1, "what was missed");
    expect(site.edge.connections).toBe(1);
  });

  it("keep apart what is replayed for one of them", async () => {
    const token = await site.token(1);
    usage("past");
    const [one, two] = [tab(token), tab(token)];
    await one.listen(["template_usage"]);
    await two.listen(["template_usage"], { since: new Date(Date.now() - 60_000).toISOString() });
    usage("present");
    await until(() => one.heard.length === 1 && two.heard.length === 2, "both");
    expect([one.names, two.names]).toEqual([["present"], ["past", "present"]]);
  });

  it("end the subscriptions of one that is closed", async () => {
    const token = await site.token(1);
    const [one, two] = [tab(token), tab(token)];
    for (const each of [one, two]) await each.listen(["template_usage"]);
    two.client.disconnect();
    await until(() => site.edge.said("unsubscribe").length === 1, "the end of a subscription");
    usage("a");
    await until(() => one.heard.length === 1, "an event");
  });

  it("depose one that leads and does not answer", async () => {
    const token = await site.token(1);
    // Holds the lock, and says nothing: a frozen tab.
    void locks.request(`autodmca ${site.url} 1`, {}, () => new Promise(() => {})).catch(() => {});
    const one = tab(token, 100);
    await one.listen(["template_usage"]);
    usage("a");
    await until(() => one.heard.length === 1, "an event");
  });

  it("of another user have a socket of their own", async () => {
    const [one, two] = [tab(await site.token(1)), tab(await site.token(2))];
    for (const each of [one, two]) await each.listen(["template_usage"]);
    expect(site.edge.connections).toBe(2);
    usage("a", 2);
    await until(() => two.heard.length === 1, "an event");
    expect(one.heard).toHaveLength(0);
  });
});

it("without Web Locks each tab connects by itself", async () => {
  const dial = (): never => {
    throw new Error("not called");
  };
  expect(globalThis.navigator && "locks" in globalThis.navigator ? dial : sharedTabs()(dial)).toBe(dial);
});
