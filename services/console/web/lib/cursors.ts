/** Where an event stands in the log, as its cursor says: PROTOCOL.md, cursors. Pure. */

const DIGITS = 11; // of the offset; what comes before them is the leader epoch plus one
const WIDE = 19;

export interface Place {
  readonly partition: number;
  /** Of the topic: one that was made anew has another. */
  readonly incarnation: string;
  readonly offset: string;
  /** Which leader wrote it; undefined where the broker does not say. */
  readonly leaderEpoch: number | undefined;
}

/** Undefined for what is no cursor. */
export function placeOf(cursor: string | undefined): Place | undefined {
  const found = /^\d+\.(\d+)\.([\w-]+):(\d+)$/.exec(cursor ?? "");
  if (!found) return undefined;
  const [, partition, incarnation = "", number = ""] = found;
  const digits = number.length > WIDE ? WIDE : DIGITS;
  const epoch = number.slice(0, -digits);
  return {
    partition: Number(partition),
    incarnation,
    offset: number.slice(-digits).replace(/^0+(?=\d)/, ""),
    leaderEpoch: epoch === "" ? undefined : Number(epoch) - 1,
  };
}
