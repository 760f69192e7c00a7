/**
 * What can go wrong, in one tree.
 *
 *     RealtimeError
 *     ├── EdgeError         the edge refused something; `code` is one of docs/protocol.md, "Errors"
 *     ├── ConnectionEnded   the edge, or this client, is done with the connection for good
 *     └── MessageNotTaken   a message was dropped, or nobody knows whether the edge has taken it
 *
 * `BadFilter` (matching.ts) is the one error that a call throws at once.
 */

export class RealtimeError extends Error {
  override readonly name: string = "RealtimeError";
}

/** The edge refused a message, a subscription or a token. */
export class EdgeError extends RealtimeError {
  override readonly name = "EdgeError";
  readonly code: string;
  readonly retryable: boolean;
  readonly subscriptionId: string | undefined;
  /** The field of the message that is at fault. */
  readonly field: string | undefined;

  constructor(payload: Readonly<Record<string, unknown>>) {
    super(String(payload["message"] ?? payload["code"]));
    this.code = String(payload["code"]);
    this.retryable = payload["retryable"] === true;
    this.subscriptionId = text(payload["subscriptionId"]);
    this.field = text(payload["field"]);
  }
}

/** The connection ended for good: `code` is a close code, `reason` what was said with it. */
export class ConnectionEnded extends RealtimeError {
  override readonly name = "ConnectionEnded";
  constructor(
    readonly code: number,
    readonly reason: string,
  ) {
    super(`the connection ended: ${code} ${reason}`.trimEnd());
  }
}

/** `dropped`: it was never sent. `unconfirmed`: the connection broke before the edge's answer. */
export class MessageNotTaken extends RealtimeError {
  override readonly name = "MessageNotTaken";
  constructor(
    readonly outcome: "dropped" | "unconfirmed",
    why: string,
  ) {
    super(`the message is ${outcome}: ${why}`);
  }
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
