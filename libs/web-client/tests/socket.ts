/** A WebSocket whose other end is the test, and a client on it; time is the test's too. */

import { vi } from "vitest";
import { RealtimeClient } from "../src/index";
import type { RealtimeOptions, Signals, SocketLike } from "../src/index";
import { examples } from "../../events/generated/examples";

export interface Said {
  readonly type: string;
  readonly id: string;
  readonly payload: Record<string, unknown> & { action?: string; config?: Record<string, unknown> };
}

export class TestSocket implements SocketLike {
  readyState = 0;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly said: Said[] = [];
  closedWith: number | undefined;

  constructor(
    readonly url: string,
    readonly protocols: string | string[] = [],
  ) {}

  send(data: string): void {
    this.said.push(JSON.parse(data));
  }

  close(code?: number): void {
    this.closedWith = code ?? 1005;
    this.readyState = 3;
  }

  /** The edge sends a message. */
  tell(type: string, payload: object, more: object = {}): void {
    this.onmessage?.({ data: JSON.stringify({ type, payload, ...more }) });
  }

  control(action: string, more: object = {}): void {
    this.tell("connection_established", { action, ...more });
  }

  greet(more: object = {}): void {
    this.readyState = 1;
    this.control("connected", {
      connectionId: "c", node: "n", heartbeatIntervalMs: 30_000, heartbeatTimeoutMs: 60_000, ...more,
    });
  }

  /** The edge, or the network, ends it. */
  end(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  /** What the client said with this action. */
  actions(action: string): Said[] {
    return this.said.filter(({ payload }) => payload.action === action);
  }

  beats(): Said[] {
    return this.said.filter(({ type }) => type === "heartbeat");
  }

  /** The newest `subscribe` is answered. */
  subscribed(more: object = {}): void {
    const asked = this.actions("subscribe").at(-1) as Said;
    const { subscriptionId } = asked.payload;
    const rest = { cursors: [], recovered: true, replayed: 0, inReplyTo: asked.id, ...more };
    this.control("subscribed", { subscriptionId, ...rest });
  }

  usage(id: string, cursor: string, changes: object = {}): void {
    this.#event("template_usage", id, cursor, changes);
  }

  approval(id: string, cursor: string): void {
    this.#event("template_approval", id, cursor, {});
  }

  #event(type: "template_usage" | "template_approval", id: string, cursor: string, changes: object): void {
    const { payload, ...envelope } = examples[type];
    this.tell(type, { ...payload, ...changes }, { ...envelope, userId: 1, id, cursor });
  }
}

/** A token of user 1 that ends in a year. */
export const token = (name = "a", user = 1): string =>
  `${name}.${btoa(JSON.stringify({ sub: String(user), exp: 4_000_000_000 })).replaceAll("=", "")}.s`;

export class Bench {
  readonly sockets: TestSocket[] = [];
  readonly client: RealtimeClient;
  readonly states: string[] = [];
  readonly errors: unknown[] = [];
  online = true;
  #changed: ((what: "online" | "offline" | "visible") => void) | undefined;

  constructor(options: RealtimeOptions = {}) {
    const { sockets } = this;
    class Recorded extends TestSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    }
    const signals: Signals = {
      isOnline: () => this.online,
      watch: (changed) => {
        this.#changed = changed;
        return () => (this.#changed = undefined);
      },
    };
    this.client = new RealtimeClient({
      url: "ws://edge/ws",
      authToken: token(),
      WebSocket: Recorded,
      fallback: null,
      random: () => 0.5,
      signals,
      ...options,
    });
    this.client.on("state", (state) => this.states.push(state));
    this.client.on("error", (error) => this.errors.push(error));
  }

  /** The newest socket. */
  get socket(): TestSocket {
    return this.sockets.at(-1) as TestSocket;
  }

  signal(what: "online" | "offline" | "visible"): void {
    this.#changed?.(what);
  }

  async open(): Promise<TestSocket> {
    this.client.connect();
    await settle();
    this.socket.greet();
    return this.socket;
  }
}

/** Let promises run, and timers that are due. */
export const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
export const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
