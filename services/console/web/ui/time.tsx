/** A moment: how long ago, and when exactly to those who look closer. */

import type { ReactElement } from "react";
import { ago, moment } from "../lib/format";
import { useNow } from "../lib/hooks";

export function Time({ at }: { at: string | undefined }): ReactElement {
  const now = useNow();
  if (!at) return <span className="quiet">–</span>;
  return (
    <time dateTime={at} title={moment(at)}>
      {ago(at, Math.max(now, Date.parse(at) < now + 10_000 ? Date.parse(at) : now))}
    </time>
  );
}
