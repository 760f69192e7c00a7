/**
 * Requests to `/events` (docs/protocol.md, "Without WebSockets") and what their answers mean.
 *
 * Owns the address, the headers and the limits in time. A refusal is a `Refused`, with the close code that the
 * same refusal has on a WebSocket; whatever else goes wrong is an error of `fetch`.
 */

import { ABNORMAL } from "../core/closing";
import { texts } from "../core/wire";

export interface Wanted {
  readonly types: readonly string[];
  readonly filters: object;
}

export interface Position {
  /** Cursors; with none, `since` or the present. */
  readonly resume: readonly string[];
  readonly since?: string | undefined;
}

export interface Polled {
  readonly events: readonly object[];
  readonly cursors: string[];
  readonly recovered: boolean;
  readonly reason: string | undefined;
}

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    /** The body, in the form of an error of the protocol. */
    readonly error: Readonly<Record<string, unknown>>,
    message: string,
  ) {
    super(message);
  }
}

const CLOSE_CODES: { readonly [status: number]: number } = { 401: 4401, 403: 4403, 429: 4429, 503: 4503 };
/** Milliseconds that an answer may be late. */
const GRACE = 10_000;

/** The address of `/events` on the edge whose WebSocket is at `url`. */
export function eventsAddress(url: string): string {
  const address = new URL(url);
  address.protocol = address.protocol === "wss:" ? "https:" : "http:";
  address.pathname = address.pathname.replace(/(?:\/ws)?\/?$/, "/events");
  return address.href;
}

export class Requests {
  constructor(
    private readonly address: string,
    private readonly fetch: typeof globalThis.fetch,
    public token: string,
  ) {}

  /** One turn of a long poll of at most so many seconds. */
  async poll(wanted: Wanted, position: Position, seconds: number, signal: AbortSignal): Promise<Polled> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), seconds * 1_000 + GRACE);
    const abort = (): void => late.abort();
    signal.addEventListener("abort", abort);
    try {
      const answer = await this.#get(wanted, position, "application/json", late.signal, seconds);
      const body = (await answer.json()) as Readonly<Record<string, unknown>>;
      const events = body["events"];
      return {
        events: Array.isArray(events) ? events : [],
        cursors: texts(body["cursors"]),
        recovered: body["recovered"] !== false,
        reason: typeof body["reason"] === "string" ? body["reason"] : undefined,
      };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }

  /** The body of an event stream; undefined where bodies cannot be read as they come. */
  async stream(
    wanted: Wanted,
    position: Position,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    const answer = await this.#get(wanted, position, "text/event-stream", signal);
    return answer.body ?? undefined;
  }

  async #get(
    wanted: Wanted,
    position: Position,
    accept: string,
    signal: AbortSignal,
    seconds?: number,
  ): Promise<Response> {
    const address = new URL(this.address);
    address.searchParams.set("types", wanted.types.join(","));
    if (Object.keys(wanted.filters).length > 0) {
      address.searchParams.set("filters", JSON.stringify(wanted.filters));
    }
    if (seconds !== undefined) address.searchParams.set("timeout", String(seconds));
    const headers: Record<string, string> = { accept, authorization: `Bearer ${this.token}` };
    if (position.resume.length > 0) headers["last-event-id"] = position.resume.join(",");
    else if (position.since !== undefined) address.searchParams.set("since", position.since);
    const answer = await this.fetch(address.href, { headers, signal, cache: "no-store" });
    if (!answer.ok) throw await refusalOf(answer);
    return answer;
  }
}

async function refusalOf(answer: Response): Promise<Refused> {
  const read: unknown = await answer.json().catch(() => undefined);
  const error = (typeof read === "object" && read !== null ? read : {}) as Record<string, unknown>;
  const seconds = Number(answer.headers.get("retry-after") ?? NaN);
  const hint = Number.isFinite(seconds) ? `; retry after ${Math.ceil(seconds * 1_000)} ms` : "";
  const message = `HTTP ${answer.status} ${String(error["message"] ?? "")}`.trimEnd() + hint;
  return new Refused(answer.status, CLOSE_CODES[answer.status] ?? ABNORMAL, error, message);
}
