/**
 * The client's side of the wire protocol as a state machine without I/O.
 *
 * Texts and moments in, calls of its host out. Owns what outlives a connection (the subscriptions, the
 * counters) and what does not (greeting, heartbeats, silence). Never touches a socket or a timer. A message
 * that cannot be read, or is not what its type says, is counted, reported to the host and passed over.
 */

import { delayOf, retryAfter } from "./closing";
import type { Backoff } from "./closing";
import { EdgeError } from "./errors";
import type { Greeting } from "./greeting";
import { greetingOf } from "./greeting";
import { Interests } from "./interests";
import type { Incoming, Interest } from "./interests";
import { faultOf } from "./shapes";
import { CONTROL, ERROR, HEARTBEAT, control, message, newId, texts } from "./wire";

/** How often a session says that it lives, and how long it waits for a sign of the edge; milliseconds. */
export interface Timing {
  readonly heartbeat: number;
  readonly silence: number;
  readonly probe: number;
  readonly backoff: Backoff;
}

/** What a session asks of the client that it belongs to. */
export interface Host {
  readonly now: () => number;
  readonly random: () => number;
  say(text: string): void;
  opened(greeting: Greeting): void;
  deliver(interest: Interest, event: Incoming): void;
  /** `gap`: why events were lost for good. */
  confirmed(interest: Interest, gap: string | undefined): void;
  answered(id: string, error?: EdgeError): void;
  refused(error: EdgeError, interest?: Interest): void;
  tokenWanted(): void;
  /** A heartbeat was answered after so many milliseconds. */
  beaten(latency: number): void;
  unreadable(why: string): void;
}

/** What has happened since the client was made. */
export interface Counters {
  received: number;
  duplicates: number;
  unclaimed: number;
  /** Given before a replay had come past them, since too many waited for it. */
  unordered: number;
  invalid: number;
  gaps: number;
}

type Fields = Readonly<Record<string, unknown>>;

export class Session {
  readonly interests = new Interests();
  readonly counters: Counters = { received: 0, duplicates: 0, unclaimed: 0, unordered: 0, invalid: 0, gaps: 0 };
  greeting: Greeting | undefined;
  /** Outlives a connection: the fallback does not say them. */
  experiments: Greeting["experiments"] = {};
  lastMessageAt: number | undefined;
  /** Milliseconds from a heartbeat to its answer. */
  latency: number | undefined;
  isOpen = false;
  #owedToken: string | undefined;
  #nextBeat = 0;
  #silentAt = 0;
  #nextRetry = Infinity;
  #beat: { id: string; at: number } | undefined;

  constructor(
    private readonly host: Host,
    private readonly timing: Timing,
  ) {}

  /** A connection begins. `owedToken` is still to be sent as `authenticate`. */
  connected(ownUser: number | undefined, owedToken: string | undefined): void {
    this.interests.ownUser = ownUser;
    this.greeting = undefined;
    this.#owedToken = owedToken;
    this.#beat = undefined;
    this.heard();
    this.#nextBeat = Infinity;
  }

  /** The connection is gone: every subscription is to be made again. */
  disconnected(): void {
    this.isOpen = false;
    this.#nextRetry = Infinity;
    this.interests.forgetConnection();
  }

  /** The edge has been heard, be it without a message; the moment. */
  heard(): number {
    const now = this.host.now();
    this.#silentAt = now + (this.greeting?.heartbeatTimeoutMs ?? this.timing.silence);
    return now;
  }

  /** Ask for a sign of life now, since there is reason to doubt that the connection still stands. */
  probe(): void {
    if (!this.isOpen) return;
    this.#sendBeat();
    this.#silentAt = Math.min(this.#silentAt, this.host.now() + this.timing.probe);
  }

  /** Take one message. `replaying`: the edge replays for somebody else on the connection. */
  receive(text: string, replaying = false): void {
    this.lastMessageAt = this.heard();
    let read: unknown;
    try {
      read = JSON.parse(text);
    } catch {
      return this.#unreadable("no JSON");
    }
    const { type, payload } = (read ?? {}) as Fields;
    if (typeof type !== "string" || typeof payload !== "object" || payload === null) {
      return this.#unreadable("no message");
    }
    if (type === CONTROL) return this.#control(payload as Fields);
    if (type === HEARTBEAT) return this.#heartbeat(payload as Fields);
    if (type === ERROR) return this.#error(payload as Fields);
    this.#event(read as Incoming, replaying);
  }

  /** Do what is due; whether the edge has been silent for too long. */
  tick(): boolean {
    const now = this.host.now();
    if (now >= this.#silentAt) return true;
    if (now >= this.#nextBeat) this.#sendBeat();
    if (this.isOpen && now >= this.#nextRetry) {
      const refused = this.interests.all().filter((each) => each.retryAt !== undefined);
      this.#nextRetry = Infinity;
      for (const each of refused) {
        if ((each.retryAt as number) <= now) this.#subscribe(each);
        else this.#nextRetry = Math.min(this.#nextRetry, each.retryAt as number);
      }
    }
    return false;
  }

  /** When `tick` is due next. */
  deadline(): number {
    return Math.min(this.#nextBeat, this.#silentAt, this.#nextRetry);
  }

  /** Begin a subscription: asked for at once on an open connection, else with the next one. */
  add(interest: Interest): void {
    this.interests.add(interest);
    if (this.isOpen) this.#subscribe(interest);
  }

  remove(id: string): void {
    if (this.interests.leave(id)) this.host.say(control("unsubscribe", { subscriptionId: id }));
  }

  /** Ask again for a subscription from a moment, in place of the one that stands. */
  renew(interest: Interest, since: string): void {
    interest.since = since;
    interest.cursors.replace([]);
    if (this.isOpen) this.#subscribe(interest);
  }

  authenticate(action: "authenticate" | "auth_update", token: string): void {
    this.host.say(control(action, { token }));
  }

  #subscribe(interest: Interest): void {
    interest.stage = "asked";
    interest.retryAt = undefined;
    this.host.say(control("subscribe", { subscriptionId: interest.id, config: interest.config }));
  }

  #sendBeat(): void {
    const now = this.host.now();
    const interval = this.greeting?.heartbeatIntervalMs ?? this.timing.heartbeat;
    this.#nextBeat = now + Math.min(interval, this.timing.heartbeat);
    this.#beat = { id: newId(), at: now };
    const timestamp = new Date(now).toISOString();
    this.host.say(message(HEARTBEAT, { timestamp }, this.#beat.id));
  }

  #control(payload: Fields): void {
    switch (payload["action"]) {
      case "connected":
        this.greeting = greetingOf({ experiments: this.experiments, ...payload });
        this.experiments = this.greeting.experiments;
        if (this.#owedToken === undefined) this.#open();
        else this.authenticate("authenticate", this.#owedToken);
        break;
      case "authenticated":
        this.#authenticated(payload);
        break;
      case "subscribed":
        this.#subscribed(payload);
        break;
      case "unsubscribed":
        if (this.interests.get(payload["subscriptionId"])?.stage === "leaving") {
          this.interests.gone(payload["subscriptionId"] as string);
        }
        break;
      case "accepted":
        this.host.answered(String(payload["inReplyTo"]));
        break;
      case "auth_expiring":
        this.host.tokenWanted();
    }
  }

  #authenticated(payload: Fields): void {
    const user = payload["userId"];
    if (typeof user === "number") this.interests.ownUser = user;
    if (this.#owedToken === undefined || !this.greeting) return;
    this.#owedToken = undefined;
    this.experiments = greetingOf({ experiments: this.experiments, ...payload }).experiments;
    this.#open();
  }

  #open(): void {
    this.isOpen = true;
    this.host.opened(this.greeting as Greeting);
    for (const each of this.interests.all()) if (each.stage === "wanted") this.#subscribe(each);
    this.#sendBeat();
  }

  #subscribed(payload: Fields): void {
    const interest = this.interests.get(payload["subscriptionId"]);
    const gap = payload["recovered"] === false ? String(payload["reason"] ?? "unknown") : undefined;
    // The fallback says so of one that stands, too.
    if (!interest || !(interest.stage === "asked" || (interest.stage === "standing" && gap !== undefined))) return;
    if (gap !== undefined) this.counters.gaps += 1;
    this.#give(interest, interest.held.all());
    interest.confirm(texts(payload["cursors"]), gap !== undefined);
    this.host.confirmed(interest, gap);
  }

  #heartbeat(payload: Fields): void {
    if (payload["response"] !== true) {
      this.host.say(message(HEARTBEAT, { timestamp: new Date(this.host.now()).toISOString(), response: true }));
      return;
    }
    if (this.#beat) {
      this.latency = this.host.now() - this.#beat.at;
      this.#beat = undefined;
      this.host.beaten(this.latency);
    }
    const cursors = texts(payload["cursors"]);
    for (const each of this.interests.all()) if (each.stage === "standing") each.cursors.refresh(cursors);
  }

  #error(payload: Fields): void {
    const error = new EdgeError(payload);
    const interest = this.interests.get(error.subscriptionId);
    if (interest?.stage === "asked" && error.retryable) {
      const { backoff } = this.timing;
      const hint = retryAfter(error.message);
      const delay = delayOf("backoff", interest.attempts, backoff, this.host.random, hint);
      interest.retryLater(this.host.now() + delay);
      this.#nextRetry = Math.min(this.#nextRetry, interest.retryAt as number);
      return;
    }
    if (interest) {
      const leaving = interest.stage === "leaving";
      this.interests.gone(interest.id);
      if (!leaving) this.host.refused(error, interest);
    } else if (typeof payload["inReplyTo"] === "string") {
      this.host.answered(payload["inReplyTo"], error);
    } else {
      this.host.refused(error);
    }
  }

  #event(event: Incoming, replaying: boolean): void {
    this.counters.received += 1;
    const takers = this.interests.takers(event, replaying);
    if (!takers) {
      this.counters.unclaimed += 1;
    } else if (takers.now.length + takers.behind.length === 0) {
      this.counters.duplicates += 1;
    } else {
      const fault = faultOf(event.type, event.payload);
      if (fault !== undefined) return this.#unreadable(`${event.type} ${event.id}: ${fault}`);
      for (const each of takers.now) this.host.deliver(each, event);
      for (const each of takers.behind) this.#behind(each, event, takers.alone);
    }
  }

  /** An event came to a subscription that a replay is to come for; `alone`: for this one's sake. */
  #behind(interest: Interest, event: Incoming, alone: boolean): void {
    if (alone) return this.#give(interest, [...interest.held.upTo(event), event]);
    const overdue = interest.held.put(event);
    if (!overdue) return;
    this.counters.unordered += 1;
    this.#give(interest, [overdue]);
  }

  #give(interest: Interest, events: readonly Incoming[]): void {
    for (const each of events) {
      if (!each.id || interest.seen.isNew(each.id)) this.host.deliver(interest, each);
    }
  }

  #unreadable(why: string): void {
    this.counters.invalid += 1;
    this.host.unreadable(why);
  }
}
