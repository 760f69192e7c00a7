/**
 * The newest events, as many as a person can use, for a page that draws once a frame however fast they come.
 *
 * Events beyond the bound are forgotten, the oldest first, and counted. Rates are of the last whole seconds.
 */

import type { AutodmcaEvent } from "@autodmca/realtime";

export interface Heard {
  readonly event: AutodmcaEvent;
  /** ms since the epoch, by this page's clock. */
  readonly at: number;
}

export const MOST = 5_000;
const SECONDS = 60;

export class EventLog {
  #events: Heard[] = [];
  #perSecond = new Map<number, number>();
  #texts = new WeakMap<AutodmcaEvent, string>();
  forgotten = 0;
  heard = 0;

  constructor(private readonly most = MOST) {}

  add(event: AutodmcaEvent, at: number): void {
    this.#events.push({ event, at });
    this.heard++;
    this.#count(Math.floor(Date.parse(event.timestamp) / 1000));
    if (this.#events.length >= this.most * 2) {
      this.forgotten += this.#events.length - this.most;
      this.#events = this.#events.slice(-this.most);
    }
  }

  clear(): void {
    this.#events = [];
    this.#perSecond.clear();
    this.forgotten = 0;
    this.heard = 0;
  }

  /** The newest first; of those that say `search` anywhere, in whichever case. */
  newest(search = ""): Heard[] {
    const found = this.#events.slice(-this.most).reverse();
    const wanted = search.trim().toLowerCase();
    return wanted === "" ? found : found.filter(({ event }) => this.#textOf(event).includes(wanted));
  }

  /** Events that were produced in each of the last minute's whole seconds. */
  rates(now: number): { readonly times: number[]; readonly counts: number[] } {
    const last = Math.floor(now / 1000) - 1;
    const times = Array.from({ length: SECONDS }, (_, index) => last - SECONDS + 1 + index);
    return { times, counts: times.map((second) => this.#perSecond.get(second) ?? 0) };
  }

  #count(second: number): void {
    const before = this.#perSecond.get(second);
    this.#perSecond.set(second, (before ?? 0) + 1);
    if (before !== undefined || this.#perSecond.size <= 2 * SECONDS) return;
    const newest = Math.max(...this.#perSecond.keys());
    for (const each of this.#perSecond.keys()) if (each < newest - SECONDS) this.#perSecond.delete(each);
  }

  #textOf(event: AutodmcaEvent): string {
    let text = this.#texts.get(event);
    if (text === undefined) {
      text = JSON.stringify(event).toLowerCase();
      this.#texts.set(event, text);
    }
    return text;
  }
}
