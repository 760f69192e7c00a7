/**
 * Many subscriptions as the one that a request to `/events` can be.
 *
 * The one asks for no less than all of them together; what it brings besides, the client's own matching drops.
 * A browser opens six connections to a host, so a request for each would starve the page.
 */

import { userOf } from "../core/tokens";
import type { Wanted } from "./requests";

type Filters = Readonly<Record<string, unknown>>;

const userFilter = (condition: unknown): unknown[] | "*" => {
  if (condition === "*") return "*";
  const named =
    typeof condition === "object" && condition !== null && !Array.isArray(condition)
      ? Object.values(condition)[0]
      : condition;
  return Array.isArray(named) ? named : [named];
};

/** What asks for all that `each` of several asks for. `token` says whose events are meant by no filter. */
export function merged(each: readonly Wanted[], token: string): Wanted {
  const types = [...new Set(each.flatMap((one) => one.types))];
  const [first] = each;
  const text = JSON.stringify(first?.filters ?? {});
  if (each.every((one) => JSON.stringify(one.filters) === text)) return { types, filters: first?.filters ?? {} };
  const named = each.map((one) => (one.filters as Filters)["userId"] ?? undefined);
  if (named.every((one) => one === undefined)) return { types, filters: {} };
  const users = named.map((one) => (one === undefined ? [userOf(token)] : userFilter(one)));
  if (users.includes("*")) return { types, filters: { userId: "*" } };
  return { types, filters: { userId: [...new Set(users.flat())].filter((one) => one !== undefined) } };
}
