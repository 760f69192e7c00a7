/**
 * An edge to test applications against: a real WebSocket server that speaks the protocol, and a script.
 *
 * Keeps its log in memory. Can be told to drop connections, to close with a code, to stay mute, to delay,
 * repeat or reorder events, to refuse, to let tokens expire and to lose its log. Does not verify tokens, limit
 * rates or conflate. For tests only: nothing in it is bounded. Needs the package `ws`, and Node.
 */

import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { examples } from "../../../events/generated/examples";
import type { EventPayloads, EventType } from "../../../events/generated/events";
import { Conversation } from "./conversation";
import type { Wire } from "./conversation";
import { answerEvents } from "./events-address";
import { EventLog } from "./log";
import type { Envelope } from "./log";

export interface FakeEdgeOptions {
  readonly port?: number;
  readonly heartbeatIntervalMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly maxMessageBytes?: number;
  readonly experiments?: Readonly<Record<string, string>>;
  readonly tokenOk?: (token: string) => boolean;
}

/** What a client came with; `token` from wherever it was. */
export interface Handshake {
  readonly url: string;
  readonly token: string | undefined;
}

/** A connection that the edge has taken. */
export interface Attached {
  hear(text: string): void;
  over(): void;
}

const BAD_TOKEN = { code: 4401, reason: "token" };

export class FakeEdge {
  readonly log = new EventLog();
  readonly handshakes: Handshake[] = [];
  /** Messages of clients as they came, parsed. */
  readonly received: { readonly type: string; readonly payload: Record<string, unknown>; id?: string }[] = [];
  /** Application messages that were accepted. */
  readonly accepted: unknown[] = [];
  readonly greeting;
  tokenOk: (token: string) => boolean;
  /** Say nothing. */
  mute = false;
  /** Milliseconds that each message waits before it is sent. */
  delay = 0;
  /** Whether anything has been delayed: then all goes through one queue. */
  delayed = false;
  /** Answer WebSocket handshakes with 403, as a proxy does that knows none. */
  blockWebSockets = false;
  /** Never send the bytes of an event stream, as a proxy does that collects whole answers. */
  holdStreams = false;
  readonly followers = new Set<(event: Envelope) => void>();
  readonly #conversations = new Set<Conversation>();
  readonly #sockets = new Set<Socket>();
  readonly #lifetimes = new Map<string, number>();
  #refusals: { code: number; reason: string }[] = [];
  #failures: { action: string; payload: object }[] = [];
  #held: Envelope[] | undefined;
  #eventsLeft: number | undefined;
  #counted = 0;
  #server: Server | undefined;
  #port: number;

  constructor(options: FakeEdgeOptions = {}) {
    this.#port = options.port ?? 0;
    this.tokenOk = options.tokenOk ?? (() => true);
    this.greeting = {
      node: "fake",
      protocol: 1,
      heartbeatIntervalMs: options.heartbeatIntervalMs ?? 30_000,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 60_000,
      authTimeoutMs: 10_000,
      maxMessageBytes: options.maxMessageBytes ?? 65_536,
      experiments: options.experiments ?? {},
    };
  }

  /** Where it listens; the same after `stop` and `start`. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}/ws`;
  }

  /** How many WebSockets are open. */
  get connections(): number {
    return this.#conversations.size;
  }

  /** Put an event (the type's example, with `changes`) into the log and send it to whom it is for. */
  emit<T extends EventType>(type: T, changes: Partial<EventPayloads[T]> = {}, more: Partial<Envelope> = {}): Envelope {
    const everybody = !("userId" in examples[type]);
    const event = this.log.append({
      type,
      payload: { ...examples[type].payload, ...changes },
      timestamp: new Date().toISOString(),
      id: `msg_${Date.now()}_${++this.#counted}`,
      ...(!everybody && { userId: 1 }),
      ...more,
    });
    if (this.#held) this.#held.push(event);
    else this.#offer(event);
    return event;
  }

  /** Send the newest events once more, as happens when a producer restarts between two writes. */
  repeat(count = 1): void {
    for (const event of this.log.newest(count)) this.#offer(event);
  }

  /** Hold what is emitted from now on, until `release` sends it in the order that it makes of it. */
  hold(): void {
    this.#held ??= [];
  }

  release(order: (events: Envelope[]) => Envelope[] = (events) => events.reverse()): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of order(held)) this.#offer(event);
  }

  /** Cut every connection, without a close frame. */
  drop(): void {
    for (const each of [...this.#conversations]) each.cut();
  }

  /** Cut the connection that is sent the last of the next `events` events, right after it. */
  dropAfter(events: number): void {
    this.#eventsLeft = events;
  }

  /** Close every connection with `code`. */
  close(code: number, reason = ""): void {
    for (const each of [...this.#conversations]) each.end(code, reason);
  }

  /** Accept the next connections and close them at once with these codes, one each. */
  refuse(...codes: (number | { code: number; reason: string })[]): void {
    this.#refusals.push(...codes.map((each) => (typeof each === "number" ? { code: each, reason: "" } : each)));
  }

  /** Answer the next message with this action (or `heartbeat`) with an error of this code. */
  fail(action: string, code: string, more: object = {}): void {
    this.#failures.push({ action, payload: { code, message: code, retryable: false, ...more } });
  }

  /** Let a token end so many milliseconds after it was shown; a warning comes at half of that. */
  expire(token: string, milliseconds: number): void {
    this.#lifetimes.set(token, milliseconds);
  }

  /** Send a message of any kind to every connection. */
  say(type: string, payload: object): void {
    for (const each of this.#conversations) each.say(type, payload);
  }

  /** The payloads of clients' messages with this action, oldest first. */
  said(action: string): Record<string, unknown>[] {
    return this.received.map(({ payload }) => payload).filter((payload) => payload["action"] === action);
  }

  async start(): Promise<this> {
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
    const server = (this.#server = createServer((request, answer) => answerEvents(this, request, answer)));
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("upgrade", (request, socket, head) => {
      if (this.blockWebSockets) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
      sockets.handleUpgrade(request, socket, head, (opened) => this.#serve(opened, request));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Stop listening and cut all connections; `start` serves the same log at the same port again. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const each of this.#sockets) each.destroy();
    await closed;
  }

  // -- what conversations ask ------------------------------------------------------------------------

  accept(payload: object): string {
    this.accepted.push(payload);
    return `act_${this.accepted.length}`;
  }

  lifetimeOf(token: string): number | undefined {
    return this.#lifetimes.get(token);
  }

  /** Count one event sent; whether `dropAfter` wants the connection cut now. */
  isLast(): boolean {
    if (this.#eventsLeft === undefined || --this.#eventsLeft > 0) return false;
    this.#eventsLeft = undefined;
    return true;
  }

  failureFor(action: string): object | undefined {
    if (this.#failures[0]?.action !== action) return undefined;
    return this.#failures.shift()?.payload;
  }

  #offer(event: Envelope): void {
    for (const each of this.#conversations) each.offer(event);
    for (const each of this.followers) each(event);
  }

  /** A client has connected; undefined when it was turned away at once. What it says goes to `hear`. */
  attach(wire: Wire, url: string, token: string | undefined): Attached | undefined {
    this.handshakes.push({ url, token });
    const refusal = this.#refusals.shift() ?? (token === undefined || this.tokenOk(token) ? undefined : BAD_TOKEN);
    if (refusal) {
      wire.close(refusal.code, refusal.reason);
      return undefined;
    }
    const conversation = new Conversation(wire, this);
    this.#conversations.add(conversation);
    conversation.greet(`c${this.handshakes.length}`, token);
    const family = /\/ws\/([^/?]+)/.exec(url)?.[1];
    if (family !== undefined) conversation.follow(family);
    return {
      hear: (text) => {
        try {
          this.received.push(JSON.parse(text));
        } catch {
          // the conversation refuses it
        }
        conversation.hear(text);
      },
      over: () => {
        conversation.over();
        this.#conversations.delete(conversation);
      },
    };
  }

  #serve(socket: WebSocket, request: IncomingMessage): void {
    const wire: Wire = {
      send: (text) => socket.send(text),
      close: (code, reason) => socket.close(code, reason),
      cut: () => socket.terminate(),
    };
    socket.on("error", () => socket.terminate());
    const attached = this.attach(wire, request.url ?? "", tokenOf(request));
    socket.on("message", (data) => attached?.hear(String(data)));
    socket.on("close", () => attached?.over());
  }
}

function tokenOf({ headers, url }: IncomingMessage): string | undefined {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  const offered = (headers["sec-websocket-protocol"] ?? "").split(/\s*,\s*/);
  const protocol = offered.find((each) => each.startsWith("bearer."))?.slice("bearer.".length);
  return bearer ?? protocol ?? new URL(url ?? "", "http://edge").searchParams.get("token") ?? undefined;
}
