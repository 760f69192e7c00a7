/**
 * A link over plain HTTP, for where a WebSocket cannot be had: Server-Sent Events, else long polls.
 *
 * Speaks to its client as an edge does on a WebSocket, so that nothing else has to know: a `subscribe` is
 * answered by `subscribed` once what came before has been replayed. All subscriptions share one request, from
 * the oldest of their positions. Takes no application messages: these wait for a WebSocket.
 */

import { ABNORMAL } from "../core/closing";
import { Cursors } from "../core/cursors";
import type { Dial, Link, LinkEvents, Target } from "../core/link";
import { expiryOf } from "../core/tokens";
import { CONTROL, ERROR, HEARTBEAT } from "../core/wire";
import { Feed } from "./feed";
import type { FeedOptions } from "./feed";
import { merged } from "./merging";
import { Refused, Requests, eventsAddress } from "./requests";
import type { Wanted } from "./requests";

export interface FallbackOptions extends FeedOptions {
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** `poll` never tries an event stream. */
  readonly prefer?: "stream" | "poll" | undefined;
}

interface Asked extends Wanted {
  readonly id: string;
  resume: readonly string[];
  since: string | undefined;
  readonly replyTo: unknown;
  /** Whether the present request has begun no later than its position. */
  joined: boolean;
  /** Whether it has been answered with `subscribed`. */
  confirmed: boolean;
  /** Why its events were lost, until it has been told. */
  lost: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** What an edge tells every user; asked for to see whether `/events` can be had. */
const PROBE: Wanted = { types: ["system_notification"], filters: {} };
/** Milliseconds in which subscriptions that are made together are gathered. */
const GATHER = 5;
const EXPIRY_WARNING = 60_000;
const LONGEST_TIMER = 2 ** 31 - 1;

/** Dials with `/events`. Once an event stream was held back, every later link polls. */
export function fallbackDial(options: FallbackOptions = {}): Dial {
  const shared = { streams: options.prefer !== "poll" };
  return (target, events) => new FallbackLink(target, events, options, shared);
}

class FallbackLink implements Link {
  readonly takesMessages = false;
  readonly #requests: Requests;
  readonly #feed: Feed;
  readonly #asked = new Map<string, Asked>();
  readonly #position = new Cursors();
  readonly #over = new AbortController();
  #running = new AbortController();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  /** Whether what came before the position is still being told. */
  #behind = true;

  constructor(
    target: Target,
    private readonly events: LinkEvents,
    options: FallbackOptions,
    shared: { streams: boolean },
  ) {
    const get = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.#requests = new Requests(eventsAddress(target.url), get, target.token);
    this.#feed = new Feed(this.#requests, options, shared, {
      alive: () => events.alive(),
      event: (text) => events.message(text, this.#behind),
      moved: (cursors) => this.#position.replace(cursors),
      reached: (cursors, lost) => this.#reached(cursors, lost),
      closed: (code, reason) => this.#end(code, reason),
    });
    void this.#guard(() => this.#begin(), this.#over.signal);
  }

  say(text: string): void {
    const { type, payload, id } = JSON.parse(text) as { type: string; payload: Fields; id: unknown };
    if (type === HEARTBEAT) {
      // A request that fails ends the link by itself, so an answer is due.
      const cursors = this.#position.list();
      queueMicrotask(() => this.#tell(HEARTBEAT, { ...payload, cursors, response: true }));
      return;
    }
    const name = payload["subscriptionId"] as string;
    switch (payload["action"]) {
      case "subscribe":
        this.#asked.set(name, askedOf(name, payload["config"] as Fields, id));
        break;
      case "unsubscribe":
        this.#asked.delete(name);
        this.#tell(CONTROL, { action: "unsubscribed", subscriptionId: name, inReplyTo: id });
        break;
      default:
        this.#requests.token = payload["token"] as string;
        this.#watchExpiry();
        this.#tell(CONTROL, { action: "authenticated", inReplyTo: id });
    }
    this.#restart();
  }

  close(): void {
    this.#over.abort();
    this.#running.abort();
    clearTimeout(this.#gathering);
    clearTimeout(this.#expiry);
  }

  async #begin(): Promise<void> {
    await this.#requests.poll(PROBE, { resume: [] }, 1, this.#over.signal);
    if (this.#over.signal.aborted) return;
    this.#watchExpiry();
    this.#tell(CONTROL, { action: "connected" });
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const expiry = expiryOf(this.#requests.token);
    if (expiry === undefined) return;
    const wait = Math.min(LONGEST_TIMER, Math.max(0, expiry - EXPIRY_WARNING - Date.now()));
    this.#expiry = setTimeout(() => this.#tell(CONTROL, { action: "auth_expiring" }), wait);
  }

  /** Begin again with the subscriptions that there are by now. */
  #restart(): void {
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => {
      this.#running.abort();
      const { signal } = (this.#running = new AbortController());
      void this.#guard(() => this.#run(signal), signal);
    }, GATHER);
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.#behind = true;
    const all = this.#all(); // one that comes meanwhile begins another run
    for (const each of all) {
      if (!each.confirmed && each.resume.length === 0) await this.#place(each, signal);
      if (signal.aborted) return;
    }
    for (const each of all) {
      if (!each.confirmed) this.#position.lower(each.resume);
      each.joined = true;
    }
    try {
      while (!signal.aborted) {
        const joined = this.#all().filter((each) => each.joined);
        if (joined.length === 0) return;
        const wanted = merged(joined, this.#requests.token);
        await this.#feed.turn(wanted, this.#position.list(), this.#behind, signal);
      }
    } catch (error) {
      if (!refusesSubscription(error)) throw error;
      await this.#findRefused(error, signal);
    }
  }

  /** Give a subscription without a position one, and with it what came since the moment that it asks for. */
  async #place(each: Asked, signal: AbortSignal): Promise<void> {
    try {
      const { events, cursors, recovered, reason } = await this.#requests.poll(each, each, 1, signal);
      if (signal.aborted) return;
      for (const event of events) this.events.message(JSON.stringify(event), true);
      this.#position.lower(cursors);
      this.#confirm(each, cursors, each.lost ?? (recovered ? undefined : (reason ?? "unknown")));
    } catch (error) {
      if (!refusesSubscription(error)) throw error;
      this.#refuse(each, error);
    }
  }

  /** A request for all was refused: the one that it was for is told, and the others go on. */
  async #findRefused(refused: Refused, signal: AbortSignal): Promise<void> {
    const before = this.#asked.size;
    for (const each of this.#all()) {
      try {
        await this.#requests.poll(each, { resume: [] }, 1, signal);
      } catch (error) {
        if (!refusesSubscription(error)) throw error;
        this.#refuse(each, error);
      }
    }
    if (this.#asked.size === before) throw refused;
    if (!signal.aborted) this.#restart();
  }

  #refuse(each: Asked, { error }: Refused): void {
    this.#asked.delete(each.id);
    this.#tell(ERROR, { ...error, retryable: false, subscriptionId: each.id, inReplyTo: each.replyTo });
  }

  #reached(cursors: readonly string[], lost: string | undefined): void {
    this.#position.replace(cursors);
    if (lost !== undefined) {
      // Places may have other names by now: each subscription asks for its own again.
      this.#position.replace([]);
      for (const each of this.#all()) Object.assign(each, { joined: false, confirmed: false, resume: [], since: undefined, lost });
      return this.#restart();
    }
    this.#behind = false;
    for (const each of this.#all()) {
      if (each.confirmed || !each.joined) continue;
      const own = new Cursors(each.resume);
      own.refresh(cursors);
      this.#confirm(each, own.list(), undefined);
    }
  }

  #confirm(each: Asked, cursors: readonly string[], lost: string | undefined): void {
    each.confirmed = true;
    each.lost = undefined;
    const whole = lost === undefined ? { recovered: true } : { recovered: false, reason: lost };
    const { id, types, replyTo } = each;
    this.#tell(CONTROL, {
      action: "subscribed", subscriptionId: id, types, cursors, ...whole, inReplyTo: replyTo,
    });
  }

  #all(): Asked[] {
    return [...this.#asked.values()];
  }

  #tell(type: string, payload: object): void {
    if (!this.#over.signal.aborted) this.events.message(JSON.stringify({ type, payload }));
  }

  /** Run, and end the link when that fails. */
  async #guard(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused) this.#end(error.code, error.message);
      else this.#end(ABNORMAL, String(error));
    }
  }

  #end(code: number, reason: string): void {
    if (this.#over.signal.aborted) return;
    this.close();
    this.events.closed(code, reason);
  }
}

function askedOf(id: string, config: Fields, replyTo: unknown): Asked {
  return {
    id,
    types: config["types"] as string[],
    filters: (config["filters"] as object | undefined) ?? {},
    resume: (config["resume"] as string[] | undefined) ?? [],
    since: config["since"] as string | undefined,
    replyTo,
    joined: false,
    confirmed: false,
    lost: undefined,
  };
}

const refusesSubscription = (error: unknown): error is Refused =>
  error instanceof Refused && (error.status === 400 || error.status === 403);
