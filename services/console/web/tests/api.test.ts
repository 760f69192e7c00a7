import { describe, expect, it, vi } from "vitest";
import { Api, Problem } from "../lib/api";
import { Session, SessionEnded, claimsOf } from "../lib/session";

const session = { token: () => Promise.resolve("a.b.c") };
const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(body === undefined ? null : JSON.stringify(body), { status, headers });

function api(...answers: (Response | Error)[]) {
  const calls: [string, RequestInit][] = [];
  const fetched = (url: string | URL | Request, request: RequestInit = {}): Promise<Response> => {
    calls.push([String(url), request]);
    const next = answers.shift();
    return next instanceof Response ? Promise.resolve(next) : Promise.reject(next ?? new Error("asked too often"));
  };
  return { calls, api: new Api({ services: { templates: "http://t" } }, session, fetched as typeof fetch) };
}

describe("the services", () => {
  it("are asked where they are, or on the page's own origin, with the token in a header", async () => {
    const { api: on, calls } = api(answer(200, {}, { "as-of": "2026-03-07T10:30:00Z" }), answer(200, {}));
    expect((await on.get("templates", "/v1/templates")).asOf).toBe("2026-03-07T10:30:00Z");
    await on.get("delisting", "/v1/requests");
    expect(calls.map(([url]) => url)).toEqual(["http://t/v1/templates", "/v1/requests"]);
    expect(calls[0]?.[1].headers).toMatchObject({ authorization: "Bearer a.b.c" });
    expect(calls[0]?.[1].credentials).toBe("omit");
  });

  it("give a list page by page, as of its first page", async () => {
    const { api: on, calls } = api(
      answer(200, { items: [1], nextCursor: "x" }, { "as-of": "2026-03-07T10:30:00Z" }),
      answer(200, { items: [2] }, { "as-of": "2026-03-07T10:31:00Z" }),
    );
    expect(await on.list("templates", "/v1/templates?userId=*")).toEqual({ asOf: "2026-03-07T10:30:00Z", state: [1, 2] });
    expect(calls[1]?.[0]).toBe("http://t/v1/templates?userId=*&limit=100&cursor=x");
  });

  it("get a command that had no answer once more, under the same key", async () => {
    const { api: on, calls } = api(new TypeError("network"), answer(200, { id: "t" }));
    expect(await on.send("templates", "POST", "/v1/templates", { name: "x" })).toEqual({ id: "t" });
    const keys = calls.map(([, request]) => (request.headers as Record<string, string>)["idempotency-key"]);
    expect(keys[0]).toBe(keys[1]);
    expect(calls).toHaveLength(2);
  });

  it("get a command also when the page is left at once, but for what a browser does not hold back", async () => {
    const { api: on, calls } = api(answer(200, {}), answer(200, {}), answer(200, {}), answer(200, {}));
    await on.send("templates", "POST", "/v1/templates", { name: "x" });
    await on.send("templates", "DELETE", "/v1/templates/t");
    await on.send("templates", "POST", "/v1/templates", { content: "x".repeat(100_000) });
    await on.send("templates", "POST", "/v1/templates", new FormData());
    expect(calls.map(([, request]) => request.keepalive)).toEqual([true, true, false, false]);
  });

  it("refuse with a problem that names its fields, and are not asked again", async () => {
    const told = { type: "urn:autodmca:problem:invalid-field", detail: "name: too long", errors: [{ field: "name", reason: "too long" }] };
    const { api: on, calls } = api(answer(422, told));
    const problem = await on.send("templates", "PUT", "/v1/templates/t").catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 422, code: "invalid-field", errors: told.errors });
    expect(calls).toHaveLength(1);
  });
});

describe("a session", () => {
  const token = (claims: object): string => `x.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.x`;

  it("renews its token once, shortly before it ends", async () => {
    const renew = vi.fn(() => Promise.resolve(token({ sub: "7", exp: 9_000 })));
    let now = 0;
    const made = new Session(token({ sub: "7", exp: 1_000 }), { renew, now: () => now });
    await made.token();
    expect(renew).not.toHaveBeenCalled();
    now = 950_000;
    const [first, second] = await Promise.all([made.token(), made.token()]);
    expect(first).toBe(second);
    expect(renew).toHaveBeenCalledOnce();
    expect(made.claims.exp).toBe(9_000);
  });

  it("goes on with its token while the issuer is away, and says once that no other will come", async () => {
    let now = 950_000;
    const ended = vi.fn();
    let fault: Error = new TypeError("no network");
    const made = new Session(token({ sub: "7", exp: 1_000 }), { renew: () => Promise.reject(fault), now: () => now });
    made.onEnded(ended);
    await expect(made.token()).resolves.toBeTruthy();
    now = 1_001_000;
    await expect(made.token()).rejects.toThrow("no network");
    expect(ended).not.toHaveBeenCalled();
    fault = new SessionEnded("invalid_grant");
    await expect(made.token()).rejects.toBeInstanceOf(SessionEnded);
    await expect(made.token()).rejects.toBeInstanceOf(SessionEnded);
    expect(ended).toHaveBeenCalledOnce();
    expect(made.hasEnded).toBe(true);
  });

  it("takes no text that is no token of a user", () => {
    for (const text of ["", "a.b.c", token({ sub: "ada" }), "eyJ"]) expect(() => claimsOf(text)).toThrow("not a token");
    expect(claimsOf(token({ sub: "7", name: "Mireille Tan" })).name).toBe("Mireille Tan");
  });
});
