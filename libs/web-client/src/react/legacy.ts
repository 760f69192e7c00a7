/** Addresses in the older form, `.../ws/social-media`, and the client for one. */

import type { EventType } from "../../../events/generated/events";
import { FAMILIES } from "../../../events/generated/shapes";
import type { Family } from "../../../events/generated/shapes";
import { RealtimeClient } from "../core/client";

export interface FamilyAddress {
  /** The edge's own address, without family and token. */
  readonly url: string;
  readonly types: readonly EventType[];
  readonly token: string | undefined;
}

/** Throws TypeError for a family that does not exist. */
export function addressOf(given: string): FamilyAddress {
  const address = new URL(given);
  const [, path, family] = /^(.*?\/ws)(?:\/([^/]+))?\/?$/.exec(address.pathname) ?? [];
  if (path === undefined) throw new TypeError(`url: ${address.pathname} is not the address of an edge`);
  if (family !== undefined && !Object.hasOwn(FAMILIES, family)) {
    throw new TypeError(`url: there is no family ${family}; there are ${Object.keys(FAMILIES).join(", ")}`);
  }
  const token = address.searchParams.get("token") ?? undefined;
  const types = family === undefined ? Object.values(FAMILIES).flat() : FAMILIES[family as Family];
  return { url: `${address.protocol}//${address.host}${path}`, types, token };
}

/** `provided` where it speaks to the same edge, else a client of its own with the same token. */
export function legacyClient(given: string, provided: RealtimeClient): RealtimeClient {
  const { url, token } = addressOf(given);
  const known = new URL(provided.url);
  if (token === undefined && `${known.protocol}//${known.host}${known.pathname}` === url) return provided;
  const { authToken, getToken, ...options } = provided.options;
  return new RealtimeClient(
    token === undefined ? { ...options, authToken, getToken, url } : { ...options, authToken: token, url },
  );
}
