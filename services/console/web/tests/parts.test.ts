import { expect, it } from "vitest";
import type { AutodmcaEvent } from "@autodmca/realtime";
import type { Detection } from "../lib/detections";
import { EventLog } from "../lib/log";
import { patched } from "../lib/optimistic";
import { sentence } from "../lib/sentences";
import { waitingOf } from "../lib/waiting";
import type { Finding, Incident } from "../lib/types";
import { marksOf } from "../ui/editor";
import { fieldFor } from "../ui/form";
import { stepsFor } from "../views/template-review";
import { examples as EXAMPLES } from "../../../../libs/events/generated/examples";

const event = EXAMPLES.template_usage as AutodmcaEvent;

it("keeps the newest events within its bound, and counts the others", () => {
  const log = new EventLog(10);
  for (let index = 0; index < 25; index++) log.add({ ...event, id: `e${index}` }, index);
  expect(log.newest()).toHaveLength(10);
  expect(log.newest()[0]?.event.id).toBe("e24");
  expect([log.heard, log.forgotten]).toEqual([25, 10]);
  expect(log.newest("E24")).toHaveLength(1);
});

it("counts events by the second in which they were produced", () => {
  const log = new EventLog();
  const begin = Date.parse("2026-03-07T10:30:00Z");
  for (let index = 0; index < 1_000; index++) {
    log.add({ ...event, timestamp: new Date(begin + index * 500).toISOString() }, begin);
  }
  const { counts } = log.rates(begin + 500_000);
  expect(counts).toHaveLength(60);
  expect(new Set(counts)).toEqual(new Set([2]));
});

it("shows a patch on the version that it was made on, and no other", () => {
  const patch = { version: "1", fields: { status: "reported" } };
  expect(patched({ status: "detected" }, "1", patch)).toEqual({ status: "reported" });
  expect(patched({ status: "resolved" }, "2", patch)).toEqual({ status: "resolved" });
});

it("says a sentence of every type of event", () => {
  for (const each of Object.values(EXAMPLES)) expect(sentence(each as AutodmcaEvent)).not.toMatch(/^$|undefined|NaN/);
});

it("finds the field that a problem names", () => {
  const names = ["engine", "text", "work"];
  expect(fieldFor({ field: "text", reason: "" }, names)).toBe("text");
  expect(fieldFor({ field: "notice.work", reason: "" }, names)).toBe("work");
  expect(fieldFor({ field: "text[3]", reason: "" }, names)).toBe("text");
  expect(fieldFor({ field: "exceptDomains", reason: "" }, names)).toBeUndefined();
});

it("marks each line by what is gravest there", () => {
  const found = (severity: Finding["severity"], line: number, endLine = line): Finding => ({ code: "x", severity, subject: "body", reason: "", line, endLine });
  expect([...marksOf([found("info", 1), found("warning", 2, 3), found("error", 3), found("warning", 3)])]).toEqual([[2, "warning"], [3, "error"]]);
});

it("offers nobody a decision on an own template", () => {
  const names = (status: "in_review" | "approved" | "draft", userId: number, mayReview: boolean): string[] =>
    stepsFor({ status, userId }, 7, mayReview, false).map(({ name }) => name);
  expect(names("in_review", 7, true)).toEqual([]);
  expect(names("in_review", 8, true)).toEqual(["approve", "request-changes", "reject"]);
  expect(names("in_review", 8, false)).toEqual([]);
  expect(names("draft", 7, false)).toEqual(["submit"]);
  expect(names("approved", 8, true)).toEqual([]);
});

it("lists what a person must decide, the newest first", () => {
  const incident = (id: string, part: Partial<Incident>): Incident =>
    ({ id, accountHandle: id, severity: "high", status: "detected", updatedAt: "2026-01-01T00:00:00Z", ...part }) as Incident;
  const waiting = waitingOf({
    incidents: [incident("a", {}), incident("b", { severity: "low" }), incident("c", { updatedAt: "2026-02-01T00:00:00Z" })],
    detections: [{ id: "d", verdict: "possible_match", createdAt: "2026-01-15T00:00:00Z" } as Detection, { id: "e", verdict: "match", createdAt: "2026-01-15T00:00:00Z" } as Detection],
  });
  expect(waiting.map(({ to }) => to)).toEqual(["/social/incidents/c", "/detections/found/d", "/social/incidents/a"]);
});
