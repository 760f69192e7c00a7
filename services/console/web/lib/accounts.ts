/** What the accounts service answers, as its OpenAPI document says, and how events change it. Pure. */

import type {
  ActivityType, DelistingStatus, Engine, EventOf, NotificationCategory, ProfileScanStatus, SubmissionStage,
  SubmissionStatus, Urgency,
} from "@autodmca/realtime";

export interface Handle {
  readonly platform: string;
  readonly handle: string;
}

export interface PictureReference {
  readonly url: string;
  readonly label?: string;
  readonly hash?: string;
}

export interface ProfileScan {
  readonly id: string;
  readonly status: ProfileScanStatus;
  readonly startedAt: string;
  readonly sources: readonly {
    readonly platform: string;
    readonly status: string;
    readonly progress: number;
    readonly candidatesChecked?: number;
    readonly matchesFound?: number;
    readonly error?: string;
  }[];
}

export interface Profile {
  readonly id: number;
  readonly name: string;
  readonly names?: readonly string[];
  readonly handles?: readonly Handle[];
  readonly bio?: string;
  readonly posts?: readonly string[];
  readonly references?: readonly PictureReference[];
  readonly watched: boolean;
  readonly platforms?: readonly string[];
  readonly intervalSeconds?: number;
  readonly watchError?: string;
  readonly referencesError?: string;
  readonly scan?: ProfileScan;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Activity {
  readonly number: number;
  readonly type: ActivityType;
  readonly description: string;
  readonly actor: "system" | "user";
  readonly occurredAt: string;
  readonly infringement?: { readonly id: string; readonly title: string; readonly confidence: number };
}

export interface SubmissionPart {
  readonly engine: Engine;
  readonly stage: "waiting" | "asked" | "going" | "done" | "failed" | "cancelled";
  readonly status?: DelistingStatus;
  readonly requestId?: string;
  readonly externalReference?: string;
  readonly urlsTotal: number;
  readonly urlsRemoved?: number;
  readonly urlsNotInIndex?: number;
  readonly urlsNoAction?: number;
  readonly urlsPending?: number;
  readonly error?: string;
}

export interface Submission {
  readonly id: string;
  readonly profileId: number;
  readonly templateId: string;
  readonly templateVersion?: number;
  readonly title: string;
  readonly status: SubmissionStatus;
  readonly stage: SubmissionStage;
  readonly progress: number;
  readonly urlsTotal: number;
  readonly urlsProcessed: number;
  readonly urlsFailed: number;
  readonly etaSeconds?: number;
  readonly attempt: number;
  readonly reason?: string;
  readonly parts: readonly SubmissionPart[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface TrailEntry {
  readonly number: number;
  readonly at: string;
  readonly by: string;
  readonly said: string;
  readonly engine?: Engine;
  readonly requestId?: string;
  readonly externalReference?: string;
  readonly httpStatus?: number;
}

export interface Trail {
  readonly submission: Submission;
  readonly notice?: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly urls: readonly string[];
  readonly entries: readonly TrailEntry[];
  readonly entriesLeftOut?: number;
}

export interface Notification {
  readonly notificationId: string;
  readonly category: NotificationCategory;
  readonly priority: Urgency;
  readonly title: string;
  readonly message: string;
  readonly read: boolean;
  readonly createdAt: string;
  readonly relatedType?: string;
  readonly relatedId?: string;
}

export interface Choice {
  readonly way: "now" | "digest" | "off";
  readonly least: Urgency;
}

export interface Preferences {
  readonly categories: Readonly<Record<NotificationCategory, Choice>>;
  readonly quiet?: { readonly begins: string; readonly ends: string };
  readonly digestAt: string;
  readonly zone: string;
}

export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly types: readonly string[];
  readonly categories: readonly NotificationCategory[];
  readonly description: string;
  readonly on: boolean;
  readonly off?: string;
  readonly failingSince?: string;
  readonly droppedDeliveries: number;
  readonly createdAt: string;
}

export interface Delivery {
  readonly number: number;
  readonly id: string;
  readonly type: string;
  readonly stage: "waiting" | "delivered" | "failed";
  readonly attempts: number;
  readonly status?: number;
  readonly reason?: string;
  readonly begunAt: string;
  readonly triedAt?: string;
  readonly nextAt?: string;
}

export interface DashboardDay {
  /** `YYYY-MM-DD`, in UTC. */
  readonly day: string;
  readonly profiles: number;
  readonly scans: number;
  readonly infringements: number;
  readonly takedowns: number;
}

export interface Dashboard {
  readonly totalProfiles: number;
  readonly activeScans: number;
  readonly infringementsFound: number;
  readonly takedownsSent: number;
  readonly profilesChange: number;
  readonly scansChange: number;
  readonly infringementsChange: number;
  readonly takedownsChange: number;
  readonly successRatePercent: number | null;
  /** The last seven, oldest first. */
  readonly days: readonly DashboardDay[];
}

/** The figures as an event tells them; what began on which day is read. */
export function toldFigures(held: Dashboard, { payload }: EventOf<"dashboard_stats_update">): Dashboard {
  const { byPlatform, byEngine, lastUpdated, ...figures } = payload;
  return { ...held, ...figures };
}

export const PROFILES = ["profile_activity", "profile_scan_update"] as const;
type OfProfile = EventOf<(typeof PROFILES)[number]>;

const ENDED: readonly ProfileScanStatus[] = ["completed", "failed", "cancelled"];

/** How far its newest scan is, in percent: of all platforms alike. */
export const scanProgress = ({ status, sources }: ProfileScan): number =>
  status === "completed" ? 100 : sources.reduce((sum, { progress }) => sum + progress, 0) / Math.max(1, sources.length);

export const isScanning = ({ scan }: Pick<Profile, "scan">): boolean => scan !== undefined && !ENDED.includes(scan.status);

/** A line of a profile's history, as its event tells it; the service numbers it. */
export const activityOf = ({ payload }: EventOf<"profile_activity">, number: number): Activity => ({ ...payload, number });

/** Whether the profile must be read again: a step of a scan that goes on is told whole, but for its platforms. */
export const isAboutProfile = (event: OfProfile): boolean => event.type === "profile_activity" || ENDED.includes(event.payload.status);

export const SUBMISSIONS = ["submission_progress", "submission_status_change"] as const;
type OfSubmission = EventOf<(typeof SUBMISSIONS)[number]>;

/** A submission as an event tells it; its parts are not in events. */
export function movedSubmission(held: Submission, event: OfSubmission): Submission {
  if (held.id !== event.payload.id || Date.parse(event.timestamp) < Date.parse(held.updatedAt)) return held;
  const updatedAt = event.timestamp;
  if (event.type === "submission_progress") return { ...held, ...event.payload, updatedAt };
  const { status, progress, reason } = event.payload;
  return { ...held, status, progress, ...(reason !== undefined && { reason }), updatedAt };
}

export const withSubmission = (items: Submission[], event: OfSubmission): Submission[] =>
  items.some(({ id }) => id === event.payload.id) ? items.map((each) => movedSubmission(each, event)) : items;

export const NOTIFICATIONS = ["user_notification"] as const;

/** The notifications after one was told, or was read on another of the user's devices. */
export function withNotification(items: Notification[], { payload }: EventOf<"user_notification">): Notification[] {
  const index = items.findIndex(({ notificationId }) => notificationId === payload.notificationId);
  const held = items[index];
  if (!held) return [payload, ...items];
  if (held.read || !payload.read) return items;
  return items.map((each, at) => (at === index ? { ...each, read: true } : each));
}

/** Where the thing is that a notification is about; undefined for what has no view. */
export function placeOf({ relatedType, relatedId }: Pick<Notification, "relatedType" | "relatedId">): string | undefined {
  if (!relatedType || !relatedId) return undefined;
  const views: Readonly<Record<string, string>> = {
    delisting_request: "/delisting/",
    incident: "/social/incidents/",
    submission: "/submissions/",
    template: "/templates/",
    batch: "/detections/batches/",
    training: "/detections/models/",
    webhook: "/preferences/webhooks/",
  };
  if (relatedType === "scan") return "/social/scans";
  const view = views[relatedType];
  return view && view + encodeURIComponent(relatedId);
}
