/**
 * What a command will do, shown before the log has it, until the log says anything else of the same thing.
 *
 * A patch holds for the version that it was made on: as soon as another version comes, by an event or by a read,
 * the patch is forgotten, whatever it said. A command that fails takes its patch back at once.
 */

import { useCallback, useState } from "react";

export interface Optimistic<T> {
  readonly shown: T;
  /** Whether a command is under way. */
  readonly isBusy: boolean;
  readonly error: unknown;
  /** Shows `patch` at once, then does the command; its answer is the patch from then on. True when it went well. */
  readonly act: (patch: Partial<T>, command: () => Promise<Partial<T> | undefined>) => Promise<boolean>;
  readonly dismiss: () => void;
}

interface Patch<T> {
  readonly version: string;
  readonly fields: Partial<T>;
}

/** The state with a patch on it, unless the patch was made on another version. */
export function patched<T extends object>(held: T, version: string, patch: Patch<T> | undefined): T {
  return patch && patch.version === version ? { ...held, ...patch.fields } : held;
}

export function useOptimisticState<T extends object>(held: T, version: string): Optimistic<T> {
  const [patch, setPatch] = useState<Patch<T> | undefined>();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const act = useCallback<Optimistic<T>["act"]>(
    async (fields, command) => {
      setError(undefined);
      setBusy(true);
      setPatch({ version, fields });
      try {
        const answer = await command();
        if (answer) setPatch({ version, fields: answer });
        return true;
      } catch (problem) {
        setPatch(undefined);
        setError(problem);
        return false;
      } finally {
        setBusy(false);
      }
    },
    [version],
  );
  return { shown: patched(held, version, patch), isBusy, error, act, dismiss: () => setError(undefined) };
}
