/**
 * The client: one connection, kept; any number of subscriptions and messages on it.
 *
 * Joins the session (the protocol), the connection (its life), the subscriptions and the outbox, and owns none
 * of their state. Nothing that comes over the wire or from a callback throws into the page: it is counted, and
 * told to those who listen for `error`.
 */

import type { AutodmcaEvent, EventType } from "../../../events/generated/events";
import { Connection } from "./connection";
import type { ConnectionState } from "./connection";
import { Emitter } from "./emitter";
import type { ClientEvents } from "./emitter";
import type { ConnectionEnded } from "./errors";
import { fallbackDial } from "../fallback/dial";
import type { Health } from "./health";
import type { Incoming, Interest } from "./interests";
import { webSocketDial } from "./link";
import type { SocketConstructor } from "./link";
import { settingsOf } from "./options";
import type { RealtimeOptions, Settings } from "./options";
import { Outbox } from "./outbox";
import { Session } from "./session";
import type { Host } from "./session";
import { Subscriptions } from "./subscriptions";
import type { EventHandler, Subscription, SubscriptionConfig } from "./subscriptions";
import { newId } from "./wire";

/** A message in the form of today's application. */
export interface OutgoingMessage {
  readonly type: string;
  readonly payload: { readonly action?: unknown; readonly data?: unknown };
}

export class RealtimeClient {
  readonly #settings: Settings;
  readonly #session: Session;
  readonly #connection: Connection;
  readonly #subscriptions: Subscriptions;
  readonly #outbox: Outbox;
  readonly #named = new Map<string, Subscription>();
  readonly #emitter = new Emitter();
  readonly #exposed = new Set<string>();
  #authToken: string | undefined;
  #flushing: ReturnType<typeof setTimeout> | undefined;
  #renewal: Promise<void> | undefined;

  /** Does no I/O. Throws TypeError when an option makes no sense. */
  constructor(readonly options: RealtimeOptions = {}) {
    const settings = (this.#settings = settingsOf(options));
    this.#authToken = settings.authToken;
    const timing = {
      heartbeat: settings.heartbeatInterval,
      silence: 60_000,
      probe: 5_000,
      backoff: { first: settings.reconnectInterval, longest: Math.max(30_000, settings.reconnectInterval) },
    };
    this.#session = new Session(this.#host(), timing);
    this.#subscriptions = new Subscriptions(this.#session, {
      rememberedIds: settings.rememberedIds,
      prefix: settings.tabs ? `${newId()}.` : "",
      store: settings.eventStore,
      failed: (error) => this.#emitter.emit("error", error),
    });
    this.#outbox = new Outbox({
      capacity: settings.queueSize,
      perSecond: settings.messagesPerSecond,
      burst: settings.messageBurst,
      store: settings.outboxStore,
      now: settings.now,
      ready: () => this.#connection.takesMessages,
      transmit: (text) => this.#connection.say(text),
      later: (delay) => {
        clearTimeout(this.#flushing);
        this.#flushing = setTimeout(() => this.#outbox.flush(), delay);
      },
    });
    this.#session.interests.shared = settings.tabs !== undefined;
    const socket = settings.WebSocket === undefined ? globalThis.WebSocket : settings.WebSocket;
    const dial = socket ? webSocketDial(socket as unknown as SocketConstructor) : undefined;
    this.#connection = new Connection(this.#session, {
      ...settings,
      dials: {
        websocket: dial && settings.tabs ? settings.tabs(dial) : dial,
        fallback: settings.fallback === null ? undefined : (settings.fallback ?? fallbackDial()),
      },
      timing,
      stable: 10_000,
      token: () => this.#token(),
      renewsToken: () => settings.getToken !== undefined,
      changed: (state) => this.#changed(state),
      lost: () => this.#outbox.disconnected(),
    });
    void this.#outbox.restore();
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get isConnected(): boolean {
    return this.state === "connected";
  }

  /** Why the connection was lost last, or could not be had; undefined before that. */
  get lastError(): ConnectionEnded | undefined {
    return this.#connection.lastError;
  }

  get url(): string {
    return this.#settings.url;
  }

  /** In which variant of each running experiment the user is; empty until the first connection. */
  get experiments(): Readonly<Record<string, string>> {
    return this.#session.experiments;
  }

  get health(): Health {
    const { counters, lastMessageAt, latency } = this.#session;
    const outgoing = this.#outbox.counters;
    return {
      state: this.state,
      transport: this.#connection.transport,
      connectedAt: this.#connection.connectedAt ?? null,
      lastMessageAt: lastMessageAt ?? null,
      reconnectAttempts: this.#connection.attempts,
      messagesReceived: counters.received,
      messagesSent: outgoing.sent,
      latency: latency ?? null,
      queueDepth: this.#outbox.depth,
      messagesRefused: outgoing.refused,
      messagesLost: outgoing.unconfirmed + outgoing.dropped,
      duplicates: counters.duplicates,
      gaps: counters.gaps,
      invalid: counters.invalid,
      subscriptions: this.#subscriptions.size,
    };
  }

  /** Connect, and stay connected until `disconnect`. Does nothing while that is under way. */
  connect(): void {
    this.#connection.connect();
  }

  /** Leave. Subscriptions stay, and resume with the next `connect`. */
  disconnect(): void {
    clearTimeout(this.#flushing);
    this.#connection.disconnect();
    this.#outbox.close("the client was disconnected");
  }

  /** Leave the connection and make another at once. */
  reconnect(): void {
    this.#connection.reconnect();
  }

  /** Use another token of the same user from now on; a connection that stands is kept. */
  setAuthToken(token: string): void {
    this.#authToken = token;
    if (this.#session.isOpen) this.#session.authenticate("auth_update", (this.#connection.token = token));
    else if (this.lastError?.code === 4401 && this.state === "error") this.connect();
  }

  /** Listen to the client itself; gives what ends it. */
  on<N extends keyof ClientEvents>(name: N, listener: (value: ClientEvents[N]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /**
   * Subscribe to event types, before or after connecting; it holds across reconnects, and within the log's
   * retention each event comes once. Named by `id`, it takes the place of an earlier one of that name.
   * Throws BadFilter for filters that mean nothing, and TypeError for no types.
   */
  subscribe<T extends EventType>(config: SubscriptionConfig<T>, handler: EventHandler<T>): Subscription;
  subscribe<T extends EventType>(
    id: string,
    config: SubscriptionConfig<T>,
    handler: EventHandler<T>,
  ): Subscription;
  subscribe(...given: unknown[]): Subscription {
    const [id, config, handler] = given.length > 2 ? given : [undefined, ...given];
    const made = this.#subscriptions.add(config as SubscriptionConfig, handler as EventHandler);
    if (id !== undefined) {
      this.#named.get(id as string)?.unsubscribe();
      this.#named.set(id as string, made);
    }
    return made;
  }

  /** End the subscription that was named so. */
  unsubscribe(id: string): void {
    this.#named.get(id)?.unsubscribe();
    this.#named.delete(id);
  }

  /**
   * Send an application's own message: true when it has been sent, false when it waits in the queue or, the
   * queue being full, was refused. It is never sent twice. `health` counts what became of them.
   */
  send(action: string, data?: unknown): boolean;
  send(message: OutgoingMessage): boolean;
  send(given: string | OutgoingMessage, data?: unknown): boolean {
    return this.#post(given, data).sent;
  }

  /** As `send`; resolves once the log has it. Rejects with EdgeError or MessageNotTaken. */
  request(action: string, data?: unknown): Promise<void> {
    return this.#post(action, data).taken;
  }

  /**
   * Tell that the user has met an experiment, once per variant: `experiment_exposed` among the client actions.
   * The variant; undefined while it is not known.
   */
  exposed(experiment: string): string | undefined {
    const variant = this.experiments[experiment];
    const key = `${experiment}\n${variant}`;
    if (variant !== undefined && !this.#exposed.has(key)) {
      this.#exposed.add(key);
      this.send("experiment_exposed", { experiment, variant });
    }
    return variant;
  }

  #post(given: string | OutgoingMessage, data: unknown): { sent: boolean; taken: Promise<void> } {
    if (typeof given === "string") return this.#outbox.add(given, data);
    const { action, ...rest } = given.payload;
    return typeof action === "string" && "data" in rest
      ? this.#outbox.add(action, rest.data)
      : this.#outbox.add(typeof action === "string" ? action : given.type, rest);
  }

  #host(): Host {
    return {
      now: this.#settings.now,
      random: this.#settings.random,
      say: (text) => this.#connection.say(text),
      opened: (greeting) => {
        this.#outbox.maxMessageBytes = greeting.maxMessageBytes;
        this.#connection.opened();
        this.#outbox.flush();
      },
      deliver: (interest, event) => this.#deliver(interest, event),
      confirmed: (interest, gap) => this.#subscriptions.confirmed(interest, gap),
      answered: (id, error) => {
        if (!this.#outbox.answered(id, error) && error) this.#emitter.emit("error", error);
      },
      refused: (error, interest) => {
        if (interest) this.#subscriptions.refused(interest, error);
        this.#emitter.emit("error", error);
      },
      tokenWanted: () => this.#renew(),
      beaten: (latency) => this.#emitter.emit("latency", latency),
      unreadable: (why) => {
        this.#log("unreadable message", why);
        this.#emitter.emit("invalid", why);
      },
    };
  }

  #deliver(interest: Interest, event: Incoming): void {
    this.#subscriptions.deliver(interest, event as AutodmcaEvent);
    this.#emitter.emit("event", event as AutodmcaEvent);
  }

  async #token(): Promise<string | undefined> {
    const { getToken } = this.#settings;
    return ((getToken ? await getToken() : this.#authToken) ?? this.#authToken) || undefined;
  }

  #renew(): void {
    const renewal = (this.#renewal ??= this.#token()
      .then((token) => {
        const present = this.#connection.token;
        if (token === undefined || token === present || !this.#session.isOpen) return;
        this.#connection.token = token;
        this.#session.authenticate("auth_update", token);
      })
      .catch((error: unknown) => this.#emitter.emit("error", error))
      .finally(() => (this.#renewal = undefined)));
    void renewal;
  }

  #changed(state: ConnectionState): void {
    this.#log("state", state, this.lastError?.message ?? "");
    this.#emitter.emit("state", state);
  }

  #log(...words: unknown[]): void {
    if (this.#settings.debug) console.debug("[autodmca]", ...words);
  }
}
