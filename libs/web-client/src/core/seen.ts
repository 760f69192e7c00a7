/**
 * The ids that have been seen, so that what comes again is known: at least the newest `capacity`, at most
 * twice as many, in two generations of which the older is forgotten whole when the younger is full.
 *
 * Every event passes here. A `Set` of texts costs as much as a third of reading the event, so each generation
 * is a hash table on typed arrays, which grows as it fills.
 */

const SMALLEST = 64;

function hashOf(id: string): number {
  let hash = 0;
  for (let index = 0; index < id.length; index++) hash = (hash * 31 + id.charCodeAt(index)) | 0;
  return hash ^ (hash >>> 15);
}

class Generation {
  size = 0;
  readonly #ids: string[] = [];
  #hashes = new Int32Array(SMALLEST);
  /** Of each id, which one with the same head came before it; counted from 1. */
  #before = new Int32Array(SMALLEST);
  #heads = new Int32Array(SMALLEST);

  has(id: string, hash: number): boolean {
    let at = this.#heads[hash & (this.#heads.length - 1)] as number;
    while (at > 0) {
      if (this.#hashes[at - 1] === hash && this.#ids[at - 1] === id) return true;
      at = this.#before[at - 1] as number;
    }
    return false;
  }

  add(id: string, hash: number): void {
    if (this.size === this.#heads.length) this.#grow();
    const index = this.size++;
    this.#ids[index] = id;
    this.#hashes[index] = hash;
    this.#link(index);
  }

  clear(): void {
    this.size = 0;
    this.#heads.fill(0);
  }

  #link(index: number): void {
    const head = (this.#hashes[index] as number) & (this.#heads.length - 1);
    this.#before[index] = this.#heads[head] as number;
    this.#heads[head] = index + 1;
  }

  #grow(): void {
    const room = this.size * 2;
    const hashes = new Int32Array(room);
    hashes.set(this.#hashes);
    [this.#hashes, this.#before, this.#heads] = [hashes, new Int32Array(room), new Int32Array(room)];
    for (let index = 0; index < this.size; index++) this.#link(index);
  }
}

export class SeenIds {
  #young = new Generation();
  #old = new Generation();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
  }

  /** Whether `id` has been seen. */
  has(id: string): boolean {
    const hash = hashOf(id);
    return this.#young.has(id, hash) || this.#old.has(id, hash);
  }

  /** Whether `id` has not been seen; it has been from now on. */
  isNew(id: string): boolean {
    const hash = hashOf(id);
    if (this.#young.has(id, hash)) return false;
    const known = this.#old.has(id, hash);
    this.#young.add(id, hash);
    if (this.#young.size >= this.#capacity) {
      [this.#old, this.#young] = [this.#young, this.#old];
      this.#young.clear();
    }
    return !known;
  }
}
