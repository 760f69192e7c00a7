/** Where events outlive the page; see offline/store.ts. */

import type { AutodmcaEvent } from "../../../events/generated/events";

export interface Stored {
  /** Oldest first. */
  readonly events: readonly AutodmcaEvent[];
  /** Positions after the last of them. */
  readonly cursors: readonly string[];
}

/** `key` says which types and filters. Nothing here throws or rejects. */
export interface EventStore {
  load(key: string): Promise<Stored | undefined>;
  /** An event came, or only positions moved; `cursors` gives these when they are written. */
  record(key: string, event: AutodmcaEvent | undefined, cursors: () => readonly string[]): void;
  /** Events were lost: what is kept has a hole after it. */
  forget(key: string): void;
}
