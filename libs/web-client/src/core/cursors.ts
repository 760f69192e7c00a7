/**
 * Positions in the event log: what makes a resume lose nothing.
 *
 * All that this package knows of a cursor's form is here (docs/protocol.md, "Cursors and resume"): what stands
 * before the last `:` names a place, of which the newest cursor counts; after it stands a whole number that
 * grows, -1 where nothing has come yet.
 */

export const placeOf = (cursor: string): string => cursor.slice(0, cursor.lastIndexOf(":"));

export function numberOf(cursor: string): number {
  const text = cursor.slice(cursor.lastIndexOf(":") + 1);
  return /^(?:-1|\d+)$/.test(text) ? Number(text) : NaN;
}

/** Whether the order of `cursor` and others of its place is known. */
export const isOrdered = (cursor: string | undefined): cursor is string =>
  cursor !== undefined && !Number.isNaN(numberOf(cursor));

/** Whether `cursor` is at or before `known`, of the same place; false where their order is not known. */
const isAtOrBefore = (cursor: string, known: string): boolean => numberOf(cursor) <= numberOf(known);

/** The newest cursor of each place. */
export class Cursors {
  readonly #kept = new Map<string, string>();
  /** The newest of all, and its place: kept aside, since the next one is of the same place most often. */
  #last = "";
  #lastPlace = "";

  constructor(cursors: Iterable<string> = []) {
    this.update(cursors);
  }

  /** Take `cursor` as the newest of its place. */
  add(cursor: string): void {
    const length = cursor.lastIndexOf(":");
    if (length !== this.#lastPlace.length || !cursor.startsWith(this.#lastPlace)) {
      this.#keepLast();
      this.#lastPlace = cursor.slice(0, length);
    }
    this.#last = cursor;
  }

  update(cursors: Iterable<string>): void {
    for (const each of cursors) this.add(each);
  }

  /** Take those whose place is known already; the others are another subscription's. */
  refresh(cursors: Iterable<string>): void {
    for (const each of cursors) if (this.#newest.has(placeOf(each))) this.add(each);
  }

  /** Forget what was known: the log is not the one that these positions belong to, or has moved on. */
  replace(cursors: Iterable<string>): void {
    this.#newest.clear();
    this.#lastPlace = "";
    this.update(cursors);
  }

  /** Take of each place the older position, so that a replay from here misses nothing for either. */
  lower(cursors: Iterable<string>): void {
    for (const each of cursors) {
      const known = this.#newest.get(placeOf(each));
      if (known === undefined || isAtOrBefore(each, known)) this.add(each);
    }
  }

  /** Whether `cursor` is at or before the position kept for its place. */
  isBehind(cursor: string): boolean {
    const known = this.#newest.get(placeOf(cursor));
    return known !== undefined && isAtOrBefore(cursor, known);
  }

  list(): string[] {
    return [...this.#newest.values()];
  }

  get size(): number {
    return this.#newest.size;
  }

  get #newest(): Map<string, string> {
    this.#keepLast();
    return this.#kept;
  }

  #keepLast(): void {
    if (this.#last) this.#kept.set(this.#lastPlace, this.#last);
    this.#last = "";
  }
}
