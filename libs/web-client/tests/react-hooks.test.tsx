// @vitest-environment jsdom
/** How often components are drawn, and the hooks of the connection, in today's form and in the older ones. */

import { act, render, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { describe, expect, it, vi } from "vitest";
import type { AutodmcaEvent } from "../src/index";
import { useConnectionStatus, useTemplateRealtime, useWebSocket } from "../src/react";
import { bench, count, emit, frame, live, opened, settle, wrapper } from "./page";

describe("drawing", () => {
  it("of 200 components with a slice each, an event draws one, once, and a burst draws it once", async () => {
    const renders = new Map<string, number>();
    function Row({ id }: { id: string }): ReactNode {
      renders.set(id, (renders.get(id) ?? 0) + 1);
      return useTemplateRealtime([id]).getTemplateUpdate(id)?.usage?.usageCount ?? null;
    }
    const ids = Array.from({ length: 200 }, (_, index) => `t${index}`);
    render(wrapper({ children: ids.map((id) => <Row key={id} id={id} />) }));
    await opened();
    expect(bench.socket.actions("subscribe")).toHaveLength(1);
    renders.clear();
    emit("template_usage", { templateId: "t7" });
    await frame();
    expect([...renders]).toEqual([["t7", 1]]);
    for (let usageCount = 0; usageCount < 50; usageCount++) emit("template_usage", { templateId: "t8", usageCount });
    await frame();
    expect(renders.get("t8")).toBe(1);
    expect([...renders.values()].reduce((sum, each) => sum + each)).toBe(2);
  });

  it("goes on from where a page stood that comes back", async () => {
    const { unmount } = render(wrapper({ children: <Usage /> }));
    await opened();
    bench.socket.subscribed({ cursors: ["template_usage:0"] });
    emit("template_usage");
    unmount();
    await settle();
    bench.client.connect();
    render(wrapper({ children: <Usage /> }));
    await opened();
    const resume = bench.socket.actions("subscribe").at(-1)?.payload.config?.["resume"];
    expect(resume).toEqual([`template_usage:${count}`]);
    function Usage(): ReactNode {
      return useTemplateRealtime().templateUpdates.size;
    }
  });
});

describe("useWebSocket", () => {
  it("subscribes by a name, sends, and says whether it is connected", async () => {
    const seen: string[] = [];
    const hook = await live(() => useWebSocket());
    expect(hook.current.isConnected).toBe(true);
    hook.current.subscribe("mine", { types: ["template_usage"], filters: { templateIds: ["t1"] } }, ({ payload }) => {
      seen.push(payload.templateId);
    });
    emit("template_usage", { templateId: "t1" });
    expect(seen).toEqual(["t1"]);
    const message = { type: "user_notification", payload: { action: "mark_read", data: 1 } };
    expect(hook.current.sendMessage(message)).toBe(true);
    hook.current.unsubscribe("mine");
    await settle();
    expect(bench.socket.actions("unsubscribe")).toHaveLength(1);
    act(() => bench.socket.end());
    expect(hook.current.isConnected).toBe(false);
    expect(hook.current.sendMessage(message)).toBe(false);
  });

  it("in the older form takes an address with a family, and what comes of it", async () => {
    const heard: AutodmcaEvent[] = [];
    const hook = await live(() => useWebSocket({ url: "ws://edge/ws/social-media", onMessage: (event) => heard.push(event) }));
    expect(bench.sockets).toHaveLength(1);
    expect(bench.socket.actions("subscribe")[0]?.payload.config?.["types"]).toContain("social_media_incident");
    emit("social_media_incident");
    expect(heard.map(({ type }) => type)).toEqual(["social_media_incident"]);
    expect(hook.current.isConnected).toBe(true);
    expect(hook.current.sendMessage({ type: "a", payload: {} })).toBe(true);
  });

  it("in the older form has a client of its own for another edge, with the same token", async () => {
    const { unmount } = renderHook(() => useWebSocket({ url: "ws://other/ws" }), { wrapper });
    await settle();
    expect(bench.sockets.map(({ url }) => url).sort()).toEqual(["ws://edge/ws", "ws://other/ws"]);
    unmount();
    const other = bench.sockets.find(({ url }) => url === "ws://other/ws");
    expect(other?.closedWith).toBe(1000);
  });

  it("refuses an address that is none, by name", () => {
    const silent = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(() => renderHook(() => useWebSocket({ url: "ws://edge/ws/nothing" }), { wrapper })).toThrow("no family nothing");
    silent.mockRestore();
  });
});

it("useTemplateRealtime in the older form calls back, and has the newest event", async () => {
  const updates: string[] = [];
  const onUpdate = ({ payload }: { payload: { templateId: string } }): void => void updates.push(payload.templateId);
  const hook = await live(() => useTemplateRealtime({ templateIds: ["t1"], onUpdate }));
  await act(async () => {
    emit("template_usage", { templateId: "t1" });
    emit("template_usage", { templateId: "t2" });
  });
  expect(updates).toEqual(["t1"]);
  expect(hook.current.lastUpdate?.payload.templateId).toBe("t1");
  expect(hook.current.isConnected).toBe(true);
});

describe("useConnectionStatus", () => {
  it("follows the state, and acts on the connection", async () => {
    const hook = await live(() => useConnectionStatus());
    expect(hook.current).toMatchObject({ state: "connected", isConnected: true, error: null });
    act(() => bench.socket.end(4403, "not yours"));
    expect(hook.current).toMatchObject({ state: "error", isConnected: false, error: { code: 4403 } });
    act(() => hook.current.connect());
    await opened();
    act(() => hook.current.reconnect());
    await opened();
    expect(bench.sockets).toHaveLength(3);
    act(() => hook.current.disconnect());
    expect(hook.current.state).toBe("disconnected");
  });

  it("looks at the figures once a second, and draws nothing when they are the same", async () => {
    const hook = await live(() => useConnectionStatus());
    await settle(1_000);
    const before = hook.renders();
    await settle(5_000);
    expect(hook.renders()).toBe(before);
    bench.socket.tell("heartbeat", { response: true });
    await settle(1_000);
    expect(hook.current.health.latency).toBeGreaterThan(0);
    expect(hook.renders()).toBe(before + 1);
  });
});
