/** A dot and a word: the state of the connection at a glance. */

import type { ReactElement } from "react";
import type { ConnectionState } from "../core/connection";
import { useRealtimeClient } from "../react/context";
import { useConnectionState } from "../react/status";
import { ENGLISH } from "./words";
import type { Words } from "./words";

export interface ConnectionIndicatorProps {
  /** Leave out the word; a screen reader has it all the same. */
  readonly compact?: boolean | undefined;
  readonly words?: Words | undefined;
  readonly className?: string | undefined;
}

/** Says a change politely to a screen reader. */
export function ConnectionIndicator({ compact, words = ENGLISH, className = "" }: ConnectionIndicatorProps): ReactElement {
  const state = useConnectionState(useRealtimeClient());
  return (
    <span className={`admca-indicator ${className}`.trim()} role="status" data-state={state}>
      <Mark state={state} words={words} compact={compact} />
    </span>
  );
}

export function Mark({ state, words, compact }: { state: ConnectionState; words: Words; compact?: boolean | undefined }): ReactElement {
  return (
    <>
      <span className="admca-dot" data-state={state} aria-hidden="true" />
      <span className={compact ? "admca-hidden" : "admca-word"}>{words.states[state]}</span>
    </>
  );
}
