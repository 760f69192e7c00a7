/** What the edge says first, with what stands in for it where an edge leaves it out. */

export interface Greeting {
  readonly connectionId: string;
  readonly node: string;
  /** In which variant of each running experiment the user is. */
  readonly experiments: Readonly<Record<string, string>>;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  /** The largest message that the edge takes, in bytes; undefined when it does not say. */
  readonly maxMessageBytes: number | undefined;
}

const natural = (value: unknown): number | undefined =>
  typeof value === "number" && value > 0 ? value : undefined;

export function greetingOf(payload: Readonly<Record<string, unknown>>): Greeting {
  const experiments = payload["experiments"];
  return {
    connectionId: String(payload["connectionId"] ?? ""),
    node: String(payload["node"] ?? ""),
    experiments: typeof experiments === "object" && experiments !== null ? { ...experiments } : {},
    heartbeatIntervalMs: natural(payload["heartbeatIntervalMs"]) ?? 30_000,
    heartbeatTimeoutMs: natural(payload["heartbeatTimeoutMs"]) ?? 60_000,
    maxMessageBytes: natural(payload["maxMessageBytes"]),
  };
}
