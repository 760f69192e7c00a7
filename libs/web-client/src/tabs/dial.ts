/**
 * One connection for all tabs of a user: the tab that holds a Web Lock has the socket, the others speak through it.
 *
 * What the edge says goes to every tab over a BroadcastChannel, and each takes what its own subscriptions want;
 * what a tab says goes to the leader. When the leader's tab ends, the next in the lock's line connects, and every
 * tab resumes on the new connection from its own cursors: nothing is missed. A leader that does not answer, in a
 * tab that was frozen, loses the lock to the one that asked. Where there are no Web Locks each tab connects by
 * itself. Application messages and subscriptions of all tabs count as one connection's for the edge's limits.
 */

import type { Dial, Link, LinkEvents, Target } from "../core/link";
import { userOf } from "../core/tokens";
import { newId } from "../core/wire";
import { Leadership } from "./leadership";

/** The part of `navigator.locks` that is used. */
export interface Locks {
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    held: () => Promise<void>,
  ): Promise<void>;
}

export interface Channel {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(said: unknown): void;
  close(): void;
}

export interface TabsOptions {
  readonly locks?: Locks | undefined;
  readonly channel?: ((name: string) => Channel) | undefined;
  /** Milliseconds in which a leader must answer before it loses its place. */
  readonly leaderTimeout?: number | undefined;
}

/** What tabs say to each other. `from` and `to` are links. */
export type Said =
  | { readonly kind: "hello"; readonly from: string }
  | { readonly kind: "here"; readonly to: string; readonly greeting: string | undefined }
  | { readonly kind: "leads"; readonly from: string }
  | { readonly kind: "say"; readonly from: string; readonly text: string }
  | { readonly kind: "greeted"; readonly text: string }
  | { readonly kind: "heard"; readonly text: string; readonly replaying: boolean }
  | { readonly kind: "alive" }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string };

/** For `RealtimeOptions.tabs`. */
export function sharedTabs(options: TabsOptions = {}): (dial: Dial) => Dial {
  const browser = globalThis.navigator as (Navigator & { locks?: unknown }) | undefined;
  const locks = options.locks ?? (browser?.locks as Locks | undefined);
  const channel =
    options.channel ??
    (typeof BroadcastChannel === "function"
      ? (name: string) => new BroadcastChannel(name) as unknown as Channel
      : undefined);
  const timeout = options.leaderTimeout ?? 2_000;
  return (dial) =>
    locks && channel ? (target, events) => new TabLink(target, events, dial, locks, channel, timeout) : dial;
}

class TabLink implements Link {
  readonly takesMessages = true;
  readonly #id = newId();
  readonly #name: string;
  readonly #channel: Channel;
  readonly #over = new AbortController();
  #leadership: Leadership | undefined;
  #release: (() => void) | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #greeted = false;

  constructor(
    private readonly target: Target,
    private readonly events: LinkEvents,
    private readonly dial: Dial,
    private readonly locks: Locks,
    channel: (name: string) => Channel,
    private readonly leaderTimeout: number,
  ) {
    this.#name = `autodmca ${target.url} ${userOf(target.token) ?? target.token}`;
    this.#channel = channel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#told(data as Said);
    // Held for as long as this link lives: the leader asks for it, to see when that is over.
    this.#hold(`${this.#name} ${this.#id}`, {}, () => {});
    this.#queue();
    this.#ask();
  }

  say(text: string): void {
    if (this.#leadership) this.#leadership.say(this.#id, text);
    else this.#post({ kind: "say", from: this.#id, text });
  }

  close(code?: number, reason?: string): void {
    if (this.#over.signal.aborted) return;
    clearTimeout(this.#patience);
    this.#leadership?.close(code, reason);
    this.#leadership = undefined;
    this.#over.abort();
    this.#release?.();
    this.#channel.close();
  }

  /** Wait in line for the leader's place. */
  #queue(): void {
    this.#hold(this.#name, {}, () => this.#lead());
  }

  /** Hold a lock until this link is over; `lost` when another has stolen it. */
  #hold(name: string, options: { steal?: boolean }, held: () => void): void {
    const { signal } = this.#over;
    const until = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    this.locks
      .request(name, options.steal ? options : { signal }, async () => {
        if (signal.aborted) return;
        held();
        await until;
      })
      .catch(() => {
        if (!signal.aborted && name === this.#name) this.#deposed();
      });
  }

  /** Ask whether somebody leads; a leader that holds the lock and does not answer is none. */
  #ask(): void {
    clearTimeout(this.#patience);
    this.#post({ kind: "hello", from: this.#id });
    this.#patience = setTimeout(() => {
      if (!this.#leadership) this.#hold(this.#name, { steal: true }, () => this.#lead());
    }, this.leaderTimeout);
  }

  #lead(): void {
    clearTimeout(this.#patience);
    if (this.#leadership) return;
    if (this.#greeted) this.events.renewed();
    this.#greeted = false;
    this.#post({ kind: "leads", from: this.#id });
    this.#leadership = new Leadership({
      open: (events) => this.dial(this.target, events),
      greeted: (text) => {
        this.#post({ kind: "greeted", text });
        this.#greet(text);
      },
      heard: (text, replaying, everybody) => {
        if (everybody) this.#post({ kind: "heard", text, replaying });
        this.events.message(text, replaying);
      },
      alive: () => {
        this.#post({ kind: "alive" });
        this.events.alive();
      },
      closed: (code, reason) => {
        this.#post({ kind: "closed", code, reason });
        this.#end(code, reason);
      },
      gone: (tab, then) => {
        const { signal } = this.#over;
        this.locks.request(`${this.#name} ${tab}`, { signal }, async () => then()).catch(() => {});
      },
    });
  }

  /** Another tab has taken the place, since this one did not answer. */
  #deposed(): void {
    this.#leadership?.close();
    this.#leadership = undefined;
    this.#queue();
    if (this.#greeted) this.events.renewed();
    this.#greeted = false;
    this.#ask();
  }

  #told(said: Said): void {
    const leads = this.#leadership;
    if (leads) {
      if (said.kind === "hello") this.#post({ kind: "here", to: said.from, greeting: leads.greeting });
      else if (said.kind === "say") leads.say(said.from, said.text);
      return;
    }
    if (said.kind === "greeted") this.#greet(said.text);
    else if (said.kind === "heard") this.events.message(said.text, said.replaying);
    else if (said.kind === "alive") this.events.alive();
    else if (said.kind === "closed") this.#end(said.code, said.reason);
    else if (said.kind === "leads") {
      clearTimeout(this.#patience);
      if (this.#greeted) this.events.renewed();
      this.#greeted = false;
    } else if (said.kind === "here" && said.to === this.#id) {
      clearTimeout(this.#patience);
      if (said.greeting !== undefined) this.#greet(said.greeting);
    }
  }

  /** The leader's connection is open; it may have brought events for others before this tab hears so. */
  #greet(text: string): void {
    if (this.#greeted) return;
    this.#greeted = true;
    this.events.message(text, false);
  }

  #end(code: number, reason: string): void {
    if (this.#over.signal.aborted) return;
    this.close();
    this.events.closed(code, reason);
  }

  #post(said: Said): void {
    if (!this.#over.signal.aborted) this.#channel.postMessage(said);
  }
}
