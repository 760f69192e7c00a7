/**
 * The subscriptions of a client as its session knows them, and which of them an event is for.
 *
 * Outlives connections: each has cursors and seen ids of its own, since one may be replaying yesterday while
 * another is live. Does no I/O. Bounded are the ids of each; how many there are is the application's choice.
 */

import type { Filters } from "../../../events/generated/filters";
import { Cursors, isOrdered } from "./cursors";
import { Held } from "./held";
import { Matcher } from "./matching";
import type { Subject } from "./matching";
import { SeenIds } from "./seen";

/** Where a subscription stands on the present connection. */
export type Stage = "wanted" | "asked" | "standing" | "leaving";

export interface InterestOptions {
  readonly types: readonly string[];
  readonly filters: Filters;
  readonly since?: string | undefined;
  readonly resume?: readonly string[] | undefined;
  readonly rememberedIds: number;
}

export interface Incoming extends Subject {
  readonly type: string;
  readonly id?: string;
  readonly cursor?: string;
}

/** One named interest and how far it has come. Throws BadFilter. */
export class Interest {
  stage: Stage = "wanted";
  attempts = 0;
  retryAt: number | undefined;
  since: string | undefined;
  readonly types: readonly string[];
  readonly filters: Filters;
  readonly matcher: Matcher;
  readonly cursors: Cursors;
  readonly seen: SeenIds;
  readonly held: Held<Incoming>;

  constructor(
    readonly id: string,
    options: InterestOptions,
  ) {
    this.types = [...new Set(options.types)];
    this.filters = options.filters;
    this.matcher = new Matcher(options.filters, this.types);
    this.since = options.since;
    this.cursors = new Cursors(options.resume);
    this.seen = new SeenIds(options.rememberedIds);
    this.held = new Held(options.rememberedIds);
  }

  /** Whether a replay of the past is still to come for it. */
  get catchesUp(): boolean {
    const owed = this.stage === "wanted" || this.stage === "asked";
    return owed && (this.since !== undefined || this.cursors.size > 0);
  }

  /** The `config` of its `subscribe`; positions win over a moment, since they are exact. */
  get config(): object {
    return {
      types: this.types,
      ...(Object.keys(this.filters).length > 0 && { filters: this.filters }),
      ...(this.cursors.size > 0
        ? { resume: this.cursors.list() }
        : this.since !== undefined && { since: this.since }),
    };
  }

  /** The edge answered `subscribed`. */
  confirm(cursors: readonly string[], gap: boolean): void {
    this.stage = "standing";
    this.attempts = 0;
    if (gap) this.cursors.replace(cursors);
    else this.cursors.update(cursors);
  }

  retryLater(moment: number): void {
    this.stage = "wanted";
    this.attempts += 1;
    this.retryAt = moment;
  }
}

/**
 * The subscriptions that an event is new to: `now` ones are given it at once, `behind` ones wait until their own
 * replay has passed it. An event that can have come for one subscription only (`alone`) proves that its replay has
 * passed everything before the event.
 */
export interface Takers {
  readonly now: readonly Interest[];
  readonly behind: readonly Interest[];
  readonly alone: boolean;
}

/** All subscriptions of a client. */
export class Interests {
  ownUser: number | undefined;
  /**
   * Whether others speak on the connection too (tabs that share one socket): then an event may be for none of
   * these, and a replay may be another's.
   */
  shared = false;
  readonly #byId = new Map<string, Interest>();
  readonly #byType = new Map<string, Interest[]>();

  add(interest: Interest): void {
    this.#byId.set(interest.id, interest);
    this.#index();
  }

  get(id: unknown): Interest | undefined {
    return this.#byId.get(id as string);
  }

  all(): Interest[] {
    return [...this.#byId.values()];
  }

  /** The application wants it no longer; whether the edge must be told. */
  leave(id: string): boolean {
    const interest = this.#byId.get(id);
    if (!interest || interest.stage === "leaving") return false;
    if (interest.stage === "wanted") {
      this.gone(id);
      return false;
    }
    interest.stage = "leaving";
    return true;
  }

  gone(id: string): void {
    if (this.#byId.delete(id)) this.#index();
  }

  /** A connection ended: nothing stands any more, and what was leaving is gone. */
  forgetConnection(): void {
    for (const each of this.all()) {
      if (each.stage === "leaving") this.gone(each.id);
      else {
        each.stage = "wanted";
        each.retryAt = undefined;
        each.held.clear();
      }
    }
  }

  /** The subscriptions that an event is for, by type and, where others may have asked for it, by filter. */
  #claimants(event: Incoming): readonly Interest[] {
    const candidates = this.#byType.get(event.type) ?? [];
    if (candidates.length < 2 && !this.shared) return candidates;
    return candidates.filter((each) => each.matcher.matches(event, this.ownUser));
  }

  /**
   * For whom an event is new, undefined when nobody here has asked for it. `replaying` says that the edge
   * replays for somebody else on the connection.
   *
   * While the edge replays for one subscription, what it replays is no news to another that is already past
   * that position. One that does not stand yet keeps its cursors until it has caught up, since an event may
   * have come for another's sake; a lone one has no such doubt.
   */
  takers(event: Incoming, replaying = false): Takers | undefined {
    const claimants = this.#claimants(event);
    if (claimants.length === 0) return undefined;
    const { cursor, id } = event;
    const crowded = this.shared || this.#byId.size > 1;
    const replays = replaying || (crowded && this.#anyCatchesUp());
    const now: Interest[] = [];
    const behind: Interest[] = [];
    let past = 0;
    for (const each of claimants) {
      if (replays && cursor && each.cursors.isBehind(cursor)) {
        past += 1;
        continue;
      }
      const stands = !crowded || each.stage === "standing" || each.stage === "leaving";
      if (!stands && each.catchesUp && isOrdered(cursor)) {
        if (!id || !each.seen.has(id)) behind.push(each);
        continue;
      }
      if (cursor && stands) each.cursors.add(cursor);
      if ((!id || each.seen.isNew(id)) && each.stage !== "leaving") now.push(each);
    }
    return { now, behind, alone: claimants.length - past === 1 && !this.shared };
  }

  #anyCatchesUp(): boolean {
    for (const each of this.#byId.values()) if (each.catchesUp) return true;
    return false;
  }

  #index(): void {
    this.#byType.clear();
    for (const each of this.#byId.values()) {
      for (const type of each.types) {
        const known = this.#byType.get(type);
        if (known) known.push(each);
        else this.#byType.set(type, [each]);
      }
    }
  }
}
