/** Templates as a hook, in today's form and in the older one. */

import { useCallback, useEffect, useRef, useState } from "react";
import { FAMILIES } from "../../../events/generated/shapes";
import type { EventOf } from "../core/subscriptions";
import { useRealtimeClient } from "./context";
import type { TemplateUpdate } from "./families";
import { entries, keyOf, useSelection } from "./select";
import { useConnectionState } from "./status";

export type TemplateEvent = EventOf<"template_validation" | "template_approval" | "template_usage">;

export interface TemplateRealtime {
  /** By template id. */
  readonly templateUpdates: ReadonlyMap<string, TemplateUpdate>;
  readonly getTemplateUpdate: (id: string) => TemplateUpdate | undefined;
}

export interface LegacyTemplateOptions {
  readonly templateIds?: readonly string[] | undefined;
  readonly onUpdate?: ((event: TemplateEvent) => void) | undefined;
}

export interface LegacyTemplateRealtime extends TemplateRealtime {
  /** The newest event of these templates. */
  readonly lastUpdate: TemplateEvent | null;
  readonly isConnected: boolean;
}

/** How templates are doing: those of `ids`, or all. */
export function useTemplateRealtime(ids?: readonly string[]): TemplateRealtime;
/** @deprecated Pass the ids: `useTemplateRealtime(ids)`; see docs/web.md. */
export function useTemplateRealtime(options: LegacyTemplateOptions): LegacyTemplateRealtime;
export function useTemplateRealtime(
  given?: readonly string[] | LegacyTemplateOptions,
): TemplateRealtime | LegacyTemplateRealtime {
  const options = Array.isArray(given) || given === undefined ? undefined : (given as LegacyTemplateOptions);
  const ids = options ? options.templateIds : (given as readonly string[] | undefined);
  const { templateUpdates } = useSelection(useRealtimeClient(), "templates", keyOf(ids), (view) => ({
    templateUpdates: entries(view.templateUpdates, ids),
  }));
  const getTemplateUpdate = useCallback((id: string) => templateUpdates.get(id), [templateUpdates]);
  const legacy = useLegacy(options, ids);
  return { templateUpdates, getTemplateUpdate, ...legacy };
}

function useLegacy(
  options: LegacyTemplateOptions | undefined,
  ids: readonly string[] | undefined,
): Omit<LegacyTemplateRealtime, keyof TemplateRealtime> | undefined {
  const client = useRealtimeClient();
  const [lastUpdate, setLastUpdate] = useState<TemplateEvent | null>(null);
  const isConnected = useConnectionState(client) === "connected";
  const latest = useRef(options?.onUpdate);
  useEffect(() => {
    latest.current = options?.onUpdate;
  });
  const key = keyOf(ids);
  const isLegacy = options !== undefined;
  useEffect(() => {
    if (!isLegacy) return undefined;
    const wanted = JSON.parse(key) as string[] | null;
    const types = FAMILIES.templates as readonly TemplateEvent["type"][];
    const made = client.subscribe({ types }, (event) => {
      if (wanted && !wanted.includes(event.payload.templateId)) return;
      setLastUpdate(event as TemplateEvent);
      latest.current?.(event as TemplateEvent);
    });
    return () => made.unsubscribe();
  }, [client, isLegacy, key]);
  return isLegacy ? { lastUpdate, isConnected } : undefined;
}
