/** What a JSON Web Token claims, unverified: only the edge's word counts for access. */

interface Claims {
  readonly sub?: unknown;
  readonly exp?: unknown;
}

function claimsOf(token: string): Claims {
  try {
    const body = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const claims: unknown = JSON.parse(atob(body));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

/** The user that a token claims to be for; undefined when it does not say. */
export function userOf(token: string): number | undefined {
  const sub = claimsOf(token).sub;
  const user = typeof sub === "string" && /^\d+$/.test(sub) ? Number(sub) : sub;
  return Number.isSafeInteger(user) ? (user as number) : undefined;
}

/** When a token ends, in milliseconds since the epoch; undefined when it does not say. */
export function expiryOf(token: string): number | undefined {
  const exp = claimsOf(token).exp;
  return typeof exp === "number" ? exp * 1000 : undefined;
}

/** Whether a token may stand in `Sec-WebSocket-Protocol` (RFC 9110, section 5.6.2). */
export const fitsSubprotocol = (token: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(token);
