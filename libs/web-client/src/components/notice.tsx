/** A notice that comes when the connection has been gone for a while, and goes with its return. */

import { useEffect, useState } from "react";
import type { ReactElement } from "react";
import { useRealtimeClient } from "../react/context";
import { useConnectionState } from "../react/status";
import { ENGLISH } from "./words";
import type { Words } from "./words";

export interface ConnectionNoticeProps {
  /** Milliseconds that the connection may be gone without a word; 10 seconds when not given. */
  readonly after?: number | undefined;
  readonly words?: Words | undefined;
  readonly className?: string | undefined;
}

/** Draws nothing while the connection stands, was left on purpose, or has been gone for a moment only. */
export function ConnectionNotice({ after = 10_000, words = ENGLISH, className = "" }: ConnectionNoticeProps): ReactElement {
  const client = useRealtimeClient();
  const state = useConnectionState(client);
  const gone = state !== "connected" && state !== "disconnected";
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    if (!gone) return undefined;
    const timer = setTimeout(() => setLong(true), after);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [gone, after]);
  return (
    <div role="status" className={className}>
      {gone && isLong && (
        <div className="admca-notice">
          <p>{state === "error" ? words.sentences.error : words.interrupted}</p>
          <button type="button" onClick={() => client.reconnect()}>
            {words.reconnect}
          </button>
        </div>
      )}
    </div>
  );
}
