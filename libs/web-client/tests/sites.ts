/** Two edges that the same scripts run against: the fake one, and a real one on the embedded broker. */

import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { RealtimeClient } from "../src/index";
import type { AutodmcaEvent, EventPayloads, EventType, RealtimeOptions, SocketConstructor } from "../src/index";
import { FakeEdge } from "../src/testing";
import { token as fakeToken } from "./socket";

export interface Emission<T extends EventType = EventType> {
  readonly type: T;
  readonly user: number;
  readonly changes?: Partial<EventPayloads[T]>;
}

export interface Site {
  readonly name: string;
  readonly url: string;
  emit(...many: Emission[]): Promise<void>;
  /** A token of `user` that ends in `seconds`; a warning comes at least a second before. */
  token(user: number, seconds?: number): Promise<string>;
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function fakeSite(): Promise<Site & { edge: FakeEdge }> {
  const edge = await new FakeEdge({ tokenOk: (token) => token.split(".").length === 3 }).start();
  let tokens = 0;
  return {
    edge,
    name: "fake",
    url: edge.url,
    async emit(...many) {
      for (const { type, user, changes } of many) {
        edge.emit(type, changes as object, type === "system_notification" ? {} : { userId: user });
      }
    },
    async token(user, seconds) {
      const token = fakeToken(`t${++tokens}`, user);
      if (seconds !== undefined) edge.expire(token, 4_000);
      return token;
    },
    kill: () => edge.stop(),
    start: () => edge.start().then(() => {}),
    close: () => edge.stop(),
  };
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** `python -m tests.integration.edge_command` of this repository. */
class Command {
  readonly #answers: ((line: string) => void)[] = [];
  readonly #lines: string[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  #said = "";

  constructor() {
    const python = `${ROOT}.venv/bin/python`;
    if (!existsSync(python)) throw new Error("no .venv: run these by `make test`, which makes it");
    this.#child = spawn(python, ["-m", "tests.integration.edge_command"], { cwd: ROOT });
    this.#child.stderr.on("data", (text) => (this.#said += text));
    createInterface(this.#child.stdout).on("line", (line) => {
      const answer = this.#answers.shift();
      if (answer) answer(line);
      else this.#lines.push(line);
    });
    this.#child.on("exit", () => this.#answers.splice(0).forEach((answer) => answer("")));
  }

  async answer(): Promise<Record<string, unknown>> {
    const line = this.#lines.shift() ?? (await new Promise<string>((resolve) => this.#answers.push(resolve)));
    if (line === "") throw new Error(`the edge's command has ended:\n${this.#said}`);
    return JSON.parse(line);
  }

  ask(command: object): Promise<Record<string, unknown>> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    return this.answer();
  }

  end(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.on("exit", () => resolve()));
    this.#child.stdin.end();
    return ended;
  }
}

export async function realSite(): Promise<Site> {
  const command = new Command();
  const { url } = await command.answer();
  return {
    name: "real",
    url: url as string,
    emit: (...many) => command.ask({ do: "emit", many }).then(() => {}),
    // An edge warns a minute before: these are good for four seconds until then.
    token: async (user, seconds = 3_600) => (await command.ask({ do: "token", user, ttl: seconds }))["token"] as string,
    kill: () => command.ask({ do: "kill" }).then(() => {}),
    start: () => command.ask({ do: "start" }).then(() => {}),
    close: () => command.end(),
  };
}

export class Listener {
  readonly client: RealtimeClient;
  readonly sockets: WebSocket[] = [];
  readonly heard: AutodmcaEvent[] = [];
  readonly states: string[] = [];

  constructor(
    readonly site: Site,
    token: string | (() => Promise<string>),
    options: RealtimeOptions = {},
  ) {
    const { sockets } = this;
    class Recorded extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    }
    this.client = new RealtimeClient({
      url: site.url,
      ...(typeof token === "string" ? { authToken: token } : { getToken: token }),
      WebSocket: Recorded as unknown as SocketConstructor,
      reconnectInterval: 50,
      maxReconnectAttempts: Infinity,
      ...options,
    });
    this.client.on("state", (state) => this.states.push(state));
  }

  listen(types: readonly EventType[], more: object = {}): Promise<void> {
    const made = this.client.subscribe({ types, ...more }, (event) => this.heard.push(event as AutodmcaEvent));
    this.client.connect();
    return made.ready;
  }

  /** The `name` of each event's payload. */
  get names(): string[] {
    return this.heard.map(({ payload }) => (payload as { name: string }).name);
  }

  /** Cut the connection as a network does. */
  cut(): void {
    this.sockets.at(-1)?.terminate();
  }
}

/** Wait for a condition; fails by name. */
export async function until(condition: () => boolean, what: string, deadline = 30_000): Promise<void> {
  const ends = Date.now() + deadline;
  while (!condition()) {
    if (Date.now() > ends) throw new Error(`waited ${deadline} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
