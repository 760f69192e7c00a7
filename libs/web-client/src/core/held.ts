/**
 * Events that the edge has sent with another subscription's replay.
 *
 * When two subscriptions want an event and both resume, the edge sends it with the first one's replay, while the
 * second is still owed earlier events. The event then waits here, sorted by its position at its place in the log,
 * until the second one's replay has passed it. The number of events is bounded; over the bound the lowest position
 * of the place is given out of order.
 */

import { numberOf, placeOf } from "./cursors";

/** At most `capacity` events, each with a cursor whose order is known. */
export class Held<E extends { readonly cursor?: string }> {
  #size = 0;
  /** Of each place, in order of position; those of one position as they came. */
  readonly #places = new Map<string, E[]>();

  constructor(private readonly capacity: number) {}

  /** Keep `event`; the one of its place that there is no room for any more. */
  put(event: E): E | undefined {
    const cursor = event.cursor as string;
    const place = placeOf(cursor);
    const waiting = this.#places.get(place) ?? [];
    this.#places.set(place, waiting);
    let at = waiting.length; // nearly always the place for it
    while (at > 0 && numberOf((waiting[at - 1] as E).cursor as string) > numberOf(cursor)) at -= 1;
    waiting.splice(at, 0, event);
    this.#size += 1;
    return this.#size > this.capacity ? this.#take(place, 1)[0] : undefined;
  }

  /** Take out those before `event` at its place, in order. */
  upTo(event: E): E[] {
    const cursor = event.cursor as string;
    const place = placeOf(cursor);
    const waiting = this.#places.get(place) ?? [];
    const rest = waiting.findIndex((each) => numberOf(each.cursor as string) >= numberOf(cursor));
    return this.#take(place, rest < 0 ? waiting.length : rest);
  }

  /** Take out all, those of one place in order. */
  all(): E[] {
    const all = [...this.#places.values()].flat();
    this.clear();
    return all;
  }

  /** Forget all: another connection's replays bring them again. */
  clear(): void {
    this.#places.clear();
    this.#size = 0;
  }

  #take(place: string, count: number): E[] {
    const taken = this.#places.get(place)?.splice(0, count) ?? [];
    this.#size -= taken.length;
    return taken;
  }
}
