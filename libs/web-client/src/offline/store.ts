/**
 * What a page keeps in the browser, so that one that is opened without a network shows the last known state.
 *
 * Of each subscription the newest events and the cursors after them, written together: what a later page shows
 * first, and from where it catches up. Messages that wait to be sent, too. Bounded: events of a subscription, and
 * subscriptions, of which those are forgotten that were written longest ago. A browser that gives no database
 * loses nothing but this; `onError` is told.
 */

import type { AutodmcaEvent } from "../../../events/generated/events";
import type { EventStore, Stored } from "../core/event-store";
import type { OutboxStore, Waiting } from "../core/outbox";
import { Database, OUTBOX, SUBSCRIPTIONS } from "./database";

export interface OfflineOptions {
  /** Whose events these are: another user of the browser never sees them. */
  readonly user: string | number;
  /** Events kept of each subscription. */
  readonly events?: number | undefined;
  /** Subscriptions kept. */
  readonly subscriptions?: number | undefined;
  /** Milliseconds in which changes are gathered before they are written. */
  readonly writeAfter?: number | undefined;
  readonly factory?: IDBFactory | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
}

export interface OfflineStore {
  /** For `RealtimeOptions.eventStore`. */
  readonly eventStore: EventStore;
  /** For `RealtimeOptions.outboxStore`. */
  readonly outboxStore: OutboxStore;
  /** Write what waits; a page that is left does it by itself. */
  flush(): Promise<void>;
  /** Forget everything, as when the user signs out. */
  clear(): Promise<void>;
}

interface Kept {
  events: AutodmcaEvent[];
  cursors: () => readonly string[];
}

interface Row extends Stored {
  readonly at: number;
}

/** Keeps events and messages in IndexedDB. */
export function indexedDbStore(options: OfflineOptions): OfflineStore {
  const factory = options.factory ?? globalThis.indexedDB;
  const database = new Database(`autodmca ${options.user}`, factory);
  const events = new Events(database, options);
  globalThis.addEventListener?.("pagehide", () => void events.flush());
  globalThis.document?.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") void events.flush();
  });
  return {
    eventStore: events,
    outboxStore: outboxOf(database),
    flush: () => events.flush(),
    clear: () => events.clear(),
  };
}

class Events implements EventStore {
  readonly #kept = new Map<string, Kept>();
  readonly #changed = new Set<string>();
  readonly #most: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly options: OfflineOptions,
  ) {
    this.#most = options.events ?? 200;
  }

  async load(key: string): Promise<Stored | undefined> {
    try {
      const row = await this.database.run<Row | undefined>(SUBSCRIPTIONS, "readonly", (store) => store.get(key));
      if (row) this.#kept.set(key, { events: [...row.events], cursors: () => row.cursors });
      return row;
    } catch (error) {
      this.options.onError?.(error);
      return undefined;
    }
  }

  record(key: string, event: AutodmcaEvent | undefined, cursors: () => readonly string[]): void {
    const kept = this.#kept.get(key) ?? { events: [], cursors };
    this.#kept.set(key, kept);
    kept.cursors = cursors;
    if (event) kept.events.push(event);
    // Cut seldom, and by half: cutting at each event would copy all of them.
    if (kept.events.length > this.#most * 2) kept.events = kept.events.slice(-this.#most);
    this.#changed.add(key);
    this.#timer ??= setTimeout(() => void this.flush(), this.options.writeAfter ?? 1_000);
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    this.#writing = this.#writing
      .then(() => Promise.all(changed.map((key) => this.#write(key))))
      .then(() => this.#trim())
      .catch((error: unknown) => this.options.onError?.(error));
    return this.#writing;
  }

  async clear(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#kept.clear();
    this.#changed.clear();
    await this.#writing;
    await this.database.clear();
  }

  async #write(key: string): Promise<void> {
    const kept = this.#kept.get(key);
    if (!kept) return;
    const row: Row = { events: kept.events.slice(-this.#most), cursors: [...kept.cursors()], at: Date.now() };
    await this.database.run(SUBSCRIPTIONS, "readwrite", (store) => store.put(row, key));
  }

  async #trim(): Promise<void> {
    const most = this.options.subscriptions ?? 50;
    const keys = await this.database.run(SUBSCRIPTIONS, "readonly", (store) => store.getAllKeys());
    if (keys.length <= most) return;
    const rows = await this.database.run<Row[]>(SUBSCRIPTIONS, "readonly", (store) => store.getAll());
    const oldest = keys.map((key, index) => ({ key, at: rows[index]?.at ?? 0 })).sort((a, b) => a.at - b.at);
    for (const { key } of oldest.slice(0, keys.length - most)) {
      await this.database.run(SUBSCRIPTIONS, "readwrite", (store) => store.delete(key));
    }
  }
}

function outboxOf(database: Database): OutboxStore {
  return {
    load: () => database.run<Waiting[]>(OUTBOX, "readonly", (store) => store.getAll()),
    put: async ({ id, text }) => void (await database.run(OUTBOX, "readwrite", (store) => store.add({ id, text }))),
    async remove(id) {
      const key = await database.run(OUTBOX, "readonly", (store) => store.index("id").getKey(id));
      if (key !== undefined) await database.run(OUTBOX, "readwrite", (store) => store.delete(key));
    },
  };
}
