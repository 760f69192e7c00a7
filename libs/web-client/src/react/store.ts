/**
 * One family's state on one client, for any number of components: one subscription, one change per frame.
 *
 * Subscribes when the first component looks and leaves with the last; one that looks later resumes where the
 * state stands, so nothing is missed in between. Keeps nothing of a client that nobody has any more.
 */

import type { AutodmcaEvent, EventType } from "../../../events/generated/events";
import { FAMILIES } from "../../../events/generated/shapes";
import type { Family } from "../../../events/generated/shapes";
import type { RealtimeClient } from "../core/client";
import type { Subscription } from "../core/subscriptions";
import { STATES } from "./families";
import type { FamilyViews, State } from "./families";
import { Frames } from "./frames";

export class FamilyStore<F extends Family> {
  readonly #state: State<FamilyViews[F]>;
  readonly #listeners = new Set<() => void>();
  #view: FamilyViews[F];
  #subscription: Subscription | undefined;
  #cursors: readonly string[] = [];

  constructor(
    private readonly client: RealtimeClient,
    private readonly frames: Frames,
    private readonly family: F,
  ) {
    this.#state = STATES[family]();
    this.#view = this.#state.view();
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    const types: readonly EventType[] = FAMILIES[this.family];
    this.#subscription ??= this.client.subscribe(
      { types, ...(this.#cursors.length > 0 && { resume: this.#cursors }) },
      (event) => this.#apply(event as AutodmcaEvent),
    );
    return () => {
      this.#listeners.delete(listener);
      // A component that is replaced, or mounted twice on trial, is back within this turn.
      queueMicrotask(() => {
        if (this.#listeners.size === 0) this.#leave();
      });
    };
  };

  readonly view = (): FamilyViews[F] => this.#view;

  readonly #apply = (event: AutodmcaEvent): void => {
    this.#state.apply(event);
    this.frames.soon(this.#flush);
  };

  readonly #flush = (): void => {
    this.#view = this.#state.view();
    for (const listener of [...this.#listeners]) listener();
  };

  #leave(): void {
    if (!this.#subscription) return;
    this.#cursors = [...this.#subscription.cursors];
    this.#subscription.unsubscribe();
    this.#subscription = undefined;
  }
}

type Stores = { [F in Family]?: FamilyStore<F> };

const clients = new WeakMap<RealtimeClient, { frames: Frames; stores: Stores }>();

export function storeOf<F extends Family>(client: RealtimeClient, family: F): FamilyStore<F> {
  let known = clients.get(client);
  if (!known) clients.set(client, (known = { frames: new Frames(), stores: {} }));
  const stores = known.stores as { [name in F]?: FamilyStore<F> };
  return (stores[family] ??= new FamilyStore(client, known.frames, family));
}
