/** Subscriptions on one connection: who gets which event, once, from where, and what is passed over. */

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BadFilter } from "../src/index";
import type { EdgeError, Gap } from "../src/index";
import { Cursors } from "../src/core/cursors";
import { Held } from "../src/core/held";
import { SeenIds } from "../src/core/seen";
import { Bench, pass, settle } from "./socket";

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

/** A subscription that stands, and one to approvals besides that is to be replayed from `p:1`. */
async function two() {
  const bench = new Bench();
  const seen: string[] = [];
  bench.client.subscribe({ types: ["template_usage"] }, () => {});
  const socket = await bench.open();
  socket.subscribed({ cursors: ["p:0"] });
  const types = ["template_usage", "template_approval"] as const;
  const second = bench.client.subscribe({ types, resume: ["p:1"] }, ({ id }) => seen.push(id));
  return { bench, socket, seen, second };
}

describe("a subscription", () => {
  it("is asked for when the connection opens, and again on each one, from where it stood", async () => {
    const bench = new Bench();
    const seen: string[] = [];
    const made = bench.client.subscribe({ types: ["template_usage"] }, ({ id }) => seen.push(id));
    const first = await bench.open();
    expect(first.actions("subscribe")[0]?.payload.config).toEqual({ types: ["template_usage"] });
    first.subscribed({ cursors: ["p:4"] });
    await made.ready;
    first.usage("e5", "p:5");
    first.end();
    await pass(1_500);
    bench.socket.greet();
    expect(bench.socket.actions("subscribe")[0]?.payload.config).toEqual({
      types: ["template_usage"],
      resume: ["p:5"],
    });
    bench.socket.usage("e5", "p:5"); // an edge does not; a producer that restarted does
    bench.socket.usage("e6", "p:6");
    bench.socket.subscribed({ cursors: ["p:6"] });
    expect(seen).toEqual(["e5", "e6"]);
    expect(made.cursors).toEqual(["p:6"]);
    expect(bench.client.health.duplicates).toBe(1);
  });

  it("does not fall behind while nothing happens on it", async () => {
    const bench = new Bench();
    const made = bench.client.subscribe({ types: ["template_usage"] }, () => {});
    const socket = await bench.open();
    socket.subscribed({ cursors: ["p:4"] });
    await pass(30_000);
    socket.tell("heartbeat", { response: true, cursors: ["p:90", "q:3"] });
    expect(made.cursors).toEqual(["p:90"]);
    expect(bench.client.health.latency).toBe(0);
  });

  it("asks for the past once, and then goes on from its cursors", async () => {
    const bench = new Bench();
    bench.client.subscribe({ types: ["template_usage"], since: "2026-01-01T00:00:00Z" }, () => {});
    const socket = await bench.open();
    expect(socket.actions("subscribe")[0]?.payload.config).toMatchObject({ since: "2026-01-01T00:00:00Z" });
    socket.subscribed({ cursors: ["p:4"] });
    socket.end();
    await pass(1_500);
    bench.socket.greet();
    expect(bench.socket.actions("subscribe")[0]?.payload.config).toEqual({
      types: ["template_usage"],
      resume: ["p:4"],
    });
  });

  it("tells a gap, and goes on from the edge's positions alone", async () => {
    const bench = new Bench();
    const gaps: Gap[] = [];
    const config = { types: ["template_usage"] as const, resume: ["old:4"], onGap: (gap: Gap) => gaps.push(gap) };
    const made = bench.client.subscribe(config, () => {});
    const socket = await bench.open();
    socket.subscribed({ cursors: ["new:0"], recovered: false, reason: "epoch" });
    expect(gaps).toEqual([{ reason: "epoch" }]);
    expect(made.cursors).toEqual(["new:0"]);
    expect(bench.client.health.gaps).toBe(1);
  });

  it("is shared by all that ask for the same, and ended with the last of them", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    const seen: string[] = [];
    const filters = { templateIds: ["t1"], name: "n" };
    const turned = { name: "n", templateIds: ["t1"] };
    const first = bench.client.subscribe({ types: ["template_usage"], filters }, () => seen.push("first"));
    const second = bench.client.subscribe({ types: ["template_usage"], filters: turned }, () => seen.push("second"));
    expect(socket.actions("subscribe")).toHaveLength(1);
    socket.subscribed();
    socket.usage("e1", "p:1");
    first.unsubscribe();
    first.unsubscribe();
    await settle();
    socket.usage("e2", "p:2");
    expect(seen).toEqual(["first", "second", "second"]);
    second.unsubscribe();
    const third = bench.client.subscribe({ types: ["template_usage"], filters }, () => {}); // in the same turn
    await settle();
    expect(socket.actions("unsubscribe")).toHaveLength(0);
    third.unsubscribe();
    await settle();
    expect(socket.actions("unsubscribe")).toHaveLength(1);
    socket.control("unsubscribed", { subscriptionId: third.id });
    socket.usage("e3", "p:3");
    expect(bench.client.health).toMatchObject({ subscriptions: 0 });
    expect(seen).toHaveLength(3);
  });

  it("gets only what it asked for where others have its type", async () => {
    const bench = new Bench();
    const seen: string[] = [];
    for (const template of ["t1", "t2"]) {
      const filters = { templateIds: [template] };
      bench.client.subscribe({ types: ["template_usage"], filters }, ({ id }) => seen.push(`${template} ${id}`));
    }
    const socket = await bench.open();
    socket.usage("e1", "p:1", { templateId: "t2" });
    socket.usage("e2", "p:2", { templateId: "t1" });
    socket.usage("e3", "p:3", { templateId: "t3" });
    expect(seen).toEqual(["t2 e1", "t1 e2"]);
    expect(bench.client.health.duplicates + bench.client.health.invalid).toBe(0);
  });

  it("is not given the past of another, nor keeps positions that are the other's", async () => {
    const bench = new Bench();
    const live: string[] = [];
    const past: string[] = [];
    const first = bench.client.subscribe({ types: ["template_usage"] }, ({ id }) => live.push(id));
    const socket = await bench.open();
    socket.subscribed({ cursors: ["p:9"] });
    const since = "2026-01-01T00:00:00Z";
    const second = bench.client.subscribe({ types: ["template_usage"], since }, ({ id }) => past.push(id));
    socket.usage("e8", "p:8");
    socket.usage("e9", "p:9");
    socket.usage("e10", "p:10"); // new, for the sake of the first
    expect(second.cursors).toEqual([]);
    socket.subscribed({ cursors: ["p:10"] });
    expect(live).toEqual(["e10"]);
    expect(past).toEqual(["e8", "e9", "e10"]);
    expect(first.cursors).toEqual(["p:10"]);
  });

  it("is given its events in order where what it shares with another comes with the other's replay", async () => {
    const { bench, socket, seen } = await two();
    socket.usage("d", "p:9"); // with the first one's replay
    socket.usage("c", "p:10");
    expect(seen).toEqual([]);
    socket.approval("a", "p:4");
    socket.approval("e", "p:11");
    socket.usage("f", "p:12");
    expect(seen).toEqual(["a", "d", "c", "e"]);
    socket.subscribed({ cursors: ["p:12"] });
    socket.usage("g", "p:13");
    expect(seen).toEqual(["a", "d", "c", "e", "f", "g"]);
    expect(bench.client.health.duplicates).toBe(0);
  });

  it("is given on the next connection what waited for a replay on this one", async () => {
    const { bench, socket, seen } = await two();
    socket.usage("b", "p:9");
    socket.end();
    await pass(1_500);
    bench.socket.greet();
    const asked = bench.socket.actions("subscribe").map((each) => (each.payload.config as { resume: string[] }).resume);
    expect(asked).toEqual([["p:9"], ["p:1"]]);
    bench.socket.approval("a", "p:4");
    bench.socket.usage("b", "p:9");
    bench.socket.approval("c", "p:10");
    expect(seen).toEqual(["a", "b", "c"]);
  });

  it("keeps its place while it is refused for now", async () => {
    const { socket, seen, second } = await two();
    const refusal = { subscriptionId: second.id, message: "busy; retry after 2000 ms" };
    socket.tell("error", { ...refusal, code: "not_ready", retryable: true });
    socket.usage("b", "p:9");
    await pass(3_500);
    expect(socket.actions("subscribe").at(-1)?.payload.config).toMatchObject({ resume: ["p:1"] });
    socket.approval("a", "p:4");
    socket.subscribed({ cursors: ["p:9"] });
    expect(seen).toEqual(["a", "b"]);
  });

  it("is asked for again when it was refused for now, and told when it was refused for good", async () => {
    const bench = new Bench();
    const errors: string[] = [];
    const onError = (error: unknown): void => void errors.push((error as EdgeError).code);
    const made = bench.client.subscribe({ types: ["template_usage"], onError }, () => {});
    const socket = await bench.open();
    const refusal = { subscriptionId: made.id, message: "busy; retry after 2000 ms" };
    socket.tell("error", { ...refusal, code: "not_ready", retryable: true });
    await pass(1_999);
    expect(socket.actions("subscribe")).toHaveLength(1);
    await pass(1_501);
    expect(socket.actions("subscribe")).toHaveLength(2);
    socket.tell("error", { ...refusal, code: "forbidden", retryable: false });
    expect(errors).toEqual(["forbidden"]);
    await expect(made.ready).rejects.toMatchObject({ code: "forbidden" });
    socket.end();
    await pass(1_500);
    bench.socket.greet();
    expect(bench.socket.actions("subscribe")).toHaveLength(0);
  });

  it("by a name replaces the one of that name, and ends by it", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    const seen: string[] = [];
    bench.client.subscribe("mine", { types: ["template_usage"] }, () => seen.push("old"));
    bench.client.subscribe("mine", { types: ["template_usage", "template_approval"] }, () => seen.push("new"));
    await settle();
    socket.usage("e1", "p:1");
    bench.client.unsubscribe("mine");
    await settle();
    expect(seen).toEqual(["new"]);
    expect(socket.actions("unsubscribe")).toHaveLength(2);
  });

  it("that means nothing is refused at once", () => {
    const bench = new Bench();
    const subscribe = (config: object) => () => bench.client.subscribe(config as never, () => {});
    expect(subscribe({ types: [] })).toThrow(TypeError);
    expect(subscribe({ types: ["template_usage"], filters: { nothing: 1 } })).toThrow(BadFilter);
    expect(subscribe({ types: ["template_usage"], since: "now", resume: [] })).toThrow("either since or resume");
  });
});

describe("what comes", () => {
  const garbage = ["", "{", "5", "null", "[]", '{"type":5}', '{"type":"template_usage"}', '{"type":"error","payload":5}'];

  it.each(garbage)("is counted and passed over when it is %j", async (text) => {
    const bench = new Bench();
    const told: string[] = [];
    bench.client.on("invalid", (why) => told.push(why));
    const socket = await bench.open();
    socket.onmessage?.({ data: text });
    socket.onmessage?.({ data: new ArrayBuffer(2) });
    expect(bench.client.health).toMatchObject({ state: "connected", invalid: 1 });
    expect(told).toHaveLength(1);
  });

  it("is passed over when it is not what its type says, and the next is not", async () => {
    const bench = new Bench();
    const seen: string[] = [];
    const made = bench.client.subscribe({ types: ["template_usage"] }, ({ id }) => seen.push(id));
    const socket = await bench.open();
    socket.subscribed();
    socket.usage("bad", "p:1", { usageCount: "many" });
    socket.usage("good", "p:2", { outcome: "an outcome of tomorrow" });
    expect(seen).toEqual(["good"]);
    expect(made.cursors).toEqual(["p:2"]);
    expect(bench.client.health.invalid).toBe(1);
  });

  it("reaches the others when one callback throws", async () => {
    const bench = new Bench();
    const seen: string[] = [];
    bench.client.subscribe({ types: ["template_usage"] }, () => {
      throw new Error("of the page");
    });
    bench.client.subscribe({ types: ["template_usage"] }, ({ id }) => seen.push(id));
    (await bench.open()).usage("e1", "p:1");
    expect(seen).toEqual(["e1"]);
    expect(bench.errors).toEqual([new Error("of the page")]);
  });

  it("is answered when it is the edge's heartbeat, and never when it is an answer", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    const before = socket.beats().length;
    socket.tell("heartbeat", { timestamp: "t" });
    socket.tell("heartbeat", { timestamp: "t", response: true });
    expect(socket.beats().slice(before).map(({ payload }) => payload["response"])).toEqual([true]);
  });
});

describe("heartbeats", () => {
  it.each([
    [{}, 30_000],
    [{ heartbeatIntervalMs: 5_000 }, 5_000],
  ])("go out as often as the edge asks: %j", async (greeting, interval) => {
    const bench = new Bench();
    bench.client.connect();
    await settle();
    bench.socket.greet(greeting);
    const { length } = bench.socket.beats();
    await pass(interval - 1);
    expect(bench.socket.beats()).toHaveLength(length);
    await pass(1);
    expect(bench.socket.beats()).toHaveLength(length + 1);
  });

  it("go out more often when the application wants it", async () => {
    const bench = new Bench({ heartbeatInterval: 1_000 });
    const socket = await bench.open();
    await pass(3_000);
    expect(socket.beats()).toHaveLength(4);
  });
});

describe("memory of ids", () => {
  it("says of each id once that it is new, and never forgets the newest `capacity`", () => {
    const calls = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), calls, (capacity, ids) => {
        const seen = new SeenIds(capacity);
        const last = new Map<number, number>();
        ids.forEach((id, index) => {
          const isNew = seen.isNew(String(id));
          const before = last.get(id);
          const between = before === undefined ? Infinity : new Set(ids.slice(before, index)).size;
          if (before === undefined) expect(isNew).toBe(true);
          else if (between <= capacity) expect(isNew).toBe(false);
          last.set(id, index);
        });
      }),
    );
  });
});

describe("memory of many ids", () => {
  it("knows what a set would know, also of ids that look alike to it", () => {
    const alike = fc.array(fc.constantFrom("Aa", "BB"), { minLength: 10, maxLength: 10 }).map((parts) => parts.join(""));
    const ids = fc.array(fc.oneof(alike, fc.integer({ min: 0, max: 3_000 }).map(String)), {
      minLength: 500,
      maxLength: 3_000,
      size: "max",
    });
    fc.assert(
      fc.property(ids, (come) => {
        const seen = new SeenIds(come.length + 1);
        const known = new Set<string>();
        for (const id of come) {
          expect(seen.isNew(id)).toBe(!known.has(id));
          known.add(id);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("cursors", () => {
  const cursor = fc.tuple(fc.constantFrom("a", "b:1", "c"), fc.integer({ min: -1, max: 30 }));

  it("keep the newest that came of each place, and know what is behind it", () => {
    fc.assert(
      fc.property(fc.array(cursor), cursor, (came, [place, number]) => {
        const cursors = new Cursors(came.map(([name, at]) => `${name}:${at}`));
        const newest = new Map(came);
        expect(new Set(cursors.list())).toEqual(new Set([...newest].map(([name, at]) => `${name}:${at}`)));
        const known = newest.get(place);
        expect(cursors.isBehind(`${place}:${number}`)).toBe(known !== undefined && number <= known);
      }),
    );
  });

  it("hold what waits in order of position, and no more than they may", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 20 }), (positions, capacity) => {
        const held = new Held<{ cursor: string }>(capacity);
        const given = positions.map((each) => held.put({ cursor: `p:${each}` })).filter((each) => each !== undefined);
        const before = held.upTo({ cursor: "p:25" });
        const rest = held.all();
        const numbers = [...before, ...rest].map(({ cursor }) => Number(cursor.slice(2)));
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        expect(numbers).toHaveLength(Math.min(capacity, positions.length));
        expect(before).toHaveLength(numbers.filter((each) => each < 25).length);
        expect(given).toHaveLength(positions.length - numbers.length);
        expect(held.all()).toEqual([]);
      }),
    );
  });

  it("do not compare what is no number", () => {
    expect(new Cursors(["p:5"]).isBehind("p:x")).toBe(false);
    expect(new Cursors(["p:"]).isBehind("p:1")).toBe(false);
  });
});
