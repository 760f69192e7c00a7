/**
 * An application's own messages on their way to the edge: bounded, in order, limited in rate, never sent twice.
 *
 * A message is queued until it can be sent, sent once, and confirmed by `accepted`. The edge writes what it
 * accepts under an id of its own, so a second sending could not be told from a second message: what was under
 * way when a connection broke is reported as unconfirmed and never repeated. What the edge refused for its rate
 * was not taken, and is sent again. A full queue refuses the new message. Every end is counted.
 */

import { retryAfter } from "./closing";
import { MessageNotTaken } from "./errors";
import type { EdgeError, RealtimeError } from "./errors";
import { ACTION, message, newId, sizeOf } from "./wire";

export interface Waiting {
  readonly id: string;
  readonly text: string;
}

/** Where queued messages outlive the page; see offline.ts. Rejections leave the queue as it is in memory. */
export interface OutboxStore {
  load(): Promise<readonly Waiting[]>;
  put(waiting: Waiting): Promise<void>;
  /** Resolves once the message will not be loaded again. */
  remove(id: string): Promise<void>;
}

export interface OutboxCounters {
  sent: number;
  accepted: number;
  refused: number;
  unconfirmed: number;
  dropped: number;
}

export interface OutboxOptions {
  readonly capacity: number;
  readonly perSecond: number;
  readonly burst: number;
  readonly store?: OutboxStore | undefined;
  now(): number;
  /** Whether a connection stands that takes messages. */
  ready(): boolean;
  transmit(text: string): void;
  /** Ask for `flush` in so many milliseconds. */
  later(milliseconds: number): void;
}

interface Entry extends Waiting {
  /** Whether the store has it. */
  stored: boolean;
  resolve(): void;
  reject(error: RealtimeError): void;
}

/** Messages that are sent and not answered; more wait. */
const MOST_UNANSWERED = 100;

export class Outbox {
  readonly counters: OutboxCounters = { sent: 0, accepted: 0, refused: 0, unconfirmed: 0, dropped: 0 };
  maxMessageBytes: number | undefined;
  readonly #queue: Entry[] = [];
  readonly #unanswered = new Map<string, Entry>();
  #tokens: number;
  #filledAt: number;
  #heldUntil = 0;
  #storing: Promise<unknown> = Promise.resolve();
  #removing = false;

  constructor(private readonly options: OutboxOptions) {
    this.#tokens = options.burst;
    this.#filledAt = options.now();
  }

  /** Messages that wait to be sent. */
  get depth(): number {
    return this.#queue.length;
  }

  /** Take up what an earlier page has left behind. */
  async restore(): Promise<void> {
    const left = (await this.options.store?.load().catch(() => [])) ?? [];
    const known = new Set(this.#queue.map(({ id }) => id)); // stored while this was being loaded
    const others = left.filter(({ id }) => !known.has(id));
    this.#queue.unshift(...others.map((each) => ({ ...each, stored: true, resolve() {}, reject() {} })));
    this.flush();
  }

  /**
   * Queue a message and send it if that can be done now: `sent` says so. `taken` resolves when the log has it,
   * and rejects with EdgeError or MessageNotTaken.
   */
  add(action: string, data: unknown): { sent: boolean; taken: Promise<void> } {
    const id = newId();
    let sent = false;
    const taken = new Promise<void>((resolve, reject) => {
      const text = message(ACTION, { action, data }, id);
      const limit = this.maxMessageBytes;
      if (limit !== undefined && sizeOf(text) > limit) {
        this.#end(reject, "dropped", `it is larger than the ${limit} bytes that the edge takes`);
      } else if (this.#queue.length >= this.options.capacity) {
        this.#end(reject, "dropped", `${this.options.capacity} messages wait already`);
      } else {
        const entry = { id, text, stored: false, resolve, reject };
        this.#queue.push(entry);
        this.#keep(entry);
        this.flush();
        sent = this.#unanswered.has(id);
      }
    });
    taken.catch(() => {}); // who does not wait for it has the counters
    return { sent, taken };
  }

  /** Send what can be sent. */
  flush(): void {
    while (this.#queue.length > 0 && this.#unanswered.size < MOST_UNANSWERED && !this.#removing) {
      if (!this.options.ready()) return;
      const wait = this.#wait();
      if (wait > 0) return this.options.later(wait);
      if (this.options.store) return this.#forgetThenSend(this.options.store);
      this.#transmit();
    }
  }

  /** The edge answered; false when it is not about a message of this queue. */
  answered(id: string, error?: EdgeError): boolean {
    const entry = this.#unanswered.get(id);
    if (!entry) return false;
    this.#unanswered.delete(id);
    if (!error) {
      this.counters.accepted += 1;
      entry.resolve();
    } else if (error.code === "rate_limited") {
      this.#queue.unshift(entry);
      this.#heldUntil = this.options.now() + (retryAfter(error.message) ?? 1_000);
      this.#keep(entry);
    } else {
      this.counters.refused += 1;
      entry.reject(error);
    }
    this.flush();
    return true;
  }

  /** The connection broke: nobody knows what became of the unanswered. */
  disconnected(): void {
    for (const entry of this.#unanswered.values()) {
      this.#end(entry.reject, "unconfirmed", "the connection broke before the edge's answer");
    }
    this.#unanswered.clear();
  }

  /** The client is at its end. */
  close(why: string): void {
    this.disconnected();
    if (this.options.store) return; // they wait for the next page
    for (const entry of this.#queue.splice(0)) this.#end(entry.reject, "dropped", why);
  }

  #transmit(): void {
    const entry = this.#queue.shift() as Entry;
    this.#unanswered.set(entry.id, entry);
    this.#tokens -= 1;
    this.counters.sent += 1;
    this.options.transmit(entry.text);
  }

  /** A message that the store holds is forgotten there before it is sent, so that no later page sends it too. */
  #forgetThenSend(store: OutboxStore): void {
    this.#removing = true;
    this.#storing = this.#storing.then(async () => {
      const entry = this.#queue[0];
      const forgotten = !entry?.stored || (await store.remove(entry.id).then(() => true, () => false));
      this.#removing = false;
      if (!entry || this.#queue[0] !== entry) return;
      if (!forgotten) {
        this.#queue.shift();
        this.#end(entry.reject, "dropped", "it cannot be taken out of the store, and might be sent twice");
      } else if (this.options.ready()) {
        entry.stored = false;
        this.#transmit();
      } else {
        this.#keep(entry);
        return;
      }
      this.flush();
    });
  }

  #keep(entry: Entry): void {
    const { store } = this.options;
    if (!store) return;
    this.#storing = this.#storing.then(() =>
      store.put({ id: entry.id, text: entry.text }).then(
        () => void (entry.stored = true),
        () => {},
      ),
    );
  }

  /** Milliseconds until one more message is within the rate. */
  #wait(): number {
    const now = this.options.now();
    const { perSecond, burst } = this.options;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    const wait = this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) * 1000) / perSecond);
    return Math.max(wait, this.#heldUntil - now);
  }

  #end(reject: (error: RealtimeError) => void, outcome: "dropped" | "unconfirmed", why: string): void {
    this.counters[outcome] += 1;
    reject(new MessageNotTaken(outcome, why));
  }
}
