/**
 * What is read again as soon as an event tells that it has changed, for what events do not hold whole.
 *
 * An event is news when the read is older than it; a service takes a second from the moment of a read, for clocks
 * that differ. Of an event of the very moment nobody knows, so it is read once more. All that comes while a read is
 * under way is served by one more. An event that no read reaches (a clock was set back) is given up after a few.
 */

import type { EventOf, EventType } from "@autodmca/realtime";
import { useSnapshot } from "@autodmca/realtime/react";
import type { SnapshotOptions, SnapshotResult } from "@autodmca/realtime/react";
import { useEffect, useRef } from "react";

const CLOCKS_MS = 1_000;
const MOST_READS = 4;

export interface Held<S> {
  readonly value: S;
  /** ms since the epoch: everything that happened before is in `value`. */
  readonly shows: number;
  /** The newest event that `value` may not show whole: `isSure` where it happened after the read. */
  readonly news: { readonly id: string; readonly isSure: boolean } | undefined;
}

/** After an event: `change` is what it says of the value by itself. */
export function told<S>(held: Held<S>, event: { readonly id: string; readonly timestamp: string }, change: (value: S) => S): Held<S> {
  const at = Date.parse(event.timestamp);
  return at < held.shows ? held : { ...held, value: change(held.value), news: { id: event.id, isSure: at > held.shows } };
}

/** As `useSnapshot`. `apply` may show at once what an event says; where `isNews` says no, that is the whole of it. */
export function useReread<S, T extends EventType>(
  key: string,
  options: Omit<SnapshotOptions<S, T>, "apply"> & {
    readonly apply?: (state: S, event: EventOf<T>) => S;
    readonly isNews?: (event: EventOf<T>, state: S) => boolean;
  },
): SnapshotResult<S> {
  const { apply = (state: S): S => state, isNews = (): boolean => true, snapshot, ...rest } = options;
  const view = useSnapshot<Held<S>, T>(key, {
    ...rest,
    snapshot: async (signal) => {
      const { asOf, state } = await snapshot(signal);
      return { asOf, state: { value: state, shows: Date.parse(asOf) + CLOCKS_MS, news: undefined } };
    },
    apply: (held, event) => {
      if (isNews(event, held.value)) return told(held, event, (value) => apply(value, event));
      const value = apply(held.value, event);
      return value === held.value ? held : { ...held, value };
    },
  });
  const { state, reload, isLoading } = view;
  const asked = useRef({ news: "", times: 0 });
  const news = state?.news;
  useEffect(() => {
    if (news === undefined || isLoading) return;
    asked.current = { news: news.id, times: asked.current.news === news.id ? asked.current.times + 1 : 1 };
    if (asked.current.times <= (news.isSure ? MOST_READS : 1)) reload();
  }, [news, isLoading, reload]);
  return { ...view, state: state?.value };
}
