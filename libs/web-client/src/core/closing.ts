/**
 * What a close code asks of a client, and how long the client waits before its next attempt.
 *
 * Pure. The table is the one of docs/protocol.md, "Close codes"; a code that is not in it (1006: the network
 * failed) means reconnect. Delays are "full jitter": uniform between nothing and a window that doubles with
 * each attempt (Marc Brooker, "Exponential Backoff And Jitter", 2015). An edge that is busy may name a moment
 * before which nobody should return ("When there are too many"); that moment is kept.
 */

export type Policy = "stay" | "reconnect" | "token" | "backoff";

/** Windows of the random delay, in milliseconds. */
export interface Backoff {
  /** The window of the first attempt. */
  readonly first: number;
  readonly longest: number;
}

/** RFC 6455, section 7.4.1: no close frame was seen. */
export const ABNORMAL = 1006;

/** A busy edge (4429, 4503) that names no moment starts this many doublings later. */
const BUSY_STEPS = 3;

const POLICIES: { readonly [code: number]: Policy } = {
  1000: "stay",
  1003: "stay",
  1009: "stay",
  1012: "reconnect",
  4400: "stay",
  4401: "token",
  4403: "stay",
  4408: "reconnect",
  4410: "reconnect",
  4429: "backoff",
  4503: "backoff",
};

export function policyOf(code: number): Policy {
  return POLICIES[code] ?? "reconnect";
}

/** In how many milliseconds the edge asks to be tried again, by a close reason or an error's text. */
export function retryAfter(text: string): number | undefined {
  const found = /\bretry after (\d{1,9}) ms\b/.exec(text);
  return found ? Number(found[1]) : undefined;
}

/**
 * Milliseconds to wait before attempt number `attempt` (the first is 0). `hint` is what a busy edge asked
 * for: it is kept, up to the longest window, and the random delay comes on top, without the further doublings.
 */
export function delayOf(
  policy: Policy,
  attempt: number,
  backoff: Backoff,
  random: () => number,
  hint?: number,
): number {
  const busy = policy === "backoff";
  const least = busy && hint !== undefined ? Math.min(hint, backoff.longest) : 0;
  const steps = attempt + (busy && hint === undefined ? BUSY_STEPS : 0);
  const window = Math.min(backoff.longest, backoff.first * 2 ** Math.min(steps, 32));
  return least + random() * window;
}
