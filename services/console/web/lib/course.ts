/** How many of a request's URLs the engine showed, over time: from the log, as far back as it goes, and on from there. */

import type { EventOf } from "@autodmca/realtime";
import { useWebSocket } from "@autodmca/realtime/react";
import { useEffect, useState } from "react";
import { isSeen } from "./request";

export interface Point {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly shown: number;
  readonly gone: number;
}

const MOST_POINTS = 500;

/** Adds what one look at a URL found; points keep the order of time. An event that comes twice changes nothing. */
export class Course {
  #seen = new Map<string, { readonly at: number; readonly isSeen: boolean }>();
  points: readonly Point[] = [];

  add({ normalizedUrl, newVisibility, checkedAt }: EventOf<"visibility_change">["payload"]): void {
    const at = Date.parse(checkedAt) / 1000;
    if ((this.#seen.get(normalizedUrl)?.at ?? 0) >= at) return;
    this.#seen.set(normalizedUrl, { at, isSeen: isSeen(newVisibility) });
    const shown = [...this.#seen.values()].filter((each) => each.isSeen).length;
    const last = this.points.at(-1);
    const point = { at: Math.max(at, last?.at ?? 0), shown, gone: this.#seen.size - shown };
    this.points = [...(last?.at === point.at ? this.points.slice(0, -1) : this.points), point].slice(-MOST_POINTS);
  }
}

export function useCourse(requestId: string, since: string): readonly Point[] {
  const { subscribe, unsubscribe } = useWebSocket();
  const [points, setPoints] = useState<readonly Point[]>([]);
  useEffect(() => {
    const course = new Course();
    const name = `course ${requestId}`;
    let frame = 0;
    const draw = (): void => {
      frame = 0;
      setPoints(course.points);
    };
    subscribe(name, { types: ["visibility_change"], filters: { requestId }, since }, (event) => {
      if (event.type !== "visibility_change") return;
      course.add(event.payload);
      frame ||= requestAnimationFrame(draw);
    });
    return () => {
      cancelAnimationFrame(frame);
      unsubscribe(name);
    };
  }, [requestId, since, subscribe, unsubscribe]);
  return points;
}
