/**
 * The life of a client's connection: dialled, kept, lost, dialled again.
 *
 * Owns the five states, the link, the timers and the count of attempts. What is said on the link is the
 * session's. Ends for good only when the edge says so (a close code that means "stay away"), the attempts are
 * used up, or the application disconnects; from the second it comes back when the browser is online again.
 */

import { ABNORMAL, delayOf, policyOf, retryAfter } from "./closing";
import type { Policy } from "./closing";
import { ConnectionEnded } from "./errors";
import type { Authentication, Dial, Link, LinkEvents, Target } from "./link";
import type { Session, Timing } from "./session";
import type { Signals } from "./signals";
import { fitsSubprotocol, userOf } from "./tokens";
import { Upgrade } from "./upgrade";

export type ConnectionState = "connecting" | "connected" | "disconnected" | "reconnecting" | "error";

/** What carries the connection. */
export type Transport = "websocket" | "fallback";

export interface ConnectionOptions {
  readonly url: string;
  readonly authentication: Authentication;
  readonly dials: { readonly [name in Transport]?: Dial | undefined };
  readonly maxReconnectAttempts: number;
  readonly timing: Timing;
  /** Milliseconds until the connection must be open, and for which it must stand to count as good. */
  readonly openTimeout: number;
  readonly stable: number;
  /** Milliseconds after which a client on the fallback tries a WebSocket again. */
  readonly upgradeAfter: number;
  readonly signals: Signals;
  now(): number;
  random(): number;
  /** The application's newest token; undefined when there is none. */
  token(): Promise<string | undefined>;
  /** Whether another token than the refused one may come of itself. */
  renewsToken(): boolean;
  changed(state: ConnectionState): void;
  lost(): void;
}

/** So many WebSockets in a row that never opened mean that one cannot be had here. */
const WEBSOCKET_FAILURES = 2;

export class Connection {
  state: ConnectionState = "disconnected";
  attempts = 0;
  connectedAt: number | undefined;
  transport: Transport = "websocket";
  /** Why the connection was lost last, or could not be had. */
  lastError: ConnectionEnded | undefined;
  token: string | undefined;
  #link: Link | undefined;
  #generation = 0;
  #tick: { timer: ReturnType<typeof setTimeout>; at: number } | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #notBefore = 0;
  #openDeadline: ReturnType<typeof setTimeout> | undefined;
  #socketFailures = 0;
  #refusedToken: string | undefined;
  #gaveUp = false;
  #unwatch: (() => void) | undefined;
  readonly #upgrade: Upgrade | undefined;

  constructor(
    private readonly session: Session,
    private readonly options: ConnectionOptions,
  ) {
    const dial = options.dials.websocket;
    this.#upgrade =
      dial &&
      new Upgrade({
        ...options,
        dial,
        target: () => this.#target(this.token as string),
        adopt: (link, target) => this.#adopt(link, target),
      });
  }

  get takesMessages(): boolean {
    return this.session.isOpen && this.#link?.takesMessages === true;
  }

  connect(): void {
    if (this.state !== "disconnected" && this.state !== "error") return;
    this.#unwatch ??= this.options.signals.watch((what) => this.#signalled(what));
    this.attempts = 0;
    this.#gaveUp = false;
    this.#set("connecting");
    void this.#dial();
  }

  disconnect(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#drop(1000);
    this.#set("disconnected");
  }

  /** Leave the connection, if there is one, and make another at once. */
  reconnect(): void {
    if (this.state === "disconnected" || this.state === "error") return this.connect();
    this.#drop(1000);
    this.#set("reconnecting");
    void this.#dial();
  }

  say(text: string): void {
    this.#link?.say(text);
    this.#schedule();
  }

  /** The edge has greeted and accepted the token. */
  opened(): void {
    clearTimeout(this.#openDeadline);
    this.connectedAt = this.options.now();
    this.#refusedToken = undefined;
    if (this.transport === "websocket") this.#socketFailures = 0;
    else this.#upgrade?.begin();
    this.#set("connected");
  }

  /** Make the session's `tick` come when it is due. */
  #schedule(): void {
    const at = this.session.deadline();
    if (!this.#link || (this.#tick && this.#tick.at <= at)) return;
    clearTimeout(this.#tick?.timer);
    this.#tick = { at, timer: setTimeout(() => this.#ticked(), Math.max(0, at - this.options.now())) };
  }

  #ticked(): void {
    this.#tick = undefined;
    if (this.session.tick()) this.#ended(ABNORMAL, "nothing was heard of the edge");
    else this.#schedule();
  }

  async #dial(): Promise<void> {
    const generation = ++this.#generation;
    const token = await this.options.token().catch(() => undefined);
    if (generation !== this.#generation) return;
    if (token === undefined) return this.#failed(0, "no token could be had", "reconnect");
    if (token === this.#refusedToken) return this.#failed(4401, "the edge has refused this token", "reconnect");
    this.token = token;
    this.transport = this.#choose();
    this.#watchOpening();
    const target = this.#target(token);
    const dial = this.options.dials[this.transport] as Dial;
    this.#begin(dial(target, this.#events(() => generation === this.#generation)), target);
  }

  #watchOpening(): void {
    const { openTimeout } = this.options;
    clearTimeout(this.#openDeadline);
    this.#openDeadline = setTimeout(() => {
      this.#ended(ABNORMAL, `the connection was not open within ${openTimeout} ms`);
    }, openTimeout);
  }

  #events(isCurrent: () => boolean): LinkEvents {
    return {
      message: (text, replaying) => {
        if (!isCurrent()) return;
        this.session.receive(text, replaying);
        this.#schedule();
      },
      alive: () => {
        if (isCurrent()) this.session.heard();
      },
      renewed: () => {
        if (!isCurrent()) return;
        this.session.disconnected();
        this.options.lost();
        this.session.connected(userOf(this.token as string), undefined);
        this.#watchOpening();
      },
      closed: (code, reason) => {
        if (isCurrent()) this.#ended(code, reason);
      },
    };
  }

  #target(token: string): Target {
    const { url, authentication } = this.options;
    const fits = authentication !== "subprotocol" || fitsSubprotocol(token);
    return { url, token, authentication: fits ? authentication : "message" };
  }

  #choose(): Transport {
    const { dials } = this.options;
    if (!dials.fallback) return "websocket";
    if (!dials.websocket) return "fallback";
    const blocked = this.#socketFailures >= WEBSOCKET_FAILURES;
    return blocked && this.#socketFailures % 2 === 0 ? "fallback" : "websocket";
  }

  /** The link is gone, or given up. */
  #ended(code: number, reason: string): void {
    const stood = this.connectedAt;
    const neverOpen = stood === undefined;
    if (code === ABNORMAL && neverOpen && (this.transport === "websocket" || this.#socketFailures > 0)) {
      this.#socketFailures += 1;
    }
    let policy = policyOf(code);
    if (policy === "token") {
      this.#refusedToken = this.token;
      if (!this.options.renewsToken()) policy = "stay";
    }
    if (!neverOpen && this.options.now() - stood >= this.options.stable) this.attempts = 0;
    this.#failed(code, reason, policy);
  }

  #failed(code: number, reason: string, policy: Policy): void {
    this.#drop();
    this.lastError = new ConnectionEnded(code, reason);
    if (policy === "stay") return this.#set(code === 1000 ? "disconnected" : "error");
    if (this.attempts >= this.options.maxReconnectAttempts) {
      this.#gaveUp = true;
      return this.#set("error");
    }
    const { now, random, timing } = this.options;
    const hint = retryAfter(reason);
    const delay = delayOf(policy, this.attempts, timing.backoff, random, hint);
    this.attempts += 1;
    this.#notBefore = policy === "backoff" && hint !== undefined ? now() + hint : 0;
    this.#set("reconnecting");
    this.#retryIn(delay);
  }

  #retryIn(delay: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      // Without a network the attempt would fail: the browser says when it is back.
      if (this.options.signals.isOnline()) void this.#dial();
      else this.#retryIn(this.options.timing.backoff.longest);
    }, delay);
  }

  #signalled(what: "online" | "offline" | "visible"): void {
    if (this.state === "error" && this.#gaveUp && what !== "offline") return this.connect();
    if (this.#retry !== undefined && what !== "offline" && this.options.signals.isOnline()) {
      this.#retryIn(Math.max(0, this.#notBefore - this.options.now()));
    } else if (this.session.isOpen) {
      this.session.probe();
      this.#schedule();
    }
  }

  /** Put a WebSocket in the place of the fallback; what it tells is the connection's from now on. */
  #adopt(link: Link, target: Target): LinkEvents {
    this.#drop();
    this.transport = "websocket";
    this.#begin(link, target);
    const generation = this.#generation;
    return this.#events(() => generation === this.#generation);
  }

  #begin(link: Link, target: Target): void {
    const owed = target.authentication === "message" ? target.token : undefined;
    this.session.connected(userOf(target.token), owed);
    this.#link = link;
    this.#schedule();
  }

  #drop(code?: number): void {
    this.#generation += 1;
    for (const timer of [this.#retry, this.#openDeadline, this.#tick?.timer]) clearTimeout(timer);
    this.#retry = this.#tick = undefined;
    this.#upgrade?.cancel();
    const had = this.#link;
    this.#link = undefined;
    this.connectedAt = undefined;
    if (had) {
      had.close(code);
      this.session.disconnected();
      this.options.lost();
    }
  }

  #set(state: ConnectionState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.changed(state);
  }
}
