/** What counts as an event of its type: what the published JSON Schema says, by a validator that others wrote. */

import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventType } from "../src/index";
import { examples } from "../../events/generated/examples";
import { faultOf, hasField } from "../src/core/shapes";

const types = Object.keys(examples) as EventType[];
const ajv = new Ajv2020({ strict: false });

/** The schema without its enumerations: these may grow, and old readers go on reading. */
function validatorOf(type: EventType): (payload: unknown) => boolean {
  const file = new URL(`../../events/generated/json-schema/${type}.json`, import.meta.url);
  const schema = JSON.parse(readFileSync(file, "utf-8"), (key, value) => (key === "enum" ? undefined : value));
  const { $id, properties, $defs } = schema;
  return ajv.compile({ $id: `${$id}:payload`, ...properties.payload, $defs }) as (payload: unknown) => boolean;
}

type Path = (string | number)[];

function pathsOf(value: unknown): Path[] {
  if (typeof value !== "object" || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, held]) => pathsOf(held).map((path) => [key, ...path]))];
}

function withChange(value: unknown, [first, ...rest]: Path, change: unknown): unknown {
  if (first === undefined) return change;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  const changed = withChange(copy[first], rest, change);
  if (changed === undefined && !Array.isArray(copy)) Reflect.deleteProperty(copy, first);
  else copy[first] = changed === undefined ? null : changed;
  return copy;
}

describe.each(types)("%s", (type) => {
  const valid = validatorOf(type);
  const { payload } = examples[type];

  it("is itself, and stays so with fields and values that are new", () => {
    expect(faultOf(type, payload)).toBeUndefined();
    expect(faultOf(type, { ...payload, fieldOfTomorrow: null })).toBeUndefined();
  });

  it("is judged as by the schema, whatever is changed in it", () => {
    const values = fc.oneof(
      fc.constant(undefined), fc.jsonValue(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom("", "2026-03-07T10:30:00Z", "2026-13-07T10:30:00Z", -1, 0, 0.5, 1, 101, 2 ** 53, 1e300),
    );
    fc.assert(
      fc.property(fc.constantFrom(...pathsOf(payload)), values, (path, value) => {
        const changed = withChange(payload, path, value);
        expect(faultOf(type, changed) === undefined).toBe(valid(changed));
      }),
      { numRuns: 300 },
    );
  });
});

it("names the field that is at fault", () => {
  const { payload } = examples.template_validation;
  expect(faultOf("template_validation", { ...payload, warnings: [{ code: "c", message: 5 }] })).toBe(
    "payload.warnings[0].message",
  );
});

it("takes a type that it does not know as it is", () => {
  expect(faultOf("type_of_tomorrow", { any: "thing" })).toBeUndefined();
  expect(faultOf("toString", 5)).toBe("payload");
});

it("knows the fields that filters may name", () => {
  expect(hasField(["profile_activity"], "infringement.status")).toBe(true);
  expect(hasField(["profile_activity"], "infringement.nothing")).toBe(false);
  expect(hasField(["profile_activity"], "profileName.length")).toBe(false);
});
