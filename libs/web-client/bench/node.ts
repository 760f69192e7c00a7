/**
 * In Node: `KIND BASE COUNT` prints the milliseconds it took, and those of processor time; with `memory`, the heap
 * after it in MB.
 */

import { WebSocket } from "ws";
import { measure } from "./clients";
import type { Kind } from "./clients";

const [kind, base, count, memory] = process.argv.slice(2) as [Kind, string, string, string | undefined];

const heap = (): string => {
  (globalThis as { gc?: () => void }).gc?.();
  return (process.memoryUsage().heapUsed / 1e6).toFixed(1);
};

let before = process.cpuUsage();
const took = await measure(kind, base, Number(count), WebSocket, () => (before = process.cpuUsage()));
const { user, system } = process.cpuUsage(before);
console.log(memory ? heap() : `${took.toFixed(1)} ${((user + system) / 1000).toFixed(1)}`);
process.exit(0);
