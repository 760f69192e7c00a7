import type { EventOf } from "@autodmca/realtime";
import { describe, expect, it } from "vitest";
import { examples as EXAMPLES } from "../../../../libs/events/generated/examples";
import { withIncident, withRequest, withScan, withTemplate } from "../lib/lists";
import { Course } from "../lib/course";
import { after } from "../lib/request";
import type { TemplateSummary } from "../lib/types";

const request = EXAMPLES.delisting_request_status as EventOf<"delisting_request_status">;
const at = (event: typeof request, updatedAt: string, status: typeof request.payload.status): typeof request => ({
  ...event,
  payload: { ...event.payload, status, updatedAt },
});

describe("lists that follow their events", () => {
  const [held] = withRequest([], request);

  it("begin with what they have not read yet", () => {
    expect(held).toMatchObject({ id: request.payload.requestId, status: request.payload.status });
  });

  it("bear an event twice, and one from before the read", () => {
    const items = held ? [held] : [];
    expect(withRequest(items, request)).toEqual(items);
    expect(withRequest(items, at(request, "2000-01-01T00:00:00Z", "draft"))).toBe(items);
    expect(withRequest(items, at(request, "2100-01-01T00:00:00Z", "denied"))[0]?.status).toBe("denied");
  });

  it("keep what events do not say", () => {
    const event = EXAMPLES.social_media_incident as EventOf<"social_media_incident">;
    const [first] = withIncident([], event);
    const known = { ...first, displayName: "Ada", needsPerson: true } as NonNullable<typeof first>;
    const later = { ...event, timestamp: "2100-01-01T00:00:00Z", payload: { ...event.payload, status: "resolved" as const } };
    expect(withIncident([known], later)[0]).toMatchObject({ displayName: "Ada", status: "resolved" });
  });

  it("never let a scan go back", () => {
    const event = EXAMPLES.social_media_scan_status as EventOf<"social_media_scan_status">;
    const told = (part: Partial<typeof event.payload>): typeof event => ({ ...event, payload: { ...event.payload, ...part } });
    const items = withScan([], told({ status: "completed", accountsChecked: 9 }));
    expect(withScan(items, told({ status: "running", accountsChecked: 9 }))).toBe(items);
  });

  it("leave out templates that were not read, and count uses of those that were", () => {
    const event = EXAMPLES.template_usage as EventOf<"template_usage">;
    expect(withTemplate([], event)).toEqual([]);
    const template = { id: event.payload.templateId, updatedAt: "2000-01-01T00:00:00Z", usage: { usageCount: 0, acceptedCount: 0, rejectedCount: 0 } };
    expect(withTemplate([template as TemplateSummary], event)[0]?.usage.usageCount).toBe(event.payload.usageCount);
  });
});

describe("a request's URLs", () => {
  const event = EXAMPLES.visibility_change as EventOf<"visibility_change">;
  const url = { url: event.payload.url, normalizedUrl: event.payload.normalizedUrl, registrableDomain: "x", part: 1, outcome: "pending" as const };
  const whole = { request: { id: "r" } as never, urls: [url, { ...url, normalizedUrl: "https://other.example/" }] };

  it("take the visibility of their own changes", () => {
    const next = after(whole, { ...event, payload: { ...event.payload, newVisibility: "visible" } });
    expect(next.urls.map(({ visibility }) => visibility)).toEqual(["visible", undefined]);
  });

  it("do not go back to what was seen before", () => {
    const later = { ...whole, urls: [{ ...url, visibility: "hidden" as const, checkedAt: "2100-01-01T00:00:00Z" }] };
    expect(after(later, event).urls[0]?.visibility).toBe("hidden");
  });
});

it("a request's course counts the URLs that are shown, from looks that come twice", () => {
  const looked = (normalizedUrl: string, newVisibility: "visible" | "not_indexed", minute: string): EventOf<"visibility_change">["payload"] =>
    ({ normalizedUrl, newVisibility, checkedAt: `2026-03-07T10:${minute}:00Z` }) as EventOf<"visibility_change">["payload"];
  const course = new Course();
  for (const each of [looked("a", "visible", "00"), looked("b", "visible", "01"), looked("a", "not_indexed", "02"), looked("a", "visible", "00")]) course.add(each);
  expect(course.points.map(({ shown, gone }) => [shown, gone])).toEqual([[1, 0], [2, 0], [1, 1]]);
});
