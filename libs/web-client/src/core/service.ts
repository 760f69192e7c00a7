/** The one client of a page that all of its parts share, by the names of today's application. */

import { RealtimeClient } from "./client";
import type { RealtimeOptions } from "./options";

let shared: RealtimeClient | undefined;

/** The page's client; the first call makes it, with `options`. */
export function getWebSocketService(options?: RealtimeOptions): RealtimeClient {
  return (shared ??= new RealtimeClient(options));
}

/** Disconnect the page's client; the next call of `getWebSocketService` makes another. */
export function resetWebSocketService(): void {
  shared?.disconnect();
  shared = undefined;
}
