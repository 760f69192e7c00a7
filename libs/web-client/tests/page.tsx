/** A page under the provider, on a client whose socket's other end is the test; time is the test's too. */

import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, vi } from "vitest";
import type { EventPayloads, EventType, RealtimeOptions } from "../src/index";
import { resetWebSocketService } from "../src/index";
import { WebSocketProvider } from "../src/react";
import { examples } from "../../events/generated/examples";
import { Bench } from "./socket";

export let bench: Bench;
export let count = 0;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  bench = new Bench();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  resetWebSocketService();
});

export const wrapper = ({ children }: { children: ReactNode }): ReactNode => (
  <WebSocketProvider client={bench.client}>{children}</WebSocketProvider>
);

export const settle = (milliseconds = 0): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(milliseconds)));
export const frame = (): Promise<void> => settle(300);

export async function opened(): Promise<void> {
  await settle();
  act(() => bench.socket.greet());
  await settle();
}

export function emit<T extends EventType>(type: T, changes: Partial<EventPayloads[T]> = {}): void {
  const { payload, ...envelope } = examples[type];
  const cursor = `${type}:${++count}`;
  bench.socket.tell(type, { ...payload, ...changes }, { ...envelope, id: `e${count}`, cursor });
}

/** A hook under the provider, on an open connection. */
export async function live<R>(hook: () => R): Promise<{ current: R; renders: () => number }> {
  let renders = 0;
  const { result } = renderHook(() => (renders++, hook()), { wrapper });
  await opened();
  return {
    get current() {
      return result.current;
    },
    renders: () => renders,
  };
}

/** Another client than the one that each test begins with. */
export function rebuild(options: RealtimeOptions): void {
  bench = new Bench(options);
}
