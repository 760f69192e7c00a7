import { expect, it } from "vitest";
import type { EventOf } from "@autodmca/realtime";
import { boxOf, inWords, movedBatch, pointsOf, withDetection } from "../lib/detections";
import type { Batch, Detection, Transform } from "../lib/detections";
import { linesOf } from "../views/template-versions";
import { examples as EXAMPLES } from "../../../../libs/events/generated/examples";

const CROPPED: Transform = { box: [0.1, 0, 0.9, 0.5], angle: -12.3, mirror: true, scale: 1, cover: 0.6, outline: [[0, 0], [1, 0], [1, 1], [0, 1]] };

it("a detection that waited is done by its event, once", () => {
  const event = EXAMPLES.ai_detection_result as EventOf<"ai_detection_result">;
  const queued = { id: event.payload.detectionId, status: "queued", createdAt: "2026-01-01T00:00:00Z" } as Detection;
  const done = withDetection([queued], event);
  expect(done[0]).toMatchObject({ status: "done", verdict: event.payload.verdict, createdAt: queued.createdAt });
  expect(done[0]?.transform).toBeUndefined(); // the event has it in words alone
  expect(withDetection(done, event)).toBe(done);
  expect(withDetection([], event)).toHaveLength(1);
});

it("what was done to a reference is said in words and drawn around", () => {
  expect(inWords(CROPPED)).toBe("mirrored, turned by -12°, 40 % of it is seen, it takes 60 % of the content");
  expect(boxOf(CROPPED, 200, 100)).toBe("20.0,0.0 180.0,0.0 180.0,50.0 20.0,50.0");
  expect(pointsOf(CROPPED.outline ?? [], 10, 20)).toBe("0.0,0.0 10.0,0.0 10.0,20.0 0.0,20.0");
});

it("a batch goes forward only", () => {
  const event = EXAMPLES.ai_batch_job_status as EventOf<"ai_batch_job_status">;
  const held = { id: event.payload.jobId, itemsProcessed: 0 } as Batch;
  expect(movedBatch(held, event)).toMatchObject({ progress: event.payload.progress });
  const further = { ...held, itemsProcessed: event.payload.itemsProcessed + 1 };
  expect(movedBatch(further, event)).toBe(further);
});

it("two versions are told apart line by line, and what they share is left out", () => {
  const before = ["a", "b", "c", "d", "e", "f", "g", "h", "old", "z"].join("\n");
  const lines = linesOf(before, before.replace("old", "new"));
  expect(lines.map(({ kind }) => kind)).toEqual(["left_out", "same", "same", "same", "gone", "added", "same"]);
  expect(lines.filter(({ kind }) => kind !== "same" && kind !== "left_out").map(({ text, number }) => [text, number])).toEqual([["old", 9], ["new", 9]]);
});
