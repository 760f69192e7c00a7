import { expect, it } from "vitest";
import type { EventOf } from "@autodmca/realtime";
import { movedSubmission, placeOf, withNotification } from "../lib/accounts";
import type { Notification, Submission } from "../lib/accounts";
import { told } from "../lib/reread";
import { bodyOf, draftOf } from "../views/profile-form";
import { standings } from "../views/submission";
import { examples as EXAMPLES } from "../../../../libs/events/generated/examples";

it("a submission goes on with its events, and not back", () => {
  const event = EXAMPLES.submission_progress as EventOf<"submission_progress">;
  const held = { id: event.payload.id, status: "pending", progress: 1, updatedAt: "2000-01-01T00:00:00Z" } as Submission;
  expect(movedSubmission(held, event)).toMatchObject({ progress: event.payload.progress, stage: event.payload.stage });
  const newer = { ...held, updatedAt: "2100-01-01T00:00:00Z" };
  expect(movedSubmission(newer, event)).toBe(newer);
});

it("a submission's steps end where it failed", () => {
  expect(standings({ stage: "queueing", status: "processing" })).toEqual(["done", "done", "now", "waits", "waits"]);
  expect(standings({ stage: "rendering", status: "failed" })).toEqual(["done", "failed", "waits", "waits", "waits"]);
  expect(standings({ stage: "confirming", status: "completed" })).toEqual(["done", "done", "done", "done", "done"]);
});

it("a notification is there once, and stays read", () => {
  const event = EXAMPLES.user_notification as EventOf<"user_notification">;
  const unread = { ...event, payload: { ...event.payload, read: false } };
  const once = withNotification([], unread);
  const read = withNotification(once, { ...event, payload: { ...event.payload, read: true } });
  expect([once, read, withNotification(read, unread)].map((items) => items.map((each) => each.read))).toEqual([[false], [true], [true]]);
});

it("a notification leads to what it is about, where that has a view", () => {
  const about = (relatedType: string): string | undefined => placeOf({ relatedType, relatedId: "a/b" } as Notification);
  expect([about("incident"), about("scan"), about("digest"), placeOf({})]).toEqual(["/social/incidents/a%2Fb", "/social/scans", undefined, undefined]);
});

it("what a profile's form does not show is sent back as it was", () => {
  const reference = { url: "https://ada.example/1.jpg", label: "portrait", hash: "c3d4e5f60718293a" };
  const held = { id: 1, name: "Ada", posts: ["A post."], references: [reference], watched: true, createdAt: "", updatedAt: "" };
  const draft = { ...draftOf(held), handles: "mastodon: ada\nnobody", references: `${reference.url}\nhttps://ada.example/2.jpg` };
  expect(bodyOf(draft, held)).toMatchObject({
    posts: ["A post."],
    references: [reference, { url: "https://ada.example/2.jpg" }],
    handles: [{ platform: "mastodon", handle: "ada" }, { platform: "", handle: "nobody" }],
  });
});

it("an event is news to a read that is older, and perhaps to one of the same moment", () => {
  const event = { id: "e", timestamp: "2026-03-07T10:30:00.000Z" };
  const at = Date.parse(event.timestamp);
  const news = (shows: number): unknown => told({ value: 1, shows, news: undefined }, event, (value) => value + 1).news;
  expect([news(at - 1), news(at), news(at + 1)]).toEqual([{ id: "e", isSure: true }, { id: "e", isSure: false }, undefined]);
});
