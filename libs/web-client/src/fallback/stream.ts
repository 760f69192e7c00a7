/** Server-Sent Events out of a body's bytes (WHATWG HTML, section 9.2.6). Keeps nothing but an unfinished event. */

export interface StreamEvent {
  /** `message` where the stream names none; empty where only an `id` came. */
  readonly name: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Calls `sign` for whatever comes and `event` for each event, until the body ends. Rejects when it breaks. */
export async function readStream(
  body: ReadableStream<Uint8Array>,
  event: (event: StreamEvent) => void,
  sign: () => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const take = parser(event);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    sign();
    take(decoder.decode(value, { stream: true }));
  }
}

/** Takes text in pieces as they come. */
export function parser(event: (event: StreamEvent) => void): (text: string) => void {
  let rest = "";
  let name = "";
  let id: string | undefined;
  let data: string[] = [];
  const line = (text: string): void => {
    if (text === "") {
      if (data.length > 0 || id !== undefined) {
        event({ name: data.length > 0 ? name || "message" : "", data: data.join("\n"), id });
      }
      [name, id, data] = ["", undefined, []];
      return;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (field === "id") id = value;
  };
  return (text) => {
    // A carriage return at the end may be the first half of a line's end.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() as string;
    for (const each of lines) line(each);
  };
}
