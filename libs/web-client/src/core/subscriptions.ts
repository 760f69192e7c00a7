/**
 * The application's subscriptions: callbacks on interests, which they share when they ask for the same.
 *
 * Owns who is called with each event. A callback that throws is reported and harms no other. The last to leave
 * an interest ends it, at the end of the present turn: a page that is replaced asks again before that.
 */

import type { AutodmcaEvent, EventEnvelope, EventType } from "../../../events/generated/events";
import type { Filters } from "../../../events/generated/filters";
import type { RealtimeError } from "./errors";
import type { EventStore } from "./event-store";
import { Interest } from "./interests";
import type { Session } from "./session";

/** Events were lost for good: the state must be loaded anew. */
export interface Gap {
  /** `retention`, `epoch`, `limit` or `cursor`: see docs/protocol.md. */
  readonly reason: string;
}

export interface SubscriptionConfig<T extends EventType = EventType> {
  /** Not empty. */
  readonly types: readonly T[];
  readonly filters?: Filters | undefined;
  /** RFC 3339: events from this moment on come first. */
  readonly since?: string | undefined;
  /** `Subscription.cursors` of an earlier page: what came after them comes first. */
  readonly resume?: readonly string[] | undefined;
  readonly onGap?: ((gap: Gap) => void) | undefined;
  /** The edge has refused the subscription. */
  readonly onError?: ((error: RealtimeError) => void) | undefined;
}

/** An event of one of several types; `type` tells which. */
export type EventOf<T extends EventType> = { [K in T]: EventEnvelope<K> }[T];

/** Called with each event once, in the order of the log. */
export type EventHandler<T extends EventType = EventType> = (event: EventOf<T>) => void;

export interface Subscription {
  readonly id: string;
  /** Resolves once the edge has confirmed; rejects when it refused. */
  readonly ready: Promise<void>;
  /** Positions after the newest event, for `resume`. */
  readonly cursors: readonly string[];
  unsubscribe(): void;
}

interface Listener {
  readonly handler: (event: never) => void;
  readonly config: SubscriptionConfig;
  resolve(): void;
  reject(error: RealtimeError): void;
}

interface Shared {
  readonly interest: Interest;
  readonly key: string | undefined;
  /** Under which its events are kept; undefined where they are not. */
  readonly storeKey: string | undefined;
  /** Another array with each change, so that it can be gone through while it changes. */
  listeners: readonly Listener[];
  confirmed: boolean;
}

export interface SubscriptionsOptions {
  readonly rememberedIds: number;
  /** Begins the name of each, where several clients speak on one connection. */
  readonly prefix: string;
  readonly store?: EventStore | undefined;
  /** A callback of the application threw. */
  failed(error: unknown): void;
}

/** The same text for the same types and filters, in whichever order they were written. */
function keyOf(types: readonly string[], filters: Filters): string {
  const entries = Object.entries(filters).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([[...new Set(types)].sort(), entries]);
}

export class Subscriptions {
  readonly #byId = new Map<string, Shared>();
  readonly #byKey = new Map<string, Shared>();
  #counted = 0;

  constructor(
    private readonly session: Session,
    private readonly options: SubscriptionsOptions,
  ) {}

  get size(): number {
    return this.#byId.size;
  }

  /** Throws BadFilter, and TypeError for no types or for both `since` and `resume`. */
  add<T extends EventType>(config: SubscriptionConfig<T>, handler: EventHandler<T>): Subscription {
    if (config.types.length === 0) throw new TypeError("a subscription needs at least one type");
    if (config.since !== undefined && config.resume) throw new TypeError("either since or resume");
    const shared = this.#shared(config);
    let settle: Pick<Listener, "resolve" | "reject"> | undefined;
    const ready = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    ready.catch(() => {}); // onError says it, too
    const listener: Listener = {
      handler,
      config,
      ...(settle as unknown as Pick<Listener, "resolve" | "reject">),
    };
    shared.listeners = [...shared.listeners, listener];
    if (shared.confirmed) listener.resolve();
    const { interest } = shared;
    return {
      id: interest.id,
      ready,
      get cursors() {
        return interest.cursors.list();
      },
      unsubscribe: () => this.#leave(shared, listener),
    };
  }

  /** A session has taken an event for an interest. */
  deliver(interest: Interest, event: AutodmcaEvent): void {
    const shared = this.#byId.get(interest.id);
    if (!shared) return;
    this.#record(shared, event);
    this.#tell(shared, event);
  }

  confirmed(interest: Interest, reason: string | undefined): void {
    const shared = this.#byId.get(interest.id);
    if (!shared) return;
    shared.confirmed = true;
    if (reason !== undefined && shared.storeKey !== undefined) this.options.store?.forget(shared.storeKey);
    this.#record(shared, undefined);
    for (const listener of shared.listeners) {
      if (reason !== undefined) this.#call(() => listener.config.onGap?.({ reason }));
      listener.resolve();
    }
  }

  refused(interest: Interest, error: RealtimeError): void {
    const shared = this.#byId.get(interest.id);
    if (!shared) return;
    this.#forget(shared);
    for (const listener of shared.listeners) {
      listener.reject(error);
      this.#call(() => listener.config.onError?.(error));
    }
  }

  #shared(config: SubscriptionConfig): Shared {
    const { types, since, resume, filters = {} } = config;
    const storeKey = since === undefined ? keyOf(types, filters) : undefined;
    const key = resume ? undefined : storeKey;
    const known = key === undefined ? undefined : this.#byKey.get(key);
    if (known) return known;
    const id = `${this.options.prefix}s${++this.#counted}`;
    const { rememberedIds } = this.options;
    const interest = new Interest(id, { types, filters, since, resume, rememberedIds });
    const { store } = this.options;
    const kept = store && storeKey;
    const shared: Shared = { interest, key, storeKey: kept, listeners: [], confirmed: false };
    this.#byId.set(id, shared);
    if (key !== undefined) this.#byKey.set(key, shared);
    if (store && kept !== undefined && !resume) void this.#restore(shared, store, kept);
    else this.session.add(interest);
    return shared;
  }

  /** Tell what an earlier page has kept; only then the edge is asked for what came after it. */
  async #restore(shared: Shared, store: EventStore, key: string): Promise<void> {
    const stored = await store.load(key);
    const { interest } = shared;
    if (!this.#byId.has(interest.id)) return;
    for (const event of stored?.events ?? []) {
      if (interest.seen.isNew(event.id)) this.#tell(shared, event);
    }
    interest.cursors.update(stored?.cursors ?? []);
    this.session.add(interest);
  }

  #tell(shared: Shared, event: AutodmcaEvent): void {
    for (const listener of shared.listeners) {
      try {
        listener.handler(event as never);
      } catch (error) {
        this.options.failed(error);
      }
    }
  }

  #record({ interest, storeKey }: Shared, event: AutodmcaEvent | undefined): void {
    if (storeKey !== undefined) this.options.store?.record(storeKey, event, () => interest.cursors.list());
  }

  #leave(shared: Shared, listener: Listener): void {
    if (!shared.listeners.includes(listener)) return;
    shared.listeners = shared.listeners.filter((each) => each !== listener);
    if (shared.listeners.length > 0) return;
    queueMicrotask(() => {
      if (shared.listeners.length > 0 || !this.#byId.has(shared.interest.id)) return;
      this.#forget(shared);
      this.session.remove(shared.interest.id);
    });
  }

  #forget(shared: Shared): void {
    this.#byId.delete(shared.interest.id);
    if (shared.key !== undefined) this.#byKey.delete(shared.key);
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.options.failed(error);
    }
  }
}
