import { expect, it } from "vitest";
import { quantile, rate, total, valuesOf } from "../lib/metrics";
import type { Sample } from "../lib/metrics";
import { pointOf } from "../lib/looks";

const bucket = (le: string, value: number, stage = "polled"): Sample => ["latency_bucket", { le, stage }, value];
const BEFORE = [bucket("0.01", 10), bucket("0.1", 10), bucket("+Inf", 10)];
const AFTER = [bucket("0.01", 10), bucket("0.1", 30), bucket("+Inf", 30)];

it("adds up samples with the wanted labels, and says when there are none", () => {
  const samples: Sample[] = [["a", { x: "1" }, 2], ["a", { x: "2" }, 3]];
  expect(total(samples, "a")).toBe(5);
  expect(total(samples, "a", { x: "2" })).toBe(3);
  expect(total(samples, "b")).toBeUndefined();
  expect(valuesOf(samples, "a", "x")).toEqual(["1", "2"]);
});

it("makes a rate of what a counter gained; none at a restart", () => {
  expect(rate([["n", {}, 10]], [["n", {}, 30]], 2, "n")).toBe(10);
  expect(rate([["n", {}, 30]], [["n", {}, 1]], 2, "n")).toBe(0);
  expect(rate([], [["n", {}, 1]], 2, "n")).toBeUndefined();
});

it("gives quantiles of what was observed between two looks, linear within a bucket", () => {
  expect(quantile(0.5, BEFORE, AFTER, "latency")).toBeCloseTo(0.055);
  expect(quantile(0.5, AFTER, AFTER, "latency")).toBeUndefined();
  expect(quantile(0.5, [], [bucket("0.01", 0), bucket("+Inf", 4)], "latency")).toBe(0.01);
  expect(quantile(0.5, BEFORE, AFTER, "latency", { stage: "written" })).toBeUndefined();
});

it("leaves a gap where a node does not answer", () => {
  const edge = { name: "edge", error: null, samples: [["autodmca_edge_connections", {}, 3]] as Sample[] };
  const gone = { name: "edge", error: "ConnectError", samples: [] };
  expect(pointOf({ at: 0, nodes: [gone] }, { at: 2_000, nodes: [edge] })).toMatchObject({ connections: 3, events: null, p99: null });
});
