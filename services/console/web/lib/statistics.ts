/** What a figure may be, given that it was counted: intervals that hold the truth in 95 of 100 cases. Pure. */

const Z = 1.959964;

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The share of `hits` among `all`, by Wilson's interval; undefined where there is nothing. */
export function share(hits: number, all: number): Estimate | undefined {
  if (all <= 0) return undefined;
  const value = hits / all;
  const spread = Z ** 2 / all;
  const centre = (value + spread / 2) / (1 + spread);
  const half = (Z / (1 + spread)) * Math.sqrt((value * (1 - value)) / all + spread / (4 * all));
  return { value, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * Events per unit of `exposure`, of which `count` were counted: a Poisson rate, by Byar's approximation of the exact
 * interval (within a few percent of it from one event on); undefined where nobody was exposed.
 */
export function perUnit(count: number, exposure: number): Estimate | undefined {
  if (exposure <= 0) return undefined;
  const bound = (events: number, sign: 1 | -1): number =>
    events === 0 ? 0 : events * (1 - 1 / (9 * events) + (sign * Z) / (3 * Math.sqrt(events))) ** 3;
  return { value: count / exposure, low: bound(count, -1) / exposure, high: bound(count + 1, 1) / exposure };
}

/**
 * The mean of what a histogram has counted: its sum by its count, and how far it may be off by the spread of its
 * buckets, each of which is taken at its middle; the last, which has no end, at its beginning.
 */
export function mean(buckets: readonly (readonly [bound: number, upTo: number])[], sum: number): Estimate | undefined {
  const count = buckets.at(-1)?.[1] ?? 0;
  if (count <= 0) return undefined;
  const value = sum / count;
  let [low, below, squares] = [0, 0, 0];
  for (const [bound, upTo] of buckets) {
    const middle = Number.isFinite(bound) ? (low + bound) / 2 : low;
    squares += (upTo - below) * (middle - value) ** 2;
    [low, below] = [Number.isFinite(bound) ? bound : low, upTo];
  }
  const half = Z * Math.sqrt(squares / count / count);
  return { value, low: Math.max(0, value - half), high: value + half };
}
