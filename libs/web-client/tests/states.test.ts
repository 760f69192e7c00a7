/** Every state, every way between them, and what each close code leads to. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConnectionState } from "../src/index";
import { Bench, pass, settle, token } from "./socket";

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

describe("states", () => {
  it("begins disconnected, and does nothing before connect", async () => {
    const bench = new Bench();
    await pass(60_000);
    expect(bench.client.state).toBe("disconnected");
    expect(bench.sockets).toHaveLength(0);
  });

  it("is connected when the edge has greeted, not before", async () => {
    const bench = new Bench();
    bench.client.connect();
    await settle();
    expect(bench.client.state).toBe("connecting");
    expect(bench.socket.protocols).toEqual(["autodmca.v1", `bearer.${token()}`]);
    bench.socket.greet();
    expect(bench.states).toEqual(["connecting", "connected"]);
  });

  it("reconnects after a loss, and is connected again", async () => {
    const bench = new Bench();
    const first = await bench.open();
    first.end();
    expect(bench.client.state).toBe("reconnecting");
    await pass(1_499);
    expect(bench.sockets).toHaveLength(1);
    await pass(1);
    expect(bench.sockets).toHaveLength(2);
    bench.socket.greet();
    expect(bench.states).toEqual(["connecting", "connected", "reconnecting", "connected"]);
  });

  it("goes to error when the attempts are used up, and comes back with the network", async () => {
    const bench = new Bench({ maxReconnectAttempts: 3 });
    bench.client.connect();
    await settle();
    for (let attempt = 0; attempt < 4; attempt++) {
      bench.socket.end();
      await pass(30_000);
    }
    expect(bench.client.state).toBe("error");
    expect(bench.sockets).toHaveLength(4);
    expect(bench.client.lastError?.code).toBe(1006);
    bench.signal("online");
    await settle();
    bench.socket.greet();
    expect(bench.client.state).toBe("connected");
  });

  it("counts attempts anew after a connection that stood, and goes on after one that did not", async () => {
    const bench = new Bench({ maxReconnectAttempts: 100 });
    await bench.open();
    bench.socket.end();
    await pass(1_500);
    bench.socket.greet();
    bench.socket.end(); // at once: the second window
    await pass(2_999);
    expect(bench.sockets).toHaveLength(2);
    await pass(1);
    bench.socket.greet();
    await pass(10_000);
    bench.socket.end();
    expect(bench.client.health.reconnectAttempts).toBe(1);
    await pass(1_500);
    expect(bench.sockets).toHaveLength(4);
  });

  it("disconnects when told, in every state, and opens nothing after that", async () => {
    for (const stage of ["connecting", "connected", "reconnecting"]) {
      const bench = new Bench();
      bench.client.connect();
      await settle();
      if (stage !== "connecting") bench.socket.greet();
      if (stage === "reconnecting") bench.socket.end();
      expect(bench.client.state).toBe(stage);
      bench.client.disconnect();
      const opened = bench.sockets.length;
      await pass(120_000);
      expect(bench.client.state).toBe("disconnected");
      expect(bench.sockets).toHaveLength(opened);
      if (stage !== "reconnecting") expect(bench.socket.closedWith).toBe(1000);
      bench.client.connect();
      await settle();
      expect(bench.sockets).toHaveLength(opened + 1);
    }
  });

  it("makes another connection at once on reconnect", async () => {
    const bench = new Bench();
    const first = await bench.open();
    bench.client.reconnect();
    await settle();
    expect(first.closedWith).toBe(1000);
    bench.socket.greet();
    expect(bench.states).toEqual(["connecting", "connected", "reconnecting", "connected"]);
    first.end(1006); // of a connection that is nobody's any more
    expect(bench.client.state).toBe("connected");
  });

  it("gives up a connection that does not open, and one that falls silent", async () => {
    const bench = new Bench();
    bench.client.connect();
    await settle();
    await pass(10_000);
    expect(bench.client.lastError?.reason).toContain("not open within 10000 ms");
    await pass(1_500);
    bench.socket.greet();
    await pass(59_000);
    expect(bench.client.state).toBe("connected");
    await pass(1_000);
    expect(bench.client.state).toBe("reconnecting");
    expect(bench.client.lastError?.reason).toContain("nothing was heard");
  });

  it("looks at once when the page is seen again or the network changes", async () => {
    const bench = new Bench();
    const socket = await bench.open();
    socket.tell("heartbeat", { response: true });
    const before = socket.beats().length;
    bench.signal("visible");
    expect(socket.beats()).toHaveLength(before + 1);
    await pass(5_000);
    expect(bench.client.state).toBe("reconnecting");
    bench.signal("visible");
    await settle();
    expect(bench.sockets).toHaveLength(2);
  });

  it("does not try without a network, and tries at once when it is back", async () => {
    const bench = new Bench();
    await bench.open();
    bench.online = false;
    bench.socket.end();
    await pass(300_000);
    expect(bench.sockets).toHaveLength(1);
    expect(bench.client.health.reconnectAttempts).toBe(1);
    bench.online = true;
    bench.signal("online");
    await settle();
    expect(bench.sockets).toHaveLength(2);
  });

  it("closes the last of many lives cleanly: no timer is left", async () => {
    const bench = new Bench();
    await bench.open();
    bench.client.disconnect();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("close codes", () => {
  const rows: [number, ConnectionState][] = [
    [1000, "disconnected"],
    [1001, "reconnecting"],
    [1003, "error"],
    [1006, "reconnecting"],
    [1009, "error"],
    [1011, "reconnecting"],
    [1012, "reconnecting"],
    [4400, "error"],
    [4403, "error"],
    [4408, "reconnecting"],
    [4410, "reconnecting"],
    [4429, "reconnecting"],
    [4503, "reconnecting"],
    [4999, "reconnecting"],
  ];

  it.each(rows)("%i leads to %s", async (code, state) => {
    const bench = new Bench();
    const socket = await bench.open();
    socket.end(code, "why");
    expect(bench.client.state).toBe(state);
    expect(bench.client.lastError).toMatchObject({ code, reason: "why" });
    await pass(60_000);
    expect(bench.sockets.length > 1).toBe(state === "reconnecting");
    if (state !== "reconnecting") {
      bench.signal("online");
      await pass(60_000);
      expect(bench.sockets).toHaveLength(1);
    }
  });

  it("4401 asks for another token, and does not show the refused one again", async () => {
    const tokens = [token("a"), token("a"), token("b")];
    const bench = new Bench({ getToken: () => tokens.shift() });
    (await bench.open()).end(4401, "expired");
    await pass(1_500);
    expect(bench.sockets).toHaveLength(1); // the same token again: not tried
    await pass(3_000);
    expect(bench.sockets).toHaveLength(2);
    expect(bench.socket.protocols).toContain(`bearer.${token("b")}`);
  });

  it("4401 on a token that is fixed is an error until the application sets another", async () => {
    const bench = new Bench({ authToken: token("a") });
    (await bench.open()).end(4401, "expired");
    expect(bench.client.state).toBe("error");
    bench.client.setAuthToken(token("b"));
    await settle();
    expect(bench.socket.protocols).toContain(`bearer.${token("b")}`);
  });

  it.each([4429, 4503])("%i backs off further, and keeps the moment that the edge names", async (code) => {
    const bench = new Bench();
    (await bench.open()).end(code, "busy");
    await pass(11_999); // half of 3 s, three doublings later
    expect(bench.sockets).toHaveLength(1);
    await pass(1);
    bench.socket.end(code, "busy; retry after 20000 ms");
    bench.signal("visible"); // no reason to be back earlier
    await pass(19_999);
    expect(bench.sockets).toHaveLength(2);
    await pass(3_001);
    expect(bench.sockets).toHaveLength(3);
  });
});

describe("tokens", () => {
  it("are renewed before they end, on the same connection", async () => {
    const tokens = [token("a"), token("b")];
    const bench = new Bench({ getToken: async () => tokens.shift() });
    const socket = await bench.open();
    socket.control("auth_expiring", {});
    socket.control("auth_expiring", {});
    await settle();
    expect(socket.actions("auth_update").map(({ payload }) => payload["token"])).toEqual([token("b")]);
    expect(bench.states).toEqual(["connecting", "connected"]);
  });

  it("that cannot be had are asked for again", async () => {
    let calls = 0;
    const getToken = (): string => {
      if (++calls === 1) throw new Error("the issuer is away");
      return token();
    };
    const bench = new Bench({ getToken });
    bench.client.connect();
    await settle();
    expect(bench.client.state).toBe("reconnecting");
    await pass(1_500);
    expect(bench.sockets).toHaveLength(1);
  });

  it("that fit no subprotocol go as the first message", async () => {
    const bench = new Bench({ authToken: "not/a=token" });
    bench.client.connect();
    await settle();
    expect(bench.socket.protocols).toEqual(["autodmca.v1"]);
    bench.socket.greet();
    expect(bench.client.state).toBe("connecting");
    expect(bench.socket.actions("authenticate")[0]?.payload["token"]).toBe("not/a=token");
    bench.socket.control("authenticated", { userId: 1, experiments: { layout: "wide" } });
    expect(bench.client.state).toBe("connected");
    expect(bench.client.experiments).toEqual({ layout: "wide" });
  });

  it("are in the address only when told so", async () => {
    const bench = new Bench({ authentication: "query" });
    bench.client.connect();
    await settle();
    expect(new URL(bench.socket.url).searchParams.get("token")).toBe(token());
    expect(bench.socket.protocols).toEqual([]);
  });
});
