/**
 * Files that were chosen on this page, by their digests: in its memory alone, and gone with it.
 *
 * The oldest go when they are more than a bound. What the browser cannot draw (a video, a text, HEIC) is not kept.
 */

import { useSyncExternalStore } from "react";

const MOST_BYTES = 100 * 2 ** 20;

export interface Picture {
  /** For this page. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

let held: ReadonlyMap<string, Picture> = new Map();
const listeners = new Set<() => void>();

function show(next: ReadonlyMap<string, Picture>): void {
  held = next;
  for (const each of listeners) each();
}

const listen = (changed: () => void): (() => void) => {
  listeners.add(changed);
  return () => listeners.delete(changed);
};

/** Keeps a file for as long as there is room. */
export async function keepPicture(digest: string | undefined, file: Blob): Promise<void> {
  if (digest === undefined || held.has(digest)) return;
  const drawn = await createImageBitmap(file).catch(() => undefined);
  if (!drawn || held.has(digest)) return;
  const { width, height } = drawn;
  drawn.close();
  const next = new Map(held).set(digest, { url: URL.createObjectURL(file), width, height, bytes: file.size });
  let bytes = [...next.values()].reduce((sum, each) => sum + each.bytes, 0);
  for (const [name, each] of next) {
    if (bytes <= MOST_BYTES || next.size === 1) break;
    URL.revokeObjectURL(each.url);
    next.delete(name);
    bytes -= each.bytes;
  }
  show(next);
}

export function forgetPictures(): void {
  for (const { url } of held.values()) URL.revokeObjectURL(url);
  show(new Map());
}

/** The picture of this digest, if it was chosen on this page. */
export const usePicture = (digest: string | undefined): Picture | undefined =>
  useSyncExternalStore(listen, () => (digest === undefined ? undefined : held.get(digest)));

/** SHA-256, in hexadecimal. Throws Error where the page is not served securely. */
export async function digestOf(file: Blob): Promise<string> {
  if (!globalThis.crypto.subtle) throw new Error("Over an insecure connection a browser cannot tell whether it is the same file.");
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
}
