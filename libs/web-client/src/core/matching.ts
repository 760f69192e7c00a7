/**
 * Which of a connection's subscriptions an event is for.
 *
 * An event reaches a connection once, however many of its subscriptions match, and does not say which. Where
 * several have its type, each one's filters are evaluated here by the edge's own rules
 * (`autodmca_events.filters`; libs/events/filter-cases.json tests both). A filter that means nothing throws
 * `BadFilter` when the matcher is made, never later.
 */

import { OPERATORS, SHORT_KEYS } from "../../../events/generated/filters";
import type { Filters } from "../../../events/generated/filters";
import { hasField } from "./shapes";

/** A filter that means nothing; `field` is its key. */
export class BadFilter extends Error {
  override readonly name = "BadFilter";
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(`${field}: ${message}`);
  }
}

type Json = unknown;
type Test = (value: Json) => boolean;

/** The fields of a payload, and the user of its event. */
export interface Subject {
  readonly userId?: number | undefined;
  readonly payload: unknown;
}

const isScalar = (value: Json): boolean => ["string", "number", "boolean"].includes(typeof value);

const OPERANDS: { readonly [kind: string]: (value: Json) => boolean } = {
  scalar: isScalar,
  item: isScalar,
  list: (value) => Array.isArray(value) && value.length > 0 && value.every(isScalar),
  bound: (value) => typeof value === "string" || typeof value === "number",
  text: (value) => typeof value === "string",
  flag: (value) => typeof value === "boolean",
};

function ordered(holds: (left: string | number, right: string | number) => boolean) {
  return (operand: Json): Test =>
    (value) =>
      typeof value === typeof operand && holds(value as string, operand as string);
}

const anyOf = (operand: Json): Test => {
  const values = new Set(operand as Json[]);
  return (value) => values.has(value);
};

const TESTS: { readonly [name in keyof typeof OPERATORS]: (operand: Json) => Test } = {
  eq: (operand) => (value) => value === operand,
  ne: (operand) => (value) => value !== operand,
  in: anyOf,
  nin: (operand) => {
    const test = anyOf(operand);
    return (value) => !test(value);
  },
  gt: ordered((left, right) => left > right),
  gte: ordered((left, right) => left >= right),
  lt: ordered((left, right) => left < right),
  lte: ordered((left, right) => left <= right),
  prefix: (operand) => (value) => typeof value === "string" && value.startsWith(operand as string),
  contains: (operand) => (value) =>
    typeof value === "string"
      ? typeof operand === "string" && value.includes(operand)
      : Array.isArray(value) && value.includes(operand),
  exists: (operand) => (value) => (value !== undefined && value !== null) === operand,
};

const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The users that a condition on `userId` names; undefined for all of them. */
function usersOf(condition: Json): Set<Json> | undefined {
  if (condition === "*") return undefined;
  let named = condition;
  if (isObject(named)) {
    const names = Object.keys(named);
    if (names.length === 1 && (names[0] === "eq" || names[0] === "in")) named = named[names[0]];
  }
  const users = Array.isArray(named) ? named : [named];
  if (users.length === 0 || !users.every(Number.isInteger)) {
    throw new BadFilter("userId", 'a user id, a list of them, or "*"');
  }
  return new Set(users);
}

function clausesOf(key: string, condition: Json): [string[], Test][] {
  const conditions = isObject(condition)
    ? condition
    : { [Array.isArray(condition) ? "in" : "eq"]: condition };
  const path = ((SHORT_KEYS as Record<string, string>)[key] ?? key).split(".");
  if (Object.keys(conditions).length === 0) throw new BadFilter(key, "an object of operators is empty");
  return Object.entries(conditions).map(([name, operand]) => {
    const kind = Object.hasOwn(OPERATORS, name) ? OPERATORS[name as keyof typeof OPERATORS] : undefined;
    if (kind === undefined) throw new BadFilter(key, `there is no operator ${name}`);
    if (!OPERANDS[kind]?.(operand)) throw new BadFilter(key, `${name} takes a ${kind}`);
    return [path, TESTS[name as keyof typeof OPERATORS](operand)];
  });
}

/** The filters of one subscription. */
export class Matcher {
  readonly #everyUser: boolean;
  readonly #users: Set<Json> | undefined;
  readonly #clauses: [string[], Test][] = [];

  /** Throws BadFilter. */
  constructor(filters: Filters, types: readonly string[]) {
    const named = (filters as Record<string, Json>)["userId"] ?? undefined;
    this.#users = named === undefined ? undefined : usersOf(named);
    this.#everyUser = named === "*";
    for (const [key, condition] of Object.entries(filters)) {
      if (key === "userId") continue;
      const field = (SHORT_KEYS as Record<string, string>)[key] ?? key;
      if (!hasField(types, field)) throw new BadFilter(key, `no type of the subscription has ${field}`);
      this.#clauses.push(...clausesOf(key, condition));
    }
  }

  /**
   * Whether the user and every field are as wanted. `ownUser` is the token's, undefined when it is not known:
   * without a filter on `userId` a subscription is for that user's events and for those of everybody.
   */
  matches(event: Subject, ownUser: number | undefined): boolean {
    const user = event.userId;
    if (user !== undefined && !this.#everyUser) {
      if (this.#users ? !this.#users.has(user) : ownUser !== undefined && user !== ownUser) return false;
    }
    return this.#clauses.every(([path, test]) => test(valueAt(event.payload, path)));
  }
}

function valueAt(payload: Json, path: readonly string[]): Json {
  let value = payload;
  for (const name of path) {
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}
