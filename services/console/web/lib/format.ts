/** Figures, moments and names as people read them: in the reader's language and time zone. */

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const NUMBER = new Intl.NumberFormat();
const FINE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "narrow" });
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

export const moment = (text: string): string => MOMENT.format(new Date(text));

export const clock = (text: string | number): string => CLOCK.format(new Date(text));

export const day = (text: string | number): string => DAY.format(new Date(text));

export const count = (value: number): string => NUMBER.format(value);

/** Of an axis of whole things, which has no figure between two of them. */
export const whole = (value: number): string => (Number.isInteger(value) ? NUMBER.format(value) : "");

export const figure = (value: number): string => (Number.isFinite(value) ? FINE.format(value) : "–");

export const percent = (value: number): string => `${FINE.format(value)} %`;

/** `value` in seconds. */
export function duration(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value < 0.001) return `${FINE.format(value * 1e6)} µs`;
  if (value < 1) return `${FINE.format(value * 1000)} ms`;
  if (value < 180) return `${FINE.format(value)} s`;
  if (value < 10_800) return `${FINE.format(Math.round(value / 60))} min`;
  return value < 259_200 ? `${FINE.format(value / 3_600)} h` : `${FINE.format(value / 86_400)} days`;
}

/** How long ago; of what is to come, in how long. */
export function ago(text: string, now: number): string {
  const seconds = (Date.parse(text) - now) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
  return AGO.format(Math.trunc(seconds / size), unit);
}

const NAMES: Readonly<Record<string, string>> = {
  ai: "AI",
  google: "Google",
  bing: "Bing",
  yandex: "Yandex",
  duckduckgo: "DuckDuckGo",
  not_in_index: "Not in index",
  urls: "URLs",
};

/** `partially_approved` as `Partially approved`. */
export function words(name: string): string {
  const known = NAMES[name];
  if (known) return known;
  const text = name.replaceAll("_", " ").replaceAll("-", " ");
  return (text.charAt(0).toUpperCase() + text.slice(1)).replace(/^Ai\b/, "AI");
}

/** What stands on the lines of a text. */
export const lines = (text: string): string[] => text.split("\n").map((each) => each.trim()).filter(Boolean);

/** What stands in a text on lines, or with commas between. */
export const items = (text: string): string[] => lines(text.replaceAll(",", "\n"));
