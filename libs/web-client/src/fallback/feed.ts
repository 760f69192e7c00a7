/**
 * What comes over `/events` from a position on, by an event stream or, where streams are held back, by polls.
 *
 * One turn is one request. Tells positions and events to who listens, and ends with an error when the request
 * fails. Keeps nothing between turns but whether streams get through here.
 */

import { texts } from "../core/wire";
import { Refused } from "./requests";
import type { Requests, Wanted } from "./requests";
import { readStream } from "./stream";
import type { StreamEvent } from "./stream";

export interface FeedListener {
  alive(): void;
  event(text: string): void;
  /** All that came before these positions has been told. `lost`: why that is not complete. */
  reached(cursors: readonly string[], lost: string | undefined): void;
  /** The positions after the newest event. */
  moved(cursors: readonly string[]): void;
  closed(code: number, reason: string): void;
}

export interface FeedOptions {
  /** Seconds that a long poll waits for an event. */
  readonly pollSeconds?: number | undefined;
  /** Milliseconds in which an event stream must have brought something; else a proxy holds it back. */
  readonly streamTimeout?: number | undefined;
}

/** An answer that is smaller than this had all there was (docs/protocol.md: about 64 KB). */
const FULL_POLL = 50_000;

export class Feed {
  constructor(
    private readonly requests: Requests,
    private readonly options: FeedOptions,
    private readonly shared: { streams: boolean },
    private readonly listener: FeedListener,
  ) {}

  /** `behind`: what came before has not all been told yet. */
  async turn(wanted: Wanted, resume: readonly string[], behind: boolean, signal: AbortSignal): Promise<void> {
    if (this.shared.streams) await this.#stream(wanted, resume, signal);
    else await this.#poll(wanted, resume, behind, signal);
  }

  async #poll(wanted: Wanted, resume: readonly string[], behind: boolean, signal: AbortSignal): Promise<void> {
    const seconds = behind ? 1 : (this.options.pollSeconds ?? 25);
    const polled = await this.requests.poll(wanted, { resume }, seconds, signal);
    if (signal.aborted) return;
    this.listener.alive();
    let size = 0;
    for (const each of polled.events) {
      const text = JSON.stringify(each);
      size += text.length;
      this.listener.event(text);
    }
    this.listener.moved(polled.cursors);
    const lost = polled.recovered ? undefined : (polled.reason ?? "unknown");
    if (lost !== undefined || size < FULL_POLL) this.listener.reached(polled.cursors, lost);
  }

  async #stream(wanted: Wanted, resume: readonly string[], signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    signal.addEventListener("abort", abort);
    let came = false;
    const late = setTimeout(() => {
      if (!came) stop.abort();
    }, this.options.streamTimeout ?? 5_000);
    try {
      const body = await this.requests.stream(wanted, { resume }, stop.signal);
      if (!body) throw new Error("bodies cannot be read as they come");
      const sign = (): void => {
        came = true;
        if (!signal.aborted) this.listener.alive();
      };
      await readStream(body, (event) => signal.aborted || this.#streamed(event), sign);
      throw new Error("the event stream ended");
    } catch (error) {
      if (signal.aborted) return;
      if (came || error instanceof Refused) throw error;
      this.shared.streams = false; // it never brought a byte: polls may
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", abort);
    }
  }

  #streamed({ name, data, id }: StreamEvent): void {
    if (name === "message") this.listener.event(data);
    if (id) this.listener.moved(id.split(","));
    if (name !== "subscribed" && name !== "close") return;
    const said = JSON.parse(data) as Readonly<Record<string, unknown>>;
    if (name === "close") {
      this.listener.closed(Number(said["closeCode"]), String(said["message"] ?? ""));
    } else {
      const lost = said["recovered"] === false ? String(said["reason"] ?? "unknown") : undefined;
      this.listener.reached(texts(said["cursors"]), lost);
    }
  }
}
