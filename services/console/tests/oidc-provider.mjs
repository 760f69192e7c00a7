// A real OpenID Provider for tests: anybody may sign in, by a user's number; whoever has the number 9 is an operator.
//   node oidc-provider.mjs PORT PAGE RESOURCE SECONDS
// PAGE is where people come back to, RESOURCE whom access tokens are for, SECONDS how long those live.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto; // Node 18
const { default: Provider } = await import("oidc-provider");
const [port, page, resource, seconds] = process.argv.slice(2);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "console",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      redirect_uris: [page],
      post_logout_redirect_uris: [page],
    },
  ],
  pkce: { required: () => true },
  clientBasedCORS: (_, origin) => origin === new URL(page).origin,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `Person ${id}` }) }),
  claims: { openid: ["sub"], profile: ["name"] },
  conformIdTokenClaims: false, // the name is in the ID token
  extraTokenClaims: (_, { accountId }) => ({ roles: accountId === "9" ? ["admin"] : [] }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  ttl: { AccessToken: Number(seconds) },
  features: {
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "",
        audience: resource,
        accessTokenTTL: Number(seconds),
        accessTokenFormat: "jwt",
      }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1");
