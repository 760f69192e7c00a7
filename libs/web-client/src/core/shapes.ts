/**
 * Whether an event is what its type says: the reader of the notation in libs/events/generated/shapes.ts.
 *
 * Fields that the schema does not have are passed over, and so are values that an enumeration has gained: old
 * readers go on reading. A type that this version does not know is taken as it is. Nothing here throws.
 */

import { OBJECTS, PAYLOADS } from "../../../events/generated/shapes";
import type { Shape } from "../../../events/generated/shapes";

/** Names the first fault of a value, as a path; undefined when there is none. */
type Check = (value: unknown) => string | undefined;

interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly notation: string;
}

const MOMENT =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z$/;
const checks = new Map<Shape, Check>();

function fieldsOf(shape: Shape): Field[] {
  return Object.entries(shape).map(([key, notation]) => {
    const required = !key.endsWith("?");
    return { name: required ? key : key.slice(0, -1), required, notation };
  });
}

function objectCheck(shape: Shape): Check {
  const known = checks.get(shape);
  if (known) return known;
  const fields = fieldsOf(shape);
  const tests = fields.map(({ notation }) => checkOf(notation));
  const check: Check = (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "";
    for (let index = 0; index < fields.length; index++) {
      const { name, required } = fields[index] as Field;
      const held = (value as Record<string, unknown>)[name];
      if (held === undefined) {
        if (required) return `.${name}`;
      } else {
        const fault = (tests[index] as Check)(held);
        if (fault !== undefined) return `.${name}${fault}`;
      }
    }
    return undefined;
  };
  checks.set(shape, check);
  return check;
}

function checkOf(notation: string): Check {
  const kind = notation.charAt(0);
  if (kind === "[") {
    const check = checkOf(notation.slice(1));
    return (value) => {
      if (!Array.isArray(value)) return "";
      for (let index = 0; index < value.length; index++) {
        const fault = check(value[index]);
        if (fault !== undefined) return `[${index}]${fault}`;
      }
      return undefined;
    };
  }
  const shape = OBJECTS[notation];
  if (shape) return objectCheck(shape);
  return scalarCheck(kind, notation.slice(1));
}

function scalarCheck(kind: string, limits: string): Check {
  if (kind === "s") {
    const shortest = Number(limits);
    return (value) => (typeof value === "string" && value.length >= shortest ? undefined : "");
  }
  if (kind === "t") return (value) => (typeof value === "string" && MOMENT.test(value) ? undefined : "");
  if (kind === "b") return (value) => (typeof value === "boolean" ? undefined : "");
  const [least, most] = limits.split(",");
  const low = least ? Number(least) : -Infinity;
  const high = most ? Number(most) : Infinity;
  const isKind = kind === "i" ? Number.isSafeInteger : Number.isFinite;
  return (value) => (isKind(value) && (value as number) >= low && (value as number) <= high ? undefined : "");
}

const shapeOf = (type: string): Shape | undefined =>
  Object.hasOwn(PAYLOADS, type) ? PAYLOADS[type as keyof typeof PAYLOADS] : undefined;

const anyObject: Check = (value) => (typeof value === "object" && value !== null ? undefined : "");
const payloads = new Map<string, Check>();

function payloadCheck(type: string): Check {
  const shape = shapeOf(type);
  const check = shape ? objectCheck(shape) : anyObject;
  if (shape) payloads.set(type, check);
  return check;
}

/** The path of the first field that is not as the schema of `type` says; undefined when all are. */
export function faultOf(type: string, payload: unknown): string | undefined {
  const fault = (payloads.get(type) ?? payloadCheck(type))(payload);
  return fault === undefined ? undefined : `payload${fault}`;
}

/** Whether one of the types has the field, in dots; a type that is not known here may have any. */
export function hasField(types: readonly string[], field: string): boolean {
  return types.some((type) => {
    let shape = shapeOf(type);
    if (!shape) return true;
    const names = field.split(".");
    return names.every((name, index) => {
      const found: Field | undefined = shape && fieldsOf(shape).find((each) => each.name === name);
      shape = found && OBJECTS[found.notation];
      return found !== undefined && (index === names.length - 1 || shape !== undefined);
    });
  });
}
