/** Messages of the application: bounded, in order, within the rate, each sent at most once and accounted for. */

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OutboxStore, Waiting } from "../src/index";
import { Bench, pass, settle } from "./socket";
import type { TestSocket } from "./socket";

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const sentOn = (socket: TestSocket): unknown[] =>
  socket.said.filter(({ type }) => type === "user_notification").map(({ payload }) => payload["data"]);
const idOf = (socket: TestSocket, data: unknown): string =>
  socket.said.find(({ payload }) => payload["data"] === data)?.id as string;
const accept = (socket: TestSocket, data: unknown): void =>
  socket.control("accepted", { inReplyTo: idOf(socket, data) });

class MemoryStore implements OutboxStore {
  readonly kept = new Map<string, Waiting>();
  broken = false;

  async load(): Promise<Waiting[]> {
    return [...this.kept.values()];
  }

  async put(waiting: Waiting): Promise<void> {
    this.kept.set(waiting.id, waiting);
  }

  async remove(id: string): Promise<void> {
    if (this.broken) throw new Error("the disk is full");
    this.kept.delete(id);
  }
}

describe("a message", () => {
  it("goes at once on an open connection, in the form of the protocol, and is confirmed", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    expect(bench.client.send("mark_read", 7)).toBe(true);
    expect(socket.said.at(-1)).toMatchObject({
      type: "user_notification",
      payload: { action: "mark_read", data: 7 },
      id: expect.any(String),
    });
    const taken = bench.client.request("mark_read", 8);
    accept(socket, 8);
    await expect(taken).resolves.toBeUndefined();
    expect(bench.client.health).toMatchObject({ messagesSent: 2, queueDepth: 0 });
  });

  it("in the form of today's application is the same", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    bench.client.send({ type: "user_notification", payload: { action: "a", data: { x: 1 } } });
    bench.client.send({ type: "mark_read", payload: { x: 2 } as never });
    bench.client.send({ type: "user_notification", payload: { action: "b", y: 3 } as never });
    expect(socket.said.slice(-3).map(({ payload }) => payload)).toEqual([
      { action: "a", data: { x: 1 } },
      { action: "mark_read", data: { x: 2 } },
      { action: "b", data: { y: 3 } },
    ]);
  });

  it("waits for a connection, in order", async () => {
    const bench = new Bench();
    expect([1, 2, 3].map((data) => bench.client.send("a", data))).toEqual([false, false, false]);
    expect(bench.client.health.queueDepth).toBe(3);
    expect(sentOn(await bench.open())).toEqual([1, 2, 3]);
  });

  it("is refused when too many wait, and when it is too large", async () => {
    const bench = new Bench({ queueSize: 1 });
    bench.client.send("a", 1);
    await expect(bench.client.request("a", 2)).rejects.toMatchObject({ outcome: "dropped" });
    bench.client.connect();
    await settle();
    bench.socket.greet({ maxMessageBytes: 300 });
    await expect(bench.client.request("a", "ü".repeat(150))).rejects.toThrow("larger than the 300 bytes");
    expect(bench.client.health).toMatchObject({ messagesLost: 2, messagesSent: 1 });
  });

  it("keeps to the rate", async () => {
    const bench = new Bench({ messagesPerSecond: 2, messageBurst: 3 });
    const socket = await bench.open();
    for (let data = 0; data < 6; data++) bench.client.send("a", data);
    expect(sentOn(socket)).toEqual([0, 1, 2]);
    await pass(499);
    expect(sentOn(socket)).toHaveLength(3);
    await pass(1);
    expect(sentOn(socket)).toHaveLength(4);
    await pass(1_000);
    expect(sentOn(socket)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("that the edge refuses for its rate goes again when the edge says, before the others", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    bench.client.send("a", 1);
    const error = { code: "rate_limited", message: "retry after 700 ms", retryable: true };
    socket.tell("error", { ...error, inReplyTo: idOf(socket, 1) });
    bench.client.send("a", 2);
    expect(sentOn(socket)).toEqual([1]);
    await pass(700);
    expect(sentOn(socket)).toEqual([1, 1, 2]);
  });

  it("that the edge refuses is not repeated, and whoever waits for it is told", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    const taken = bench.client.request("a", 1);
    socket.tell("error", { code: "not_ready", message: "m", retryable: true, inReplyTo: idOf(socket, 1) });
    await expect(taken).rejects.toMatchObject({ code: "not_ready", retryable: true });
    await pass(60_000);
    expect(sentOn(socket)).toEqual([1]);
    expect(bench.client.health.messagesRefused).toBe(1);
  });

  it("that was under way when the connection broke is unconfirmed, and never sent again", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    const taken = bench.client.request("a", 1);
    const failed = expect(taken).rejects.toMatchObject({ outcome: "unconfirmed" });
    socket.end();
    await failed;
    bench.client.send("a", 2);
    await pass(1_500);
    bench.socket.greet();
    expect(sentOn(bench.socket)).toEqual([2]);
  });
});

describe("a store", () => {
  it("keeps what waits over the life of a page, and gives it once", async () => {
    const outboxStore = new MemoryStore();
    new Bench({ outboxStore }).client.send("a", 1);
    await settle();
    expect(outboxStore.kept.size).toBe(1);
    const next = new Bench({ outboxStore });
    const socket = await next.open();
    await settle();
    expect(sentOn(socket)).toEqual([1]);
    expect(outboxStore.kept.size).toBe(0);
  });

  it("that does not forget loses a message rather than that it is sent twice", async () => {
    const outboxStore = new MemoryStore();
    const bench = new Bench({ outboxStore });
    const taken = bench.client.request("a", 1);
    const failed = expect(taken).rejects.toThrow("might be sent twice");
    await settle();
    outboxStore.broken = true;
    const socket = await bench.open();
    await failed;
    expect(sentOn(socket)).toEqual([]);
  });
});

type Step = "send" | "accept" | "limit" | "break" | "open" | "wait";

it("whatever happens, each message is sent in order, at most once unless the edge has said no, and accounted for", async () => {
  const steps = fc.array(fc.constantFrom<Step>("send", "send", "accept", "limit", "break", "open", "wait"), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (script, stored) => {
      const bench = new Bench({
        queueSize: 5, messagesPerSecond: 5, messageBurst: 4, maxReconnectAttempts: Infinity,
        outboxStore: stored ? new MemoryStore() : undefined,
      });
      const ends = new Map<number, string>();
      const answered = new Set<string>();
      const limited = new Set<number>();
      let count = 0;
      const socket = await bench.open();
      const unanswered = () => bench.socket.said.filter(({ id, type }) => type === "user_notification" && !answered.has(id));
      expect(socket).toBe(bench.socket);
      for (const step of script) {
        const [oldest] = unanswered();
        if (step === "send") {
          const data = count++;
          bench.client.request("a", data).then(
            () => ends.set(data, "accepted"),
            (error: { outcome: string }) => ends.set(data, error.outcome),
          );
        } else if (step === "accept" && oldest) {
          answered.add(oldest.id);
          bench.socket.control("accepted", { inReplyTo: oldest.id });
        } else if (step === "limit" && oldest) {
          answered.add(oldest.id);
          limited.add(oldest.payload["data"] as number);
          bench.socket.tell("error", { code: "rate_limited", message: "m", retryable: true, inReplyTo: oldest.id });
        } else if (step === "break") bench.socket.end();
        else if (step === "open") {
          await pass(30_000);
          if (bench.client.state === "reconnecting") bench.socket.greet();
        } else await pass(300);
        await settle();
      }
      await pass(60_000);
      const times = new Map<number, number>();
      const firsts: number[] = [];
      for (const data of bench.sockets.flatMap(sentOn) as number[]) {
        if (!times.has(data)) firsts.push(data);
        times.set(data, (times.get(data) ?? 0) + 1);
      }
      expect(firsts).toEqual([...firsts].sort((left, right) => left - right));
      for (const [data, sent] of times) if (!limited.has(data)) expect(sent).toBe(1);
      bench.client.disconnect();
      await settle();
      const left = stored ? bench.client.health.queueDepth : 0;
      expect(ends.size + left).toBe(count);
    }),
    { numRuns: 60 },
  );
});
