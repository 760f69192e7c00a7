/** Looks at the nodes' figures, every two seconds, for the last few minutes. */

import { useCallback, useState } from "react";
import type { Look } from "./looks";
import type { NodeFigures } from "./metrics";
import { usePolled } from "./polled";

const EVERY_MS = 2_000;
const MOST = 150;

export function useNodes(): { looks: readonly Look[]; error: unknown } {
  const [looks, setLooks] = useState<readonly Look[]>([]);
  const keep = useCallback(
    ({ nodes }: { nodes: NodeFigures[] }) => setLooks((before) => [...before, { at: Date.now(), nodes }].slice(-MOST)),
    [],
  );
  const { error } = usePolled("nodes", EVERY_MS, keep);
  return { looks, error };
}
