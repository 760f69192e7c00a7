/** The generated schema, as the builder of filters asks it. */

import type { EventType, Filters } from "@autodmca/realtime";
import { OPERATORS, SHORT_KEYS } from "../../../../libs/events/generated/filters";
import { FAMILIES, OBJECTS, PAYLOADS } from "../../../../libs/events/generated/shapes";

export type Operator = keyof typeof OPERATORS;
export type Kind = "text" | "number" | "moment" | "flag" | "list";

export interface Field {
  readonly path: string;
  readonly kind: Kind;
}

/** One line of the builder: what the person has typed so far. */
export interface Condition {
  readonly field: string;
  readonly operator: Operator;
  readonly value: string;
}

export const TYPES = Object.keys(PAYLOADS) as EventType[];

const KINDS: Readonly<Record<string, Kind>> = { s: "text", t: "moment", b: "flag", i: "number", n: "number", "[": "list" };

const OF_KIND: Readonly<Record<Kind, readonly Operator[]>> = {
  text: ["eq", "ne", "in", "nin", "prefix", "contains", "exists"],
  number: ["eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "exists"],
  moment: ["gt", "gte", "lt", "lte", "exists"],
  flag: ["eq", "exists"],
  list: ["contains", "exists"],
};

export const OPERATOR_WORDS: Readonly<Record<Operator, string>> = {
  eq: "is",
  ne: "is not",
  in: "is one of",
  nin: "is none of",
  gt: "is more than",
  gte: "is at least",
  lt: "is less than",
  lte: "is at most",
  prefix: "begins with",
  contains: "contains",
  exists: "is there",
};

/** The fields that one of these types has, in dots, by name. */
export function fieldsOf(types: readonly EventType[]): Field[] {
  const found = new Map<string, Kind>();
  const walk = (shape: Readonly<Record<string, string>>, before: string): void => {
    for (const [key, notation] of Object.entries(shape)) {
      const path = before + key.replace("?", "");
      const inner = OBJECTS[notation];
      if (inner) walk(inner, `${path}.`);
      else found.set(path, KINDS[notation.charAt(0)] ?? "text");
    }
  };
  for (const type of types) walk(PAYLOADS[type], "");
  return [...found].map(([path, kind]) => ({ path, kind })).sort((a, b) => (a.path < b.path ? -1 : 1));
}

export const operatorsOf = (kind: Kind): readonly Operator[] => OF_KIND[kind];

export const familyOf = (type: string): string =>
  Object.entries(FAMILIES).find(([, types]) => (types as readonly string[]).includes(type))?.[0] ?? "other";

/** What was typed, as the operator takes it; undefined while it is not whole. */
function operand({ operator, value }: Condition, kind: Kind): unknown {
  const one = (text: string): string | number | boolean | undefined => {
    const trimmed = text.trim();
    if (trimmed === "") return undefined;
    if (kind === "flag") return trimmed === "true";
    if (kind !== "number") return trimmed;
    return Number.isFinite(Number(trimmed)) ? Number(trimmed) : undefined;
  };
  switch (OPERATORS[operator]) {
    case "flag":
      return value !== "false";
    case "list": {
      const items = value.split(",").map(one);
      return items.length > 0 && items.every((item) => item !== undefined) ? items : undefined;
    }
    default:
      return one(value);
  }
}

/** The filters of these conditions; those that are not whole are left out. Two on one field hold both. */
export function filtersOf(conditions: readonly Condition[], types: readonly EventType[], users?: Filters["userId"]): Filters {
  const fields = new Map(fieldsOf(types).map((field) => [field.path, field.kind]));
  const filters: Record<string, Record<string, unknown>> = {};
  for (const condition of conditions) {
    const kind = fields.get(condition.field);
    const given = kind && operand(condition, kind);
    if (given === undefined) continue;
    filters[condition.field] = { ...filters[condition.field], [condition.operator]: given };
  }
  return { ...filters, ...(users !== undefined && { userId: users }) } as Filters;
}

/** A word of a shell. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The command that hears the same. */
export function listenCommand(types: readonly EventType[], filters: Filters, url: string): string {
  const parts = ["autodmca", "listen", "--url", quoted(url)];
  if (types.length < TYPES.length) parts.push("--types", types.join(","));
  for (const [key, condition] of Object.entries(filters)) {
    parts.push("--filter", quoted(`${key}=${JSON.stringify(condition)}`));
  }
  return parts.join(" ");
}

/** The payload's field by which an event names its thing. */
export function subjectOf(payload: object): string | undefined {
  const held = payload as Readonly<Record<string, unknown>>;
  const names = [...Object.values(SHORT_KEYS), "incidentId", "scanId", "detectionId", "jobId", "notificationId", "platform", "code"];
  const order = ["incidentId", "scanId", "requestId", "templateId", "detectionId", "jobId", "notificationId", "id", ...names];
  const found = order.map((name) => held[name]).find((value) => value !== undefined);
  return found === undefined ? undefined : String(found);
}
