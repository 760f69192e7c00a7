/** What the server tells the page at its start: where everything is, and who may sign in here. */

export interface Person {
  readonly userId: number;
  readonly name: string;
  readonly roles: readonly string[];
}

export interface Issuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** RFC 8707; empty: the issuer decides. */
  readonly resource: string;
}

export interface Config {
  /** The WebSocket's address; empty: `/ws` of the page's own origin. */
  readonly edge: string;
  /** Each service's address; a service that is not named is asked on the page's own origin. */
  readonly services: Readonly<Record<string, string>>;
  /** Whom the development sign-in knows; nobody where there is none. */
  readonly people: readonly Person[];
  /** Where people sign in by OpenID Connect; null where they do not. */
  readonly oidc: Issuer | null;
  /** Whether the server can say how each node is. */
  readonly nodes: boolean;
  /** Whether it asks Prometheus how things went over the last minutes. */
  readonly course: boolean;
  /** Whether it can say whose connection is behind. */
  readonly behind: boolean;
}

export const BASE = "/console";

/** Throws Error when the server does not answer. */
export async function loadConfig(): Promise<Config> {
  const answer = await fetch(`${BASE}/config.json`);
  if (!answer.ok) throw new Error(`The console's server answered ${answer.status}.`);
  return (await answer.json()) as Config;
}

/** Where the WebSocket is. */
export function edgeUrl(config: Config): string {
  return config.edge || `${location.origin.replace(/^http/, "ws")}/ws`;
}
