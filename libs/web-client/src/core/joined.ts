/**
 * A state that is read once and then follows its events: a snapshot joined to the stream, with no gap between.
 *
 * The state of a read says as of which moment it holds (`asOf`); the events from that moment on are replayed
 * on it before live ones. One at the very moment may be in the state already, so `apply` must bear to see an
 * event twice. When the log cannot give what is missing the state is read again, and replaces the old one at
 * once: what is shown never flashes. A read that fails is tried again, later each time.
 */

import type { EventType } from "../../../events/generated/events";
import type { Filters } from "../../../events/generated/filters";
import type { RealtimeClient } from "./client";
import { delayOf } from "./closing";
import type { EventOf, Subscription } from "./subscriptions";

export interface Snapshot<S> {
  /** RFC 3339: all that happened before it is in `state`. */
  readonly asOf: string;
  readonly state: S;
}

export interface JoinedConfig<S, T extends EventType> {
  readonly types: readonly T[];
  readonly filters?: Filters | undefined;
  /** Reads the state; given up through `signal` when nobody waits for it any more. */
  readonly snapshot: (signal: AbortSignal) => Promise<Snapshot<S>>;
  /** The state after an event; the same object when the event changes nothing. */
  readonly apply: (state: S, event: EventOf<T>) => S;
  readonly onChange: (view: JoinedView<S>) => void;
}

export interface JoinedView<S> {
  /** Undefined until the first read. */
  readonly state: S | undefined;
  /** Whether a read is under way, the first or one after a gap. */
  readonly isLoading: boolean;
  /** Why the newest read failed; undefined once one has succeeded. */
  readonly error: unknown;
}

const BACKOFF = { first: 1_000, longest: 30_000 };

export class Joined<S, T extends EventType = EventType> {
  view: JoinedView<S> = { state: undefined, isLoading: true, error: undefined };
  #reading: AbortController | undefined;
  #subscription: Subscription | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  /** Begins to read. Throws BadFilter for filters that mean nothing. */
  constructor(
    private readonly client: RealtimeClient,
    private readonly config: JoinedConfig<S, T>,
  ) {
    this.reload();
  }

  /** Read the state again; what is shown stays until it comes. */
  reload(): void {
    clearTimeout(this.#retry);
    this.#reading?.abort();
    const reading = (this.#reading = new AbortController());
    if (!this.view.isLoading) this.#show({ isLoading: true });
    this.#read(reading.signal).catch((error: unknown) => {
      if (reading.signal.aborted) return;
      this.#show({ error });
      const delay = delayOf("reconnect", this.#failures++, BACKOFF, Math.random);
      this.#retry = setTimeout(() => this.reload(), delay);
    });
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#reading?.abort();
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { asOf, state } = await this.config.snapshot(signal);
    if (signal.aborted) return;
    this.#failures = 0;
    this.#subscription?.unsubscribe();
    this.#show({ state, isLoading: false, error: undefined });
    const { types, filters, apply } = this.config;
    this.#subscription = this.client.subscribe<T>(
      {
        types,
        filters,
        since: asOf,
        onGap: () => this.reload(),
        onError: (error) => this.#show({ error }),
      },
      (event) => {
        const before = this.view.state as S;
        const after = apply(before, event);
        if (after !== before) this.#show({ state: after });
      },
    );
  }

  #show(change: Partial<JoinedView<S>>): void {
    this.view = { ...this.view, ...change };
    this.config.onChange(this.view);
  }
}
