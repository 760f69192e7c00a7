/** What the ai_detection service answers, as its OpenAPI document says, and how events change it. Pure. */

import type { BatchJobStatus, ContentType, EventOf, TrainingStatus, Verdict } from "@autodmca/realtime";

/** See docs/ai-detection.md: the box in parts of the reference's sides, the outline in parts of the content's. */
export interface Transform {
  readonly box: readonly [number, number, number, number];
  readonly angle: number;
  readonly mirror: boolean;
  readonly scale: number;
  readonly cover: number;
  readonly outline?: readonly (readonly [number, number])[];
}

export interface Reference {
  readonly id: string;
  readonly profileId: number;
  readonly contentType: ContentType;
  readonly title?: string;
  readonly format: string;
  readonly width?: number;
  readonly height?: number;
  readonly seconds?: number;
  readonly words?: number;
  readonly fileBytes: number;
  readonly digest: string;
  readonly createdAt: string;
}

export interface Detection {
  readonly id: string;
  readonly profileId: number;
  readonly contentUrl: string;
  readonly status: "queued" | "done";
  readonly contentType?: ContentType;
  readonly verdict?: Verdict;
  readonly confidence?: number;
  readonly matchedReferenceId?: string;
  readonly method?: string;
  readonly modelVersion?: string;
  readonly distances?: { readonly phash?: number; readonly dhash?: number };
  readonly transform?: Transform;
  readonly passages?: readonly { readonly content: readonly [number, number]; readonly reference: readonly [number, number]; readonly words: number }[];
  readonly part?: { readonly content: readonly [number, number]; readonly reference: readonly [number, number]; readonly speed: number; readonly frames: number; readonly of: number };
  readonly evidence?: Readonly<Record<string, number>>;
  readonly reasonCode?: string;
  readonly reason?: string;
  readonly contentDigest?: string;
  readonly processingMs?: number;
  readonly batchId?: string;
  readonly feedback?: { readonly copy: boolean; readonly referenceId?: string; readonly note?: string; readonly at: string };
  readonly createdAt: string;
  readonly doneAt?: string;
}

export interface Batch {
  readonly id: string;
  readonly profileId: number;
  readonly status: BatchJobStatus;
  readonly itemsTotal: number;
  readonly itemsProcessed: number;
  readonly itemsFailed: number;
  readonly matchesFound: number;
  readonly progress: number;
  readonly throughputPerSecond?: number;
  readonly etaSeconds?: number;
  readonly error?: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
}

export interface Failure {
  readonly item: number;
  readonly reasonCode: string;
  readonly reason: string;
}

export interface Epoch {
  readonly number: number;
  readonly loss: number;
  readonly chosenLoss: number;
  readonly precision: number;
  readonly recall: number;
  readonly rocAuc: number;
  readonly threshold: number;
  readonly best?: boolean;
}

export interface Comparison {
  readonly against: string;
  readonly pairs: number;
  readonly precision: number;
  readonly recall: number;
  readonly rocAuc: number;
  readonly activePrecision: number;
  readonly activeRecall: number;
  readonly activeRocAuc: number;
  readonly worse: boolean;
  readonly reasons?: readonly string[];
}

export interface Model {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly status: TrainingStatus;
  readonly active: boolean;
  readonly sampleCount: number;
  readonly totalEpochs: number;
  readonly epochs?: readonly Epoch[];
  readonly comparison?: Comparison;
  readonly error?: string;
  readonly createdAt: string;
  readonly endedAt?: string;
}

export const DETECTIONS = ["ai_detection_result"] as const;
export const BATCHES = ["ai_batch_job_status"] as const;
export const MODELS = ["ai_model_training_update"] as const;

const MOST = 1_000;

/** The list after a result; how the reference lies in the content is read with the detection itself. */
export function withDetection(items: Detection[], { payload, timestamp }: EventOf<"ai_detection_result">): Detection[] {
  const { detectionId: id, transform: _, ...fields } = payload;
  const held = items.find((each) => each.id === id);
  if (held?.status === "done") return items;
  const done: Detection = { createdAt: timestamp, ...held, ...fields, id, status: "done", doneAt: timestamp };
  return held ? items.map((each) => (each.id === id ? done : each)) : [done, ...items].slice(0, MOST);
}

/** A batch goes forward only. */
export function movedBatch(held: Batch, { payload }: EventOf<"ai_batch_job_status">): Batch {
  const { jobId, ...fields } = payload;
  return held.id !== jobId || fields.itemsProcessed < held.itemsProcessed ? held : { ...held, ...fields };
}

export const isOver = ({ status }: Pick<Batch | Model, "status">): boolean => status !== "queued" && status !== "running";

/** What was done to the reference, in words. */
export function inWords({ box, angle, mirror, cover }: Transform): string {
  const [left, top, right, bottom] = box;
  const seen = (right - left) * (bottom - top);
  const said = [
    mirror && "mirrored",
    Math.abs(angle) >= 1 && `turned by ${Math.round(angle)}°`,
    seen < 0.97 && `${Math.round(seen * 100)} % of it is seen`,
    cover < 0.97 && `it takes ${Math.round(cover * 100)} % of the content`,
  ].filter(Boolean);
  return said.length ? said.join(", ") : "as it is";
}

/** The points of an SVG polygon around the part of the reference that the content shows. */
export function boxOf({ box: [left, top, right, bottom] }: Transform, width: number, height: number): string {
  return pointsOf([[left, top], [right, top], [right, bottom], [left, bottom]], width, height);
}

/** Corners in parts of a picture's sides, as an SVG polygon takes them. */
export const pointsOf = (corners: readonly (readonly [number, number])[], width: number, height: number): string =>
  corners.map(([x, y]) => `${(x * width).toFixed(1)},${(y * height).toFixed(1)}`).join(" ");
