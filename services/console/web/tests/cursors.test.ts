import { expect, it } from "vitest";
import { placeOf } from "../lib/cursors";

it("reads where an event stands, with and without the leader's epoch", () => {
  const there = { partition: 2, incarnation: "AJNeXg" };
  expect(placeOf("2.2.AJNeXg:100000000002")).toEqual({ ...there, offset: "2", leaderEpoch: 0 });
  expect(placeOf("2.2.AJNeXg:4200000001234")).toEqual({ ...there, offset: "1234", leaderEpoch: 41 });
  expect(placeOf("2.2.AJNeXg:1234")).toEqual({ ...there, offset: "1234", leaderEpoch: undefined });
  expect(placeOf("2.2.AJNeXg:70000000100000000000")).toEqual({ ...there, offset: "100000000000", leaderEpoch: 6 });
  for (const text of [undefined, "", "2.2:1", "a.b.c:1"]) expect(placeOf(text)).toBeUndefined();
});
