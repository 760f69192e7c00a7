/** What the console's server says of the system, asked again and again while somebody sees the page. */

import { useEffect, useState } from "react";
import { Problem } from "./api";
import { BASE } from "./config";
import { usePage } from "./context";

export interface Polled<T> {
  readonly value: T | undefined;
  /** Why the newest question had no answer. */
  readonly error: unknown;
}

/** `path` beneath the console's; undefined asks nothing. `each` sees every answer. */
export function usePolled<T>(path: string | undefined, everyMs: number, each?: (value: T) => void): Polled<T> {
  const { session } = usePage();
  const [value, setValue] = useState<T | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (path === undefined) return undefined;
    const giveUp = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      if (document.hidden) return;
      const headers = { authorization: `Bearer ${await session.token()}` };
      const answer = await fetch(`${BASE}/${path}`, { headers, signal: giveUp.signal });
      if (!answer.ok) {
        const told = (await answer.json().catch(() => ({}))) as { detail?: string };
        throw new Problem(answer.status, path, told.detail ?? `The console's server answered ${answer.status}.`);
      }
      const found = (await answer.json()) as T;
      each?.(found);
      setValue(found);
      setError(undefined);
    };
    const again = (): void => {
      look()
        .catch((problem: unknown) => {
          if (!giveUp.signal.aborted) setError(problem);
        })
        .finally(() => {
          if (!giveUp.signal.aborted) timer = setTimeout(again, everyMs);
        });
    };
    again();
    return () => {
      giveUp.abort();
      clearTimeout(timer);
    };
  }, [each, everyMs, path, session]);
  return { value, error };
}
