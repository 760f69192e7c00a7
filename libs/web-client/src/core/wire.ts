/** Messages as text: what the client says, and ids for it. Owns the JSON of the envelope; does no I/O. */

export const CONTROL = "connection_established";
export const HEARTBEAT = "heartbeat";
export const ERROR = "error";
export const ACTION = "user_notification";

let counted = 0;

/** A text that no other message of any client has. */
export function newId(): string {
  const random = globalThis.crypto?.randomUUID?.() ?? Math.random().toString(36).slice(2);
  return `${random}-${++counted}`;
}

/** A message of the client. */
export function message(type: string, payload: object, id: string = newId()): string {
  return JSON.stringify({ type, payload, timestamp: new Date().toISOString(), id });
}

export const control = (action: string, more: object, id?: string): string =>
  message(CONTROL, { action, ...more }, id);

/** The texts of a list that came over the wire; nothing where it is none. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** The bytes of a text in UTF-8. */
export const sizeOf = (text: string): number => new TextEncoder().encode(text).length;
