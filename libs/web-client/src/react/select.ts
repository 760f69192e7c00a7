/** A part of a family's state, the same object for as long as nothing in it changes. */

import { useMemo, useSyncExternalStore } from "react";
import type { Family } from "../../../events/generated/shapes";
import type { RealtimeClient } from "../core/client";
import type { FamilyViews } from "./families";
import { storeOf } from "./store";

/** What is chosen of a view; parts are compared by identity, entry by entry. */
type Selection = object;

function entriesOf(value: unknown): readonly unknown[] {
  if (value instanceof Map) return [...value].flat();
  return Array.isArray(value) ? value : [value];
}

const samePart = (left: unknown, right: unknown): boolean => {
  if (left === right) return true;
  const [before, after] = [entriesOf(left), entriesOf(right)];
  return before.length === after.length && before.every((each, index) => each === after[index]);
};

function same(left: Selection, right: Selection): boolean {
  const before = Object.values(left);
  const after = Object.values(right);
  return before.length === after.length && before.every((each, index) => samePart(each, after[index]));
}

/** Gives what `select` chooses of the newest view, and the same object again where that is the same. */
function remembering<V, S extends Selection>(newest: () => V, select: (view: V) => S): () => S {
  let view: V | undefined;
  let selection: S | undefined;
  return () => {
    const now = newest();
    if (now !== view || selection === undefined) {
      const next = select(now);
      if (selection === undefined || !same(selection, next)) selection = next;
      view = now;
    }
    return selection;
  };
}

/**
 * What `select` chooses of a family; the component is drawn again only when that changes. `key` says which
 * selection it is: `select` itself may be another function each time.
 */
export function useSelection<F extends Family, S extends Selection>(
  client: RealtimeClient,
  family: F,
  key: string,
  select: (view: FamilyViews[F]) => S,
): S {
  const store = storeOf(client, family);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- another key is another selection
  const chosen = useMemo(() => remembering(store.view, select), [store, key]);
  return useSyncExternalStore(store.subscribe, chosen, chosen);
}

/** A text for a list of ids, whichever array they are in; `undefined` stands for all. */
export const keyOf = (ids: readonly (string | number)[] | undefined): string => JSON.stringify(ids ?? null);

/** The entries of `ids`, in their order; all of them for `undefined`. */
export function entries<K, V>(map: ReadonlyMap<K, V>, ids: readonly K[] | undefined): ReadonlyMap<K, V> {
  if (!ids) return map;
  const found = new Map<K, V>();
  for (const id of ids) {
    const value = map.get(id);
    if (value !== undefined) found.set(id, value);
  }
  return found;
}

/** Those for which `key` gives one of `ids`; the list itself for `undefined`. */
export function among<V, K>(list: readonly V[], ids: readonly K[] | undefined, key: (value: V) => K): readonly V[] {
  return ids ? list.filter((value) => ids.includes(key(value))) : list;
}
