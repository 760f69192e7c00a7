/** A state that is read once and then follows its events, as a hook. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { EventType } from "../../../events/generated/events";
import { Joined } from "../core/joined";
import type { JoinedConfig, JoinedView } from "../core/joined";
import { useRealtimeClient } from "./context";
import { Frames } from "./frames";

export type SnapshotOptions<S, T extends EventType> = Omit<JoinedConfig<S, T>, "onChange">;

export interface SnapshotResult<S> extends JoinedView<S> {
  readonly reload: () => void;
}

const EMPTY = { state: undefined, isLoading: true, error: undefined };

/**
 * The state of `options.snapshot`, kept up by events; see `Joined`. It begins anew when `key` changes: put into it
 * what the fetcher depends on. Changes are drawn once per frame; on a server nothing is read.
 */
export function useSnapshot<S, T extends EventType>(key: string, options: SnapshotOptions<S, T>): SnapshotResult<S> {
  const client = useRealtimeClient();
  const [shown, setShown] = useState<{ key: string; view: JoinedView<S> }>({ key, view: EMPTY });
  const latest = useRef(options);
  const joined = useRef<Joined<S, T> | undefined>(undefined);
  useEffect(() => {
    latest.current = options;
  });
  useEffect(() => {
    const frames = new Frames();
    const show = (): void => {
      if (joined.current === made) setShown({ key, view: made.view });
    };
    const made = new Joined<S, T>(client, {
      types: latest.current.types,
      filters: latest.current.filters,
      snapshot: (signal) => latest.current.snapshot(signal),
      apply: (state, event) => latest.current.apply(state, event),
      onChange: () => frames.soon(show),
    });
    joined.current = made;
    return () => {
      made.close();
      joined.current = undefined;
    };
  }, [client, key]);
  const reload = useCallback(() => joined.current?.reload(), []);
  return { ...(shown.key === key ? shown.view : EMPTY), reload };
}
