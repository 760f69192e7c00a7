/**
 * What the web application's client of today says and expects, message for message.
 *
 * The rows that are marked existing in the wire protocol's design: the token in the address and again in an
 * `authenticate`, subscriptions without cursors, a heartbeat answered with another, and addresses of families.
 */

import { WebSocket } from "ws";
import { until } from "./sites";

type Message = { readonly type: string; readonly payload: Record<string, unknown> } & Record<string, unknown>;

export class ExistingClient {
  readonly heard: Message[] = [];
  readonly #socket: WebSocket;

  constructor(url: string, token: string) {
    this.#socket = new WebSocket(`${url}?token=${token}`);
    this.#socket.on("open", () => this.control({ action: "authenticate", token }));
    this.#socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as Message;
      this.heard.push(message);
      if (message.type === "heartbeat") {
        const timestamp = new Date().toISOString();
        this.say({ type: "heartbeat", payload: { timestamp, response: true }, timestamp });
      }
    });
  }

  say(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  control(payload: object): void {
    this.say({ type: "connection_established", payload, timestamp: new Date().toISOString() });
  }

  actions(): unknown[] {
    return this.heard.map(({ payload }) => payload["action"]).filter((action) => action !== undefined);
  }

  events(): string[] {
    return this.heard.filter(({ id }) => typeof id === "string").map(({ type }) => type);
  }

  answered(action: string): Promise<void> {
    return until(() => this.actions().includes(action), action);
  }

  close(): void {
    this.#socket.terminate();
  }
}
