/** Rates and percentiles out of two looks at a node's figures. Pure. */

export type Sample = readonly [name: string, labels: Readonly<Record<string, string>>, value: number];

export interface NodeFigures {
  readonly name: string;
  readonly error: string | null;
  readonly samples: readonly Sample[];
}

type Labels = Readonly<Record<string, string>>;

const fits = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);

/** The sum of a metric over all samples with these labels; undefined where there is none. */
export function total(samples: readonly Sample[], name: string, labels: Labels = {}): number | undefined {
  const found = samples.filter((each) => each[0] === name && fits(each[1], labels));
  return found.length ? found.reduce((sum, each) => sum + each[2], 0) : undefined;
}

/** What a counter gained a second; 0 after a restart, which begins it anew. */
export function rate(before: readonly Sample[], after: readonly Sample[], seconds: number, name: string): number | undefined {
  const [from, to] = [total(before, name), total(after, name)];
  return from === undefined || to === undefined || seconds <= 0 ? undefined : Math.max(0, to - from) / seconds;
}

/** Each bucket's upper bound and how many were at or below it, gained between two looks. */
export function buckets(
  before: readonly Sample[],
  after: readonly Sample[],
  name: string,
  labels: Labels = {},
): [number, number][] {
  const counted = (samples: readonly Sample[]): Map<string, number> => {
    const found = new Map<string, number>();
    for (const [sample, held, value] of samples) {
      if (sample !== `${name}_bucket` || !fits(held, labels)) continue;
      const bound = held["le"] ?? "+Inf";
      found.set(bound, (found.get(bound) ?? 0) + value);
    }
    return found;
  };
  const earlier = counted(before);
  return [...counted(after)]
    .map(([bound, value]): [number, number] => [
      bound === "+Inf" ? Infinity : Number(bound),
      Math.max(0, value - (earlier.get(bound) ?? 0)),
    ])
    .sort(([left], [right]) => left - right);
}

/**
 * The quantile of a histogram between two looks, in its unit, linear within a bucket as Prometheus has it;
 * undefined when nothing was observed.
 */
export function quantile(
  share: number,
  before: readonly Sample[],
  after: readonly Sample[],
  name: string,
  labels: Labels = {},
): number | undefined {
  const gained = buckets(before, after, name, labels);
  const all = gained.at(-1)?.[1] ?? 0;
  if (all === 0) return undefined;
  const wanted = share * all;
  let [low, below] = [0, 0];
  for (const [bound, upTo] of gained) {
    if (upTo >= wanted) {
      if (bound === Infinity) return low;
      return low + ((bound - low) * (wanted - below)) / Math.max(1, upTo - below);
    }
    [low, below] = [bound, upTo];
  }
  return low;
}

/** The values of a label among a metric's samples. */
export function valuesOf(samples: readonly Sample[], name: string, label: string): string[] {
  return [...new Set(samples.filter((each) => each[0] === name).map((each) => each[1][label] ?? ""))];
}
