/**
 * One connection to an edge, whatever carries it, and the WebSocket that carries it as a rule.
 *
 * A link is opened, heard and closed once. What it carries are the texts of docs/protocol.md. Never
 * reconnects, and never tells an address with a token in it.
 */

import { ABNORMAL } from "./closing";

/** What a link tells. `closed` comes once, and nothing after it. */
export interface LinkEvents {
  /** `replaying`: the edge replays for somebody else who speaks on the same connection. */
  message(text: string, replaying?: boolean): void;
  /** A sign of life that is no message. */
  alive(): void;
  /** Another connection has taken the place of this one: a greeting comes, and all is to be asked for again. */
  renewed(): void;
  closed(code: number, reason: string): void;
}

export interface Link {
  /** Whether an application's own messages can be sent. */
  readonly takesMessages: boolean;
  say(text: string): void;
  /** Ends it without a `closed`. */
  close(code?: number, reason?: string): void;
}

/** Opens a link; never throws. */
export type Dial = (target: Target, events: LinkEvents) => Link;

/** How a token travels: with the handshake, or as the first message. */
export type Authentication = "subprotocol" | "query" | "message";

export interface Target {
  readonly url: string;
  readonly token: string;
  readonly authentication: Authentication;
}

/** The part of the standard's WebSocket that is used; the one of `ws` has it too. */
export interface SocketLike {
  readonly readyState: number;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export type SocketConstructor = new (url: string, protocols?: string | string[]) => SocketLike;

const OPEN = 1;

/** Dials with a WebSocket. */
export function webSocketDial(Socket: SocketConstructor): Dial {
  return ({ url, token, authentication }, events) => {
    const address = new URL(url);
    if (authentication === "query") address.searchParams.set("token", token);
    const protocols = ["autodmca.v1"];
    if (authentication === "subprotocol") protocols.push(`bearer.${token}`);
    let over = false;
    const end = (code: number, reason: string): void => {
      if (over) return;
      over = true;
      events.closed(code, reason);
    };
    let socket: SocketLike | undefined;
    try {
      // The existing dialect names no subprotocol: its token is in the address.
      socket = new Socket(address.href, authentication === "query" ? [] : protocols);
      socket.onmessage = ({ data }) => {
        if (!over && typeof data === "string") events.message(data);
      };
      socket.onerror = () => {}; // a close follows
      socket.onclose = ({ code, reason }) => end(code, reason);
    } catch (error) {
      queueMicrotask(() => end(ABNORMAL, String(error)));
    }
    return {
      takesMessages: true,
      say(text) {
        if (socket?.readyState === OPEN) socket.send(text);
      },
      close(code, reason) {
        over = true;
        try {
          socket?.close(code, reason);
        } catch {
          // it never opened
        }
      },
    };
  };
}
