/** What several views need of React and of the browser. */

import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { messageOf } from "./api";

const listeners = new Set<() => void>();
let shownNow = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function onTick(changed: () => void): () => void {
  listeners.add(changed);
  timer ??= setInterval(() => {
    shownNow = Date.now();
    for (const each of listeners) each();
  }, 10_000);
  return () => {
    listeners.delete(changed);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Now, in ms; draws again every ten seconds, for words like "a minute ago". */
export const useNow = (): number => useSyncExternalStore(onTick, () => shownNow);

/** The document's title. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – AutoDMCA`;
  }, [title]);
}

/** Whether the browser has a network. */
export const useOnline = (): boolean =>
  useSyncExternalStore(
    (changed) => {
      addEventListener("online", changed);
      addEventListener("offline", changed);
      return () => {
        removeEventListener("online", changed);
        removeEventListener("offline", changed);
      };
    },
    () => navigator.onLine,
  );

export interface Task {
  readonly isBusy: boolean;
  readonly fault: string | undefined;
  /** True when it went well. */
  readonly run: (work: () => Promise<void>) => Promise<boolean>;
}

/** One thing at a time, and what went wrong with it. */
export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | undefined>();
  const run = useCallback(async (work: () => Promise<void>) => {
    setBusy(true);
    setFault(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setFault(messageOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { isBusy, fault, run };
}

/** Has something done again and again, while the page is seen. */
export function useEvery(ms: number, work: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => document.hidden || work(), ms);
    return () => clearInterval(timer);
  }, [ms, work]);
}
