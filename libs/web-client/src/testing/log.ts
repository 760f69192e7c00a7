/** The fake edge's event log: in memory, in order, with positions that clients resume from. */

import type { EventType } from "../../../events/generated/events";
import { FAMILIES } from "../../../events/generated/shapes";

export interface Envelope {
  readonly type: string;
  readonly payload: unknown;
  readonly timestamp: string;
  readonly id: string;
  readonly userId?: number;
  readonly cursor: string;
}

export interface Replay {
  readonly events: readonly Envelope[];
  /** Why it is not complete. */
  readonly reason: string | undefined;
}

export class EventLog {
  #epoch = 0;
  #events: Envelope[] = [];
  readonly #ends = new Map<string, number>();
  readonly #begins = new Map<string, number>();

  append(envelope: Omit<Envelope, "cursor">): Envelope {
    const place = this.#place(envelope.type);
    const offset = this.#ends.get(place) ?? 0;
    const stored = { ...envelope, cursor: `${place}:${offset}` };
    this.#ends.set(place, offset + 1);
    this.#events.push(stored);
    return stored;
  }

  newest(count: number): readonly Envelope[] {
    return count > 0 ? this.#events.slice(-count) : [];
  }

  /** The positions of the newest events of the places that these types are on. */
  cursors(types: readonly string[]): string[] {
    const places = new Set(types.map((type) => this.#place(type)));
    return [...places].map((place) => `${place}:${(this.#ends.get(place) ?? 0) - 1}`);
  }

  /** Retention takes all there is. */
  forget(): void {
    this.#events = [];
    for (const [place, end] of this.#ends) this.#begins.set(place, end);
  }

  /** The topics are made anew: other places, nothing in them. */
  recreate(): void {
    this.#epoch += 1;
    this.#events = [];
  }

  after(types: readonly string[], resume: readonly string[], since: string | undefined): Replay {
    if (resume.length === 0) {
      if (since === undefined) return { events: [], reason: undefined };
      const moment = Date.parse(since);
      return { events: this.#events.filter((each) => Date.parse(each.timestamp) >= moment), reason: undefined };
    }
    const wanted = new Set(types.map((type) => this.#place(type)));
    const positions = new Map<string, number>();
    for (const cursor of resume) {
      const place = cursor.slice(0, cursor.lastIndexOf(":"));
      const offset = Number(cursor.slice(place.length + 1));
      if (!Number.isInteger(offset)) return { events: [], reason: "cursor" };
      if (!place.startsWith(`${this.#epoch}.`)) return { events: [], reason: "epoch" };
      if (wanted.has(place) && offset + 1 < (this.#begins.get(place) ?? 0)) {
        return { events: [], reason: "retention" };
      }
      positions.set(place, offset);
    }
    const events = this.#events.filter((each) => {
      const place = each.cursor.slice(0, each.cursor.lastIndexOf(":"));
      const position = positions.get(place);
      return position !== undefined && Number(each.cursor.slice(place.length + 1)) > position;
    });
    return { events, reason: undefined };
  }

  #place(type: string): string {
    const family = Object.values(FAMILIES).findIndex((types) => types.includes(type as EventType));
    return `${this.#epoch}.${family}`;
  }
}
