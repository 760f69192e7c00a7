// @vitest-environment jsdom
/** A snapshot joined to the stream, and experiments: by themselves and as hooks. */

import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Joined } from "../src/index";
import type { JoinedView, Snapshot } from "../src/index";
import { useExperiment, useSnapshot } from "../src/react";
import { bench, emit, frame, live, opened, settle, wrapper } from "./page";

type Names = readonly string[];

/** Reads that the test answers, one after the other. */
function reads(): { asked: ((answer: Snapshot<Names> | Error) => void)[]; snapshot: () => Promise<Snapshot<Names>> } {
  const asked: ((answer: Snapshot<Names> | Error) => void)[] = [];
  const snapshot = (): Promise<Snapshot<Names>> =>
    new Promise((resolve, reject) =>
      asked.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
    );
  return { asked, snapshot };
}

const apply = (names: Names, { payload }: { payload: { name: string } }): Names =>
  names.includes(payload.name) ? names : [...names, payload.name];
const types = ["template_usage"] as const;
const asOf = "2026-03-07T10:00:00Z";

describe("a snapshot", () => {
  it("is shown at once, and followed by the events from its moment on", async () => {
    const { asked, snapshot } = reads();
    bench.client.connect();
    await opened();
    const shown: JoinedView<Names>[] = [];
    const joined = new Joined(bench.client, { types, snapshot, apply, onChange: (view) => shown.push(view) });
    expect(joined.view).toEqual({ state: undefined, isLoading: true, error: undefined });
    expect(bench.socket.actions("subscribe")).toHaveLength(0);
    asked[0]?.({ asOf, state: ["old"] });
    await settle();
    expect(shown).toEqual([{ state: ["old"], isLoading: false, error: undefined }]);
    expect(bench.socket.actions("subscribe")[0]?.payload.config).toEqual({ types, since: asOf });
    emit("template_usage", { name: "old" }); // at the very moment: in the state already
    emit("template_usage", { name: "new" });
    expect(shown.at(-1)?.state).toEqual(["old", "new"]);
    expect(shown).toHaveLength(2);
    joined.close();
    await settle();
    expect(bench.socket.actions("unsubscribe")).toHaveLength(1);
  });

  it("is read again after a gap, and what is shown stays until then", async () => {
    const { asked, snapshot } = reads();
    bench.client.connect();
    await opened();
    const joined = new Joined(bench.client, { types, snapshot, apply, onChange: () => {} });
    asked[0]?.({ asOf, state: ["old"] });
    await settle();
    bench.socket.subscribed({ recovered: false, reason: "retention" });
    expect(joined.view).toMatchObject({ state: ["old"], isLoading: true });
    asked[1]?.({ asOf: "2026-03-07T11:00:00Z", state: ["newer"] });
    await settle();
    expect(joined.view).toMatchObject({ state: ["newer"], isLoading: false });
    const { config } = bench.socket.actions("subscribe").at(-1)?.payload ?? {};
    expect(config).toMatchObject({ since: "2026-03-07T11:00:00Z" });
    joined.close();
  });

  it("is tried again when a read fails, and says why meanwhile", async () => {
    const { asked, snapshot } = reads();
    const joined = new Joined(bench.client, { types, snapshot, apply, onChange: () => {} });
    asked[0]?.(new Error("503"));
    await settle();
    expect(joined.view).toMatchObject({ isLoading: true, error: new Error("503") });
    await settle(1_000);
    asked[1]?.({ asOf, state: [] });
    await settle();
    expect(joined.view).toEqual({ state: [], isLoading: false, error: undefined });
    joined.close();
  });

  it("that comes too late is nobody's", async () => {
    const { asked, snapshot } = reads();
    const joined = new Joined(bench.client, { types, snapshot, apply, onChange: () => {} });
    joined.reload();
    asked[0]?.({ asOf, state: ["stale"] });
    await settle();
    expect(joined.view.state).toBeUndefined();
    joined.close();
    asked[1]?.({ asOf, state: ["late"] });
    await settle();
    expect(joined.view.state).toBeUndefined();
  });

  it("as a hook begins anew with another key, and draws a burst once", async () => {
    const { asked, snapshot } = reads();
    let renders = 0;
    const { result, rerender } = renderHook(
      ({ key }) => (renders++, useSnapshot(key, { types, snapshot, apply })),
      { wrapper, initialProps: { key: "a" } },
    );
    await opened();
    await act(async () => asked[0]?.({ asOf, state: ["a"] }));
    await frame();
    expect(result.current).toMatchObject({ state: ["a"], isLoading: false });
    const before = renders;
    for (let index = 0; index < 20; index++) emit("template_usage", { name: `${index}` });
    await frame();
    expect(result.current.state).toHaveLength(21);
    expect(renders).toBe(before + 1);
    rerender({ key: "b" });
    expect(result.current.state).toBeUndefined();
    await act(async () => asked[1]?.({ asOf, state: ["b"] }));
    await frame();
    expect(result.current.state).toEqual(["b"]);
    act(() => result.current.reload());
    await frame();
    expect(result.current).toMatchObject({ state: ["b"], isLoading: true });
  });
});

describe("an experiment", () => {
  const exposures = (): unknown[] => bench.socket.actions("experiment_exposed").map(({ payload }) => payload["data"]);

  it("has the variant that the edge says, and the exposure is told once", async () => {
    const hook = await live(() => useExperiment("layout"));
    expect(hook.current).toBeUndefined();
    act(() => bench.client.reconnect());
    await settle();
    act(() => bench.socket.greet({ experiments: { layout: "wide" } }));
    expect(hook.current).toBe("wide");
    expect(bench.client.exposed("layout")).toBe("wide");
    expect(exposures()).toEqual([{ experiment: "layout", variant: "wide" }]);
    expect(bench.client.exposed("nothing")).toBeUndefined();
  });
});
