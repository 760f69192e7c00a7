/**
 * How events change the lists that a view has read. Pure; an event may come twice, or be older than the read.
 */

import type { EventOf } from "@autodmca/realtime";
import type { Incident, Platform, RequestSummary, Scan, TemplateSummary } from "./types";

const replaced = <T>(items: T[], index: number, item: T): T[] => items.map((each, at) => (at === index ? item : each));

/** The list with the item of this key changed, or with `fresh` before all others; the same list for nothing new. */
function upsert<T>(items: T[], isIt: (item: T) => boolean, change: (item: T) => T, fresh: () => T): T[] {
  const index = items.findIndex(isIt);
  if (index < 0) return [fresh(), ...items];
  const held = items[index] as T;
  const next = change(held);
  return next === held ? items : replaced(items, index, next);
}

/** `held` with `fields`, unless it knows of a later moment. */
function newer<T extends { readonly updatedAt: string }>(held: T, at: string, fields: Partial<T>): T {
  return Date.parse(at) < Date.parse(held.updatedAt) ? held : { ...held, ...fields, updatedAt: at };
}

export const DELISTING = ["delisting_request_status"] as const;

export function withRequest(items: RequestSummary[], { payload }: EventOf<(typeof DELISTING)[number]>): RequestSummary[] {
  const { requestId: id, previousStatus, nextPollAt, updatedAt, ...fields } = payload;
  return upsert(
    items,
    (item) => item.id === id,
    (item) => newer(item, updatedAt, fields),
    () => ({ id, ...fields, createdAt: updatedAt, updatedAt }),
  );
}

export const INCIDENTS = ["social_media_incident"] as const;

export function withIncident(items: Incident[], { payload, timestamp }: EventOf<(typeof INCIDENTS)[number]>): Incident[] {
  const { incidentId: id, similarityScore: score, postUrl, ...fields } = payload;
  return upsert(
    items,
    (item) => item.id === id,
    (item) => newer(item, timestamp, { score, ...fields }),
    () => ({ id, score, ...fields, updatedAt: timestamp }),
  );
}

export const SCANS = ["social_media_scan_status"] as const;

export function withScan(items: Scan[], { payload }: EventOf<(typeof SCANS)[number]>): Scan[] {
  const { scanId: id, ...fields } = payload;
  return upsert(
    items,
    (item) => item.id === id,
    (item) => (isBehind(item, fields) ? item : { ...item, ...fields, paused: fields.status === "queued" && (item.paused ?? false) }),
    () => ({ id, ...fields }),
  );
}

/** A scan goes forward only, and does not leave its end. */
function isBehind(item: Scan, { accountsChecked, status }: Pick<Scan, "accountsChecked" | "status">): boolean {
  const ended = ["completed", "failed", "cancelled"];
  return (ended.includes(item.status) && !ended.includes(status)) || (accountsChecked ?? 0) < (item.accountsChecked ?? 0);
}

export const PLATFORMS = ["social_media_platform_status"] as const;

export function withPlatform(items: Platform[], { payload }: EventOf<(typeof PLATFORMS)[number]>): Platform[] {
  return upsert(
    items,
    (item) => item.platform === payload.platform,
    () => payload,
    () => payload,
  );
}

export const TEMPLATES = ["template_validation", "template_approval", "template_usage"] as const;

/** A template that is not in the list is left out: its events do not say what kind it is. */
export function withTemplate(items: TemplateSummary[], event: EventOf<(typeof TEMPLATES)[number]>): TemplateSummary[] {
  const index = items.findIndex(({ id }) => id === event.payload.templateId);
  const held = items[index];
  if (!held) return items;
  const next = newer(held, event.timestamp, templateFields(held, event));
  return next === held ? items : replaced(items, index, next);
}

function templateFields(held: TemplateSummary, event: EventOf<(typeof TEMPLATES)[number]>): Partial<TemplateSummary> {
  switch (event.type) {
    case "template_validation":
      return { name: event.payload.name, version: event.payload.templateVersion, valid: event.payload.valid };
    case "template_approval": {
      const { name, status, templateVersion } = event.payload;
      return { name, status, version: templateVersion, ...(status === "approved" && { usableVersion: templateVersion }) };
    }
    case "template_usage": {
      const { usageCount, acceptanceRatePercent } = event.payload;
      return {
        usage: { ...held.usage, usageCount, ...(acceptanceRatePercent !== undefined && { acceptanceRatePercent }) },
      };
    }
  }
}
