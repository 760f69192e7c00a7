/**
 * What a page keeps of events: keyed and recent, bounded, cheap to change and to look at.
 *
 * `view` is a frozen moment: the same object until something changes, so that whoever compares views by identity
 * sees at once that nothing did. It is made when it is asked for, once per frame at most.
 */

/** The newest value of each key; of more keys than `capacity` those are forgotten that changed longest ago. */
export class Keyed<K, V> {
  readonly #values = new Map<K, V>();
  #view: ReadonlyMap<K, V> | undefined;

  constructor(private readonly capacity = 2_000) {}

  get(key: K): V | undefined {
    return this.#values.get(key);
  }

  set(key: K, value: V): void {
    this.#view = undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.capacity) this.#values.delete(this.#values.keys().next().value as K);
  }

  get view(): ReadonlyMap<K, V> {
    return (this.#view ??= new Map(this.#values));
  }
}

/** The newest `capacity` values, newest first; one takes the place of an earlier one of the same key. */
export class Recent<V> {
  readonly #values = new Map<unknown, V>();
  #view: readonly V[] | undefined;

  constructor(
    private readonly capacity: number,
    private readonly keyOf: (value: V) => unknown,
  ) {}

  add(value: V): void {
    this.#view = undefined;
    const key = this.keyOf(value);
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.capacity) this.#values.delete(this.#values.keys().next().value);
  }

  get view(): readonly V[] {
    return (this.#view ??= [...this.#values.values()].reverse());
  }
}
