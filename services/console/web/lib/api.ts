/**
 * The services over HTTP: the token, keys that make a repeated command harmless, and problems as they are told.
 *
 * A command that got no answer is sent once more with the same `Idempotency-Key`, so it is never done twice.
 * Throws `Problem` alone.
 */

import type { Snapshot } from "@autodmca/realtime";
import type { Config } from "./config";
import { SessionEnded } from "./session";
import type { Session } from "./session";

export type ServiceName = "templates" | "delisting" | "social_media" | "accounts" | "ai_detection";

export interface FieldError {
  readonly field: string;
  readonly reason: string;
  readonly line?: number;
}

/** RFC 9457, or that there was no answer (`status` 0). */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly errors: readonly FieldError[] = [],
  ) {
    super(detail);
  }

  get isTemporary(): boolean {
    return [0, 429, 502, 503, 504].includes(this.status);
  }
}

export interface Answer<T> {
  readonly body: T;
  /** As of which moment a read holds: RFC 3339. */
  readonly asOf: string;
  readonly etag: string | null;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

const MOST_PAGES = 10;
const PAGE_SIZE = 100;
/** A browser holds back at most 64 KiB of requests for pages that were left (Fetch, "keepalive"). */
const KEPT_CHARACTERS = 8_000;

export class Api {
  constructor(
    private readonly config: Pick<Config, "services">,
    private readonly session: Pick<Session, "token">,
    private readonly fetch: typeof globalThis.fetch = (...call) => globalThis.fetch(...call),
  ) {}

  async get<T>(service: ServiceName, path: string, signal?: AbortSignal): Promise<Answer<T>> {
    const began = new Date().toISOString();
    const answer = await this.#ask(service, path, { signal: signal ?? null });
    return {
      body: (await answer.json()) as T,
      asOf: answer.headers.get("as-of") ?? began,
      etag: answer.headers.get("etag"),
    };
  }

  /** A list with its first thousand items; as of the moment of its first page. */
  async list<T>(service: ServiceName, path: string, signal?: AbortSignal): Promise<Snapshot<T[]>> {
    const items: T[] = [];
    let asOf = "";
    let cursor: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(cursor && { cursor }) });
      const page = await this.get<Page<T>>(service, `${path}${path.includes("?") ? "&" : "?"}${query.toString()}`, signal);
      asOf ||= page.asOf;
      items.push(...page.body.items);
      cursor = page.body.nextCursor;
      if (!cursor) break;
    }
    return { asOf, state: items };
  }

  async file(service: ServiceName, path: string): Promise<Blob> {
    return (await this.#ask(service, path, {})).blob();
  }

  /**
   * Does a command once, however often it has to be sent. A form is sent as one, with its files. What a person has
   * said is done also when the page is left at once, but for what is too large for that.
   */
  async send<T>(service: ServiceName, method: "POST" | "PUT" | "DELETE", path: string, body: unknown = {}, etag?: string): Promise<T> {
    const isForm = body instanceof FormData;
    const headers: Record<string, string> = {
      ...(!isForm && method !== "DELETE" && { "content-type": "application/json" }),
      "idempotency-key": crypto.randomUUID(),
      ...(etag && { "if-match": etag }),
    };
    const text = isForm || method === "DELETE" ? "" : JSON.stringify(body);
    const request = {
      method,
      headers,
      keepalive: !isForm && text.length <= KEPT_CHARACTERS,
      ...(method !== "DELETE" && { body: isForm ? body : text }),
    };
    const answer = await this.#ask(service, path, request).catch((problem: unknown) => {
      if (problem instanceof Problem && problem.isTemporary && problem.status !== 429) {
        return this.#ask(service, path, request);
      }
      throw problem;
    });
    const said = await answer.text();
    return (said ? JSON.parse(said) : undefined) as T;
  }

  async #ask(service: ServiceName, path: string, request: RequestInit): Promise<Response> {
    const token = await this.session.token().catch((error: unknown) => {
      throw new Problem(error instanceof SessionEnded ? 401 : 0, "no-token", messageOf(error));
    });
    const url = `${this.config.services[service] ?? ""}${path}`;
    const headers = { ...(request.headers as Record<string, string> | undefined), authorization: `Bearer ${token}` };
    let answer: Response;
    try {
      answer = await this.fetch(url, { ...request, headers, credentials: "omit", cache: "no-store" });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Problem(0, "no-answer", "The service did not answer. Check the connection and try again.");
    }
    if (!answer.ok) throw await problemOf(answer);
    return answer;
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const told = (await answer.json()) as { type?: string; detail?: string; errors?: FieldError[] };
    const code = told.type?.split(":").at(-1) ?? String(answer.status);
    return new Problem(answer.status, code, told.detail ?? answer.statusText, told.errors);
  } catch {
    const detail = answer.status === 404 ? "There is nothing at this address." : `The service answered ${answer.status}.`;
    return new Problem(answer.status, String(answer.status), detail);
  }
}

/** What went wrong, for a person to read. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
