/** What a page keeps of each family of events, and how an event changes it. No React here. */

import type {
  AiBatchJobStatus, AiDetectionResult, AiModelTrainingUpdate, AutodmcaEvent, DashboardStatsUpdate,
  DelistingRequestStatus, EngineResponse, ProfileActivity, ProfileScanUpdate, SocialMediaIncident,
  SocialMediaPlatformStatus, SocialMediaScanStatus, SubmissionProgress, SubmissionStatusChange, SystemNotification,
  TemplateApproval, TemplateUsage, TemplateValidation, UserNotification, VisibilityChange,
} from "../../../events/generated/events";
import type { Family } from "../../../events/generated/shapes";
import { Keyed, Recent } from "./containers";

/** When an event was produced: RFC 3339. */
interface Dated {
  readonly timestamp: string;
}

/** A submission as its newest events tell it. */
export interface SubmissionUpdate extends Dated, Partial<SubmissionProgress>, Partial<SubmissionStatusChange> {
  readonly id: string;
  readonly status: SubmissionStatusChange["status"];
  readonly progress: number;
}

/** A template as its newest events tell it. */
export interface TemplateUpdate extends Dated {
  readonly templateId: string;
  readonly name: string;
  readonly templateVersion: number;
  readonly validation?: TemplateValidation;
  readonly approval?: TemplateApproval;
  readonly usage?: TemplateUsage;
  /** Of the newest approval. */
  readonly status?: TemplateApproval["status"];
}

/** A delisting request as its newest events tell it. */
export interface DelistingUpdate extends Dated {
  readonly requestId: string;
  readonly engine: DelistingRequestStatus["engine"];
  readonly request?: DelistingRequestStatus;
  readonly response?: EngineResponse;
  /** The newest change of an address's visibility. */
  readonly visibility?: VisibilityChange;
  /** Of the newest status event. */
  readonly status?: DelistingRequestStatus["status"];
}

export type Notification = Dated & { readonly id: string } & (
    | ({ readonly kind: "user" } & UserNotification)
    | ({ readonly kind: "system" } & SystemNotification)
  );

export type Activity = ProfileActivity & Dated & { readonly eventId: string };

export interface FamilyViews {
  readonly dashboard: { readonly dashboardStats: DashboardStatsUpdate | null };
  readonly submissions: { readonly submissionUpdates: ReadonlyMap<string, SubmissionUpdate> };
  readonly profiles: {
    readonly profileActivities: readonly Activity[];
    readonly profileScans: ReadonlyMap<string, ProfileScanUpdate>;
  };
  readonly ai: {
    readonly aiDetectionResults: readonly AiDetectionResult[];
    readonly trainingUpdates: ReadonlyMap<string, AiModelTrainingUpdate>;
    readonly batchJobs: ReadonlyMap<string, AiBatchJobStatus>;
  };
  readonly "social-media": {
    readonly socialMediaIncidents: readonly SocialMediaIncident[];
    readonly socialMediaScans: ReadonlyMap<string, SocialMediaScanStatus>;
    readonly platformStatuses: ReadonlyMap<string, SocialMediaPlatformStatus>;
  };
  readonly templates: { readonly templateUpdates: ReadonlyMap<string, TemplateUpdate> };
  readonly delisting: {
    readonly delistingUpdates: ReadonlyMap<string, DelistingUpdate>;
    readonly visibilityChanges: readonly VisibilityChange[];
  };
  readonly notifications: { readonly notifications: readonly Notification[] };
}

/** A family's state: changed by events, looked at through `view`. */
export interface State<V> {
  apply(event: AutodmcaEvent): void;
  view(): V;
}

const MOST_ACTIVITIES = 100;
const MOST_RESULTS = 50;
const MOST_NOTIFICATIONS = 100;

export const STATES: { readonly [F in Family]: () => State<FamilyViews[F]> } = {
  dashboard() {
    let dashboardStats: DashboardStatsUpdate | null = null;
    return {
      apply(event) {
        if (event.type === "dashboard_stats_update") dashboardStats = event.payload;
      },
      view: () => ({ dashboardStats }),
    };
  },
  submissions() {
    const updates = new Keyed<string, SubmissionUpdate>();
    return {
      apply(event) {
        if (event.type !== "submission_progress" && event.type !== "submission_status_change") return;
        const { timestamp, payload } = event;
        updates.set(payload.id, { ...updates.get(payload.id), ...payload, timestamp });
      },
      view: () => ({ submissionUpdates: updates.view }),
    };
  },
  profiles() {
    const activities = new Recent<Activity>(MOST_ACTIVITIES, ({ eventId }) => eventId);
    const scans = new Keyed<string, ProfileScanUpdate>();
    return {
      apply({ type, payload, id, timestamp }) {
        if (type === "profile_activity") activities.add({ ...payload, eventId: id, timestamp });
        else if (type === "profile_scan_update") scans.set(payload.scanId, payload);
      },
      view: () => ({ profileActivities: activities.view, profileScans: scans.view }),
    };
  },
  ai() {
    const results = new Recent<AiDetectionResult>(MOST_RESULTS, ({ detectionId }) => detectionId);
    const training = new Keyed<string, AiModelTrainingUpdate>();
    const jobs = new Keyed<string, AiBatchJobStatus>();
    return {
      apply({ type, payload }) {
        if (type === "ai_detection_result") results.add(payload);
        else if (type === "ai_model_training_update") training.set(payload.jobId, payload);
        else if (type === "ai_batch_job_status") jobs.set(payload.jobId, payload);
      },
      view: () => ({ aiDetectionResults: results.view, trainingUpdates: training.view, batchJobs: jobs.view }),
    };
  },
  "social-media"() {
    const incidents = new Recent<SocialMediaIncident>(MOST_RESULTS, ({ incidentId }) => incidentId);
    const scans = new Keyed<string, SocialMediaScanStatus>();
    const platforms = new Keyed<string, SocialMediaPlatformStatus>();
    return {
      apply({ type, payload }) {
        if (type === "social_media_incident") incidents.add(payload);
        else if (type === "social_media_scan_status") scans.set(payload.scanId, payload);
        else if (type === "social_media_platform_status") platforms.set(payload.platform, payload);
      },
      view: () => ({
        socialMediaIncidents: incidents.view,
        socialMediaScans: scans.view,
        platformStatuses: platforms.view,
      }),
    };
  },
  templates() {
    const updates = new Keyed<string, TemplateUpdate>();
    return {
      apply(event) {
        const known = updates.get((event.payload as Partial<TemplateUsage>).templateId ?? "");
        const next = templateAfter(known, event);
        if (next) updates.set(next.templateId, next);
      },
      view: () => ({ templateUpdates: updates.view }),
    };
  },
  delisting() {
    const updates = new Keyed<string, DelistingUpdate>();
    const changes = new Recent<VisibilityChange & { key: string }>(MOST_RESULTS, ({ key }) => key);
    return {
      apply(event) {
        if (event.type === "visibility_change") changes.add({ ...event.payload, key: event.id });
        const known = updates.get((event.payload as Partial<EngineResponse>).requestId ?? "");
        const next = delistingAfter(known, event);
        if (next) updates.set(next.requestId, next);
      },
      view: () => ({ delistingUpdates: updates.view, visibilityChanges: changes.view }),
    };
  },
  notifications() {
    const notifications = new Recent<Notification>(MOST_NOTIFICATIONS, (each) =>
      each.kind === "user" ? each.notificationId : each.id,
    );
    return {
      apply({ type, payload, id, timestamp }) {
        if (type === "user_notification") notifications.add({ kind: "user", ...payload, id, timestamp });
        else if (type === "system_notification") notifications.add({ kind: "system", ...payload, id, timestamp });
      },
      view: () => ({ notifications: notifications.view }),
    };
  },
};

function templateAfter(known: TemplateUpdate | undefined, event: AutodmcaEvent): TemplateUpdate | undefined {
  const { timestamp } = event;
  const common = (payload: TemplateValidation | TemplateApproval | TemplateUsage): TemplateUpdate => {
    const { templateId, name, templateVersion } = payload;
    return { ...known, templateId, name, templateVersion, timestamp };
  };
  switch (event.type) {
    case "template_validation":
      return { ...common(event.payload), validation: event.payload };
    case "template_approval":
      return { ...common(event.payload), approval: event.payload, status: event.payload.status };
    case "template_usage":
      return { ...common(event.payload), usage: event.payload };
    default:
      return undefined;
  }
}

function delistingAfter(known: DelistingUpdate | undefined, event: AutodmcaEvent): DelistingUpdate | undefined {
  const { timestamp } = event;
  switch (event.type) {
    case "delisting_request_status": {
      const { requestId, engine, status } = event.payload;
      return { ...known, requestId, engine, status, request: event.payload, timestamp };
    }
    case "engine_response": {
      const { requestId, engine } = event.payload;
      return { ...known, requestId, engine, response: event.payload, timestamp };
    }
    case "visibility_change": {
      const { requestId, engine } = event.payload;
      return requestId === undefined ? undefined : { ...known, requestId, engine, visibility: event.payload, timestamp };
    }
    default:
      return undefined;
  }
}
