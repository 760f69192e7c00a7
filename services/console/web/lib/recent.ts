/** The few newest events of some types, the newest first, those of the last quarter of an hour among them. */

import type { AutodmcaEvent, EventType } from "@autodmca/realtime";
import { useWebSocket } from "@autodmca/realtime/react";
import { useEffect, useId, useState } from "react";
import { TYPES } from "./schema";

const BACK_MS = 15 * 60_000;

export function useRecent(types: readonly EventType[] = TYPES, most = 20): readonly AutodmcaEvent[] {
  const { subscribe, unsubscribe } = useWebSocket();
  const [events, setEvents] = useState<readonly AutodmcaEvent[]>([]);
  const id = useId();
  const key = types.join();
  useEffect(() => {
    let waiting: AutodmcaEvent[] = [];
    let frame = 0;
    const draw = (): void => {
      frame = 0;
      const fresh = waiting.reverse();
      waiting = [];
      setEvents((before) => [...fresh, ...before].slice(0, most));
    };
    const since = new Date(Date.now() - BACK_MS).toISOString();
    subscribe(`recent ${id}`, { types: key.split(",") as EventType[], since }, (event) => {
      waiting.push(event);
      frame ||= requestAnimationFrame(draw);
    });
    return () => {
      cancelAnimationFrame(frame);
      unsubscribe(`recent ${id}`);
      setEvents([]);
    };
  }, [id, key, most, subscribe, unsubscribe]);
  return events;
}
