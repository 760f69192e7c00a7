/** The language of filters, by the cases that edges and the Python SDK are tested with. */

import { describe, expect, it } from "vitest";
import cases from "../../events/filter-cases.json";
import { examples } from "../../events/generated/examples";
import { BadFilter, Matcher } from "../src/core/matching";
import type { Filters } from "../src/index";

interface Case {
  readonly filters: Filters;
  readonly type: keyof typeof examples;
  readonly types?: readonly string[];
  readonly payload?: object;
  readonly user?: number;
  readonly matches?: boolean;
  readonly refused?: string;
}

describe("a filter", () => {
  it.each((cases as unknown as Case[]).map((each) => [JSON.stringify(each), each] as const))("%s", (_, each) => {
    const types = each.types ?? [each.type];
    if (each.refused !== undefined) {
      const make = (): Matcher => new Matcher(each.filters, types);
      expect(make).toThrow(BadFilter);
      expect(make).toThrow(expect.objectContaining({ field: each.refused }));
      return;
    }
    const everybody = !("userId" in examples[each.type]);
    const userId = everybody ? undefined : (each.user ?? 7);
    const matcher = new Matcher(each.filters, types);
    expect(matcher.matches({ userId, payload: each.payload ?? examples[each.type].payload }, 7)).toBe(each.matches);
  });
});

it("has fields that only a newer edge knows, where a type is not known here", () => {
  const matcher = new Matcher({ newField: 5 }, ["type_of_tomorrow"]);
  expect(matcher.matches({ payload: { newField: 5 } }, undefined)).toBe(true);
});

it("reads no field that an object has from elsewhere", () => {
  const matcher = new Matcher({ "toString.name": { exists: true } }, ["type_of_tomorrow"]);
  expect(matcher.matches({ payload: {} }, undefined)).toBe(false);
});
