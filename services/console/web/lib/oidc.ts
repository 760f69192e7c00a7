/**
 * Signing in at an issuer by OpenID Connect: the authorization code flow with PKCE, by oauth4webapi.
 *
 * Tokens are in this page's memory alone, and no address has one: what the issuer's redirect brings is a code that is
 * worth something once, to whoever has the verifier. The verifier waits in sessionStorage while the person is at the
 * issuer, and is taken out before the code is used. A reload asks the issuer again, which knows the person yet.
 * Throws Error with what the issuer says.
 */

import * as oauth from "oauth4webapi";
import { BASE } from "./config";
import type { Issuer } from "./config";
import { Session, SessionEnded, claimsOf } from "./session";

const UNDER_WAY = "autodmca-sign-in";
const SIGNED_IN = "autodmca-signed-in";
/** What an issuer answers to a silent request when it has to ask the person something. */
const NEEDS_PERSON = ["login_required", "interaction_required", "consent_required", "account_selection_required"];

/** What is remembered on the way to the issuer and back; no token. */
interface UnderWay {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The view to come back to. */
  readonly path: string;
}

/** Known after the first question. */
let known: Promise<oauth.AuthorizationServer> | undefined;

const redirect = (): string => `${location.origin}${BASE}/`;

/** An issuer on this machine may be without TLS: the settings take no other such. */
const allowed = ({ issuer }: Issuer): { readonly [oauth.allowInsecureRequests]: boolean } => ({
  [oauth.allowInsecureRequests]: issuer.startsWith("http:"),
});

function server(settings: Issuer): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(settings.issuer);
  known ??= oauth
    .discoveryRequest(issuer, allowed(settings))
    .then((answer) => oauth.processDiscoveryResponse(issuer, answer))
    .catch((error: unknown) => {
      known = undefined;
      throw new Error(`The issuer ${issuer.host} does not answer as it should.`, { cause: error });
    });
  return known;
}

/** Whether the page was opened by the issuer's redirect. */
export function isReturn(): boolean {
  const told = new URLSearchParams(location.search);
  return told.has("state") && (told.has("code") || told.has("error"));
}

/** Whether somebody had signed in here before the page was loaded again. */
export const wasSignedIn = (): boolean => sessionStorage.getItem(SIGNED_IN) !== null;

/** Goes to the issuer; `silently` comes back at once, whoever is signed in there or not. Never returns. */
export async function leave(settings: Issuer, how: "silently" | "asking"): Promise<never> {
  const issuer = await server(settings);
  if (!issuer.authorization_endpoint) throw new Error("The issuer says nowhere to sign in.");
  const under: UnderWay = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    path: location.pathname + location.hash,
  };
  const address = new URL(issuer.authorization_endpoint);
  const asked = {
    client_id: settings.clientId,
    redirect_uri: redirect(),
    response_type: "code",
    scope: settings.scope,
    state: under.state,
    nonce: under.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(under.verifier),
    code_challenge_method: "S256",
    ...(settings.resource && { resource: settings.resource }),
    ...(how === "silently" && { prompt: "none" }),
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  sessionStorage.removeItem(SIGNED_IN); // so that a silent way that fails is not gone again
  sessionStorage.setItem(UNDER_WAY, JSON.stringify(under));
  location.assign(address.href);
  return new Promise<never>(() => undefined);
}

/** Whoever comes back from the issuer; nobody when a silent question found nobody. */
export async function arrived(settings: Issuer): Promise<Session | undefined> {
  const here = new URL(location.href);
  const kept = sessionStorage.getItem(UNDER_WAY);
  sessionStorage.removeItem(UNDER_WAY);
  const under = kept === null ? undefined : (JSON.parse(kept) as UnderWay);
  history.replaceState(null, "", under?.path ?? `${BASE}/`);
  if (!under) throw new Error("This page did not ask the issuer for what has come. Sign in again.");
  if (NEEDS_PERSON.includes(here.searchParams.get("error") ?? "")) return undefined;
  const issuer = await server(settings);
  const client = { client_id: settings.clientId };
  try {
    const told = oauth.validateAuthResponse(issuer, client, here, under.state);
    const answer = await oauth.authorizationCodeGrantRequest(
      issuer, client, oauth.None(), told, redirect(), under.verifier,
      { ...allowed(settings), ...asking(settings) },
    );
    const tokens = await oauth.processAuthorizationCodeResponse(issuer, client, answer, {
      expectedNonce: under.nonce,
      requireIdToken: true,
    });
    const session = sessionOf(settings, issuer, tokens);
    sessionStorage.setItem(SIGNED_IN, "yes");
    return session;
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  }
}

function sessionOf(settings: Issuer, issuer: oauth.AuthorizationServer, tokens: oauth.TokenEndpointResponse): Session {
  const client = { client_id: settings.clientId };
  const name = oauth.getValidatedIdTokenClaims(tokens)?.["name"];
  const { sub } = claimsOf(tokens.access_token);
  let refresh = tokens.refresh_token;

  const renew = async (): Promise<string> => {
    if (refresh === undefined) throw new SessionEnded("The issuer gave nothing to renew the token with.");
    const answer = await oauth.refreshTokenGrantRequest(issuer, client, oauth.None(), refresh, {
      ...allowed(settings),
      ...asking(settings),
    });
    const renewed = await oauth.processRefreshTokenResponse(issuer, client, answer).catch((error: unknown) => {
      // What the issuer refuses, it refuses for good; a fault of its own (5xx) passes.
      if (error instanceof oauth.ResponseBodyError) throw new SessionEnded(reasonOf(error));
      throw error;
    });
    refresh = renewed.refresh_token ?? refresh;
    if (claimsOf(renewed.access_token).sub !== sub) throw new SessionEnded("The issuer renewed somebody else's token.");
    return renewed.access_token;
  };

  const end = async (): Promise<void> => {
    sessionStorage.removeItem(SIGNED_IN);
    if (refresh !== undefined && issuer.revocation_endpoint) {
      await oauth
        .revocationRequest(issuer, client, oauth.None(), refresh, allowed(settings))
        .then(oauth.processRevocationResponse)
        .catch(() => undefined); // the issuer's own sign-out, which follows, ends it too
    }
    if (!issuer.end_session_endpoint) return;
    const address = new URL(issuer.end_session_endpoint);
    // No id_token_hint: it is a token, and this is an address. The issuer asks the person in its place.
    address.searchParams.set("client_id", settings.clientId);
    address.searchParams.set("post_logout_redirect_uri", redirect());
    location.assign(address.href);
  };

  return new Session(tokens.access_token, { renew, end, name: typeof name === "string" ? name : undefined });
}

const asking = ({ resource }: Issuer): { additionalParameters?: Record<string, string> } =>
  resource ? { additionalParameters: { resource } } : {};

function reasonOf(error: unknown): string {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    return `The issuer refuses: ${error.error_description ?? error.error}`;
  }
  return error instanceof Error ? error.message : String(error);
}
