/** One WebSocket of the fake edge: what it has been told, and what it wants. */

import { BadFilter, Matcher } from "../core/matching";
import { userOf } from "../core/tokens";
import type { Filters } from "../../../events/generated/filters";
import { FAMILIES } from "../../../events/generated/shapes";
import type { Family } from "../../../events/generated/shapes";
import type { Envelope } from "./log";
import type { FakeEdge } from "./fake-edge";

type Fields = Readonly<Record<string, unknown>>;

/** What a conversation speaks on. */
export interface Wire {
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Without a close frame. */
  cut(): void;
}

export interface Wish {
  readonly types: readonly string[];
  readonly matcher: Matcher;
}

/** A refusal in the form of a protocol error. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

/** Throws Refusal. */
export function wishOf(types: unknown, filters: unknown): Wish {
  const known = new Set<unknown>(Object.values(FAMILIES).flat());
  if (!Array.isArray(types) || types.length === 0) {
    throw new Refusal("bad_message", "a list of types, not empty", "payload.config.types");
  }
  const stranger = types.findIndex((type) => !known.has(type));
  if (stranger >= 0) {
    throw new Refusal("unknown_type", `no type ${types[stranger]}`, `payload.config.types[${stranger}]`);
  }
  try {
    return { types: types as string[], matcher: new Matcher((filters ?? {}) as Filters, types) };
  } catch (error) {
    if (!(error instanceof BadFilter)) throw error;
    throw new Refusal("bad_filter", error.message, `payload.config.filters.${error.field}`);
  }
}

export const wants = ({ types, matcher }: Wish, event: Envelope, user: number | undefined): boolean =>
  types.includes(event.type) && matcher.matches(event, user);

export class Conversation {
  user: number | undefined;
  readonly #wishes = new Map<string, Wish>();
  #sending: Promise<void> = Promise.resolve();
  #expiry: ReturnType<typeof setTimeout>[] = [];
  #over = false;

  constructor(
    private readonly wire: Wire,
    private readonly edge: FakeEdge,
  ) {}

  /** The first message. */
  greet(connectionId: string, token: string | undefined): void {
    if (token !== undefined) this.#authenticated(token);
    const serverTime = new Date().toISOString();
    this.say("connection_established", { action: "connected", connectionId, serverTime, ...this.edge.greeting });
  }

  /** The address named a family: it is subscribed to at once. */
  follow(family: string): void {
    const answer = (more: object): void => this.say("connection_established", more);
    this.#subscribe(family, { types: FAMILIES[family as Family] }, answer);
  }

  say(type: string, payload: object): void {
    if (this.edge.mute) return;
    this.#send(JSON.stringify({ type, payload, timestamp: new Date().toISOString() }));
  }

  offer(event: Envelope): void {
    if (this.user === undefined) return;
    for (const wish of this.#wishes.values()) {
      if (wants(wish, event, this.user)) return this.#sendEvent(event);
    }
  }

  end(code: number, reason: string): void {
    this.#after(() => this.wire.close(code, reason));
  }

  cut(): void {
    this.wire.cut();
  }

  over(): void {
    this.#over = true;
    for (const timer of this.#expiry) clearTimeout(timer);
  }

  hear(text: string): void {
    let message: { type?: unknown; payload?: Fields; id?: unknown };
    try {
      message = JSON.parse(text);
    } catch {
      return this.#refuse(new Refusal("bad_json", "not a JSON message"), {});
    }
    const { type, payload = {}, id } = message;
    const reply = typeof id === "string" ? { inReplyTo: id } : {};
    const action = typeof payload["action"] === "string" ? payload["action"] : String(type);
    const failure = this.edge.failureFor(action);
    const named = "subscriptionId" in payload ? { subscriptionId: payload["subscriptionId"] } : {};
    if (failure) return this.say("error", { ...named, ...reply, ...failure });
    try {
      this.#answer(String(type), action, payload, reply);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refuse(error, { ...named, ...reply });
    }
  }

  #answer(type: string, action: string, payload: Fields, reply: object): void {
    const answer = (more: object): void => this.say("connection_established", { ...more, ...reply });
    if (type === "heartbeat") {
      if (payload["response"] === true) return;
      const cursors = this.edge.log.cursors([...this.#wishes.values()].flatMap((wish) => wish.types));
      const serverTime = new Date().toISOString();
      this.say("heartbeat", { timestamp: payload["timestamp"], serverTime, cursors, response: true });
    } else if (action === "authenticate" || action === "auth_update") {
      const token = String(payload["token"]);
      if (!this.edge.tokenOk(token)) return this.end(4401, "token");
      this.#authenticated(token);
      answer({ action: "authenticated", userId: this.user, experiments: this.edge.greeting.experiments });
    } else if (this.user === undefined) {
      throw new Refusal("unauthenticated", "a token must come first");
    } else if (type === "user_notification") {
      answer({ action: "accepted", id: this.edge.accept(payload) });
    } else if (action === "subscribe") {
      this.#subscribe(String(payload["subscriptionId"]), (payload["config"] ?? {}) as Fields, answer);
    } else if (action === "unsubscribe") {
      this.#wishes.delete(String(payload["subscriptionId"]));
      answer({ action: "unsubscribed", subscriptionId: payload["subscriptionId"] });
    } else {
      throw new Refusal("unknown_action", `there is no action ${action}`, "payload.action");
    }
  }

  #subscribe(name: string, config: Fields, answer: (more: object) => void): void {
    const wish = wishOf(config["types"], config["filters"]);
    const resume = (config["resume"] as string[] | undefined) ?? [];
    const replay = this.edge.log.after(wish.types, resume, config["since"] as string | undefined);
    const events = replay.events.filter((event) => wants(wish, event, this.user));
    for (const event of events) this.#sendEvent(event);
    this.#wishes.set(name, wish);
    answer({
      action: "subscribed",
      subscriptionId: name,
      types: wish.types,
      cursors: this.edge.log.cursors(wish.types),
      recovered: replay.reason === undefined,
      replayed: events.length,
      ...(replay.reason !== undefined && { reason: replay.reason }),
    });
  }

  #authenticated(token: string): void {
    this.user = userOf(token) ?? 1;
    for (const timer of this.#expiry) clearTimeout(timer);
    const left = this.edge.lifetimeOf(token);
    if (left === undefined) return;
    const expiresAt = new Date(Date.now() + left).toISOString();
    this.#expiry = [
      setTimeout(() => this.say("connection_established", { action: "auth_expiring", expiresAt }), left / 2),
      setTimeout(() => this.end(4401, "the token has expired"), left),
    ];
  }

  #refuse({ code, message, field }: Refusal, more: object): void {
    this.say("error", { code, message, retryable: false, ...(field !== undefined && { field }), ...more });
  }

  #sendEvent(event: Envelope): void {
    this.#send(JSON.stringify(event));
    if (this.edge.isLast()) this.#after(() => this.wire.cut());
  }

  #send(text: string): void {
    this.#after(() => this.wire.send(text));
  }

  /** In order, each after the delay that holds now. */
  #after(act: () => void): void {
    const { delay } = this.edge;
    if (delay === 0 && !this.edge.delayed) return void (this.#over || act());
    this.edge.delayed = true;
    this.#sending = this.#sending
      .then(() => new Promise((resolve) => setTimeout(resolve, delay)))
      .then(() => void (this.#over || act()));
  }
}
