/**
 * Who has signed in, and the token, which is kept in memory alone and renewed before it ends.
 *
 * Never writes a token anywhere. What outlives a reload is which person of the development sign-in it was, or that
 * somebody has signed in at the issuer, which is then asked again.
 */

import { BASE } from "./config";
import type { Config, Person } from "./config";

const RENEW_BEFORE_S = 90;
const LAST_PERSON = "autodmca-person";

/** The token's own words; nobody here verifies them, the services do. */
export interface Claims {
  readonly sub: string;
  readonly name?: string;
  readonly roles?: readonly string[];
  readonly exp?: number;
}

/** Throws Error when the text is no token with a subject that is a number. */
export function claimsOf(token: string): Claims {
  const part = token.split(".")[1];
  try {
    const bytes = Uint8Array.from(atob((part ?? "").replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Claims;
    if (/^\d+$/.test(claims.sub)) return claims;
  } catch {
    // said below
  }
  throw new Error("This is not a token of AutoDMCA: three parts with dots between, for a user's number.");
}

/** The token has ended and no other can be had: the person has to sign in again. */
export class SessionEnded extends Error {
  override readonly name = "SessionEnded";
}

export interface SessionOptions {
  /** Gives another token; a token that was pasted has none. Throws SessionEnded when there will be no other. */
  readonly renew?: () => Promise<string>;
  /** The person's name, where the token does not say it. */
  readonly name?: string | undefined;
  /** Ends the session where it was made. */
  readonly end?: () => Promise<void>;
  readonly now?: () => number;
}

export class Session {
  #renewing: Promise<string> | undefined;
  readonly #ended = new Set<() => void>();
  hasEnded = false;

  constructor(
    private current: string,
    private readonly options: SessionOptions = {},
  ) {}

  get claims(): Claims {
    return claimsOf(this.current);
  }

  get userId(): number {
    return Number(this.claims.sub);
  }

  get name(): string {
    return this.claims.name ?? this.options.name ?? `User ${this.claims.sub}`;
  }

  is(role: string): boolean {
    return this.claims.roles?.includes(role) ?? false;
  }

  /** A token that is good for a while yet, where another can be had. Throws SessionEnded. */
  async token(): Promise<string> {
    const left = this.#secondsLeft();
    if (left > RENEW_BEFORE_S) return this.current;
    const { renew } = this.options;
    if (renew && !this.hasEnded) {
      this.#renewing ??= renew().finally(() => (this.#renewing = undefined));
      try {
        this.current = await this.#renewing;
      } catch (error) {
        if (error instanceof SessionEnded) this.#over();
        else if (this.#secondsLeft() <= 0) throw error; // an issuer that is away is asked again while the token holds
      }
    }
    if (this.#secondsLeft() > 0) return this.current;
    this.#over();
    throw new SessionEnded("Your sign-in has ended. Sign in again.");
  }

  /** Calls `ended` when no token can be had any more; gives what takes that back. */
  onEnded(ended: () => void): () => void {
    this.#ended.add(ended);
    return () => this.#ended.delete(ended);
  }

  /** Signs out, here and where the session was made. */
  async end(): Promise<void> {
    sessionStorage.removeItem(LAST_PERSON);
    await this.options.end?.();
  }

  #secondsLeft(): number {
    const { exp } = this.claims;
    return exp === undefined ? Infinity : exp - (this.options.now ?? Date.now)() / 1000;
  }

  #over(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    for (const each of this.#ended) each();
  }
}

async function developmentToken(userId: number): Promise<string> {
  const answer = await fetch(`${BASE}/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ userId }),
  });
  if (!answer.ok) throw new Error(`The console's server gave no token: ${answer.status}.`);
  return ((await answer.json()) as { token: string }).token;
}

/** Signs in as one of the development sign-in's people. */
export async function signInAs({ userId }: Pick<Person, "userId">): Promise<Session> {
  const session = new Session(await developmentToken(userId), { renew: () => developmentToken(userId) });
  sessionStorage.setItem(LAST_PERSON, String(userId));
  return session;
}

/** What the page begins with: who has signed in already, or why nobody has. */
export interface Beginning {
  readonly session?: Session | undefined;
  readonly fault?: string;
}

/** Takes up what was before the page was loaded: a way back from the issuer, or the last person of this machine. */
export async function beginning(config: Config): Promise<Beginning> {
  try {
    if (config.oidc) {
      const oidc = await import("./oidc");
      if (oidc.isReturn()) return { session: await oidc.arrived(config.oidc) };
      if (oidc.wasSignedIn()) return await oidc.leave(config.oidc, "silently");
    }
    const last = Number(sessionStorage.getItem(LAST_PERSON));
    const person = config.people.find(({ userId }) => userId === last);
    return person ? { session: await signInAs(person) } : {};
  } catch (error) {
    sessionStorage.removeItem(LAST_PERSON);
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
