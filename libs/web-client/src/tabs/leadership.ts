/**
 * What the leading tab does for all of them: has the socket, remembers its greeting, and keeps the books.
 *
 * Knows which subscriptions are whose, to end those of a tab that is gone, and whether the edge replays for any of
 * them: then what comes may be old to the others.
 */

import type { Link, LinkEvents } from "../core/link";
import { control } from "../core/wire";

export interface LeadershipOptions {
  open(events: LinkEvents): Link;
  /** The edge's first message came. */
  greeted(text: string): void;
  /** `everybody`: the other tabs are to hear it, too. */
  heard(text: string, replaying: boolean, everybody: boolean): void;
  alive(): void;
  closed(code: number, reason: string): void;
  /** Call back once a tab is gone. */
  gone(tab: string, then: () => void): void;
}

interface Control {
  readonly payload?: {
    readonly action?: string;
    readonly subscriptionId?: string;
    readonly config?: { readonly resume?: unknown; readonly since?: unknown };
  };
}

export class Leadership {
  /** The edge's first message; undefined until it came. */
  greeting: string | undefined;
  readonly #link: Link;
  readonly #subscriptions = new Map<string, Set<string>>();
  readonly #replaying = new Set<string>();

  constructor(private readonly options: LeadershipOptions) {
    this.#link = options.open({
      message: (text) => this.#message(text),
      alive: () => options.alive(),
      renewed: () => {},
      closed: (code, reason) => options.closed(code, reason),
    });
  }

  /** A tab speaks. */
  say(tab: string, text: string): void {
    // Most of what is said is about subscriptions, seldom enough to look at each.
    const { payload = {} } = JSON.parse(text) as Control;
    const { action, subscriptionId, config } = payload;
    if (subscriptionId !== undefined) {
      const own = this.#of(tab);
      if (action === "subscribe") {
        own.add(subscriptionId);
        if (config?.resume !== undefined || config?.since !== undefined) this.#replaying.add(subscriptionId);
      } else if (action === "unsubscribe") own.delete(subscriptionId);
    }
    this.#link.say(text);
  }

  close(code?: number, reason?: string): void {
    this.#link.close(code, reason);
  }

  #of(tab: string): Set<string> {
    const known = this.#subscriptions.get(tab);
    if (known) return known;
    const made = new Set<string>();
    this.#subscriptions.set(tab, made);
    this.options.gone(tab, () => {
      this.#subscriptions.delete(tab);
      for (const subscriptionId of made) this.#link.say(control("unsubscribe", { subscriptionId }));
    });
    return made;
  }

  #message(text: string): void {
    if (this.greeting === undefined) {
      this.greeting = text;
      return this.options.greeted(text);
    }
    const replaying = this.#replaying.size > 0;
    if (replaying && text.includes('"subscriptionId"')) {
      const { payload = {} } = JSON.parse(text) as Control;
      if (payload.subscriptionId !== undefined) this.#replaying.delete(payload.subscriptionId);
    }
    // A token is renewed by one tab, not by all.
    this.options.heard(text, replaying, !text.includes('"action":"auth_expiring"'));
  }
}
