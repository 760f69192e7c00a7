/** What the services answer, as their OpenAPI documents say. What is absent is at its default there. */

import type {
  DelistingStatus, Engine, IncidentStatus, IncidentType, PlatformState, Signal, SocialScanStatus, TemplateKind,
  TemplateStatus, UrlResult, Urgency, Visibility,
} from "@autodmca/realtime";

export interface Finding {
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  readonly subject: string;
  readonly reason: string;
  readonly line: number;
  readonly endLine: number;
  readonly source?: string;
  readonly quote?: string;
}

export interface Validation {
  readonly templateVersion: number;
  readonly valid: boolean;
  readonly score: number;
  readonly presentElements: readonly string[];
  readonly missingElements: readonly string[];
  readonly undeclaredVariables: readonly string[];
  readonly findings: readonly Finding[];
  readonly validatedAt: string;
}

export interface Usage {
  readonly usageCount: number;
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  readonly acceptanceRatePercent?: number;
}

export interface TemplateSummary {
  readonly id: string;
  readonly userId: number;
  readonly name: string;
  readonly kind: TemplateKind;
  readonly status: TemplateStatus;
  readonly version: number;
  readonly usableVersion?: number;
  readonly valid?: boolean;
  readonly revision: number;
  readonly usage: Usage;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Template extends TemplateSummary {
  readonly body: string;
  readonly variables: readonly string[];
  /** The version that renders, where the newest is another one. */
  readonly usable?: {
    readonly version: number;
    readonly name: string;
    readonly body: string;
    readonly variables: readonly string[];
  };
  readonly validation?: Validation;
  readonly decision?: {
    readonly status: TemplateStatus;
    readonly version: number;
    readonly userId: number;
    readonly comment?: string;
    readonly decidedAt: string;
  };
}

export interface RequestSummary {
  readonly id: string;
  readonly engine: Engine;
  readonly status: DelistingStatus;
  readonly attempt: number;
  readonly urlsTotal: number;
  readonly urlsRemoved: number;
  readonly urlsNotInIndex: number;
  readonly urlsNoAction: number;
  readonly urlsPending: number;
  readonly urlsDuplicate: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly externalReference?: string;
  readonly needsPerson?: string;
  readonly reason?: string;
  readonly follows?: string;
}

export interface RequestPart {
  readonly number: number;
  readonly stage: string;
  readonly reference: string;
  readonly urlsTotal: number;
  readonly externalReference?: string;
  readonly progress?: string;
  readonly error?: string;
  readonly nextAt?: string;
}

export interface DelistingRequest extends RequestSummary {
  readonly query?: string;
  readonly parts?: readonly RequestPart[];
  readonly notes?: readonly { readonly at: string; readonly userId: number; readonly said: string }[];
  readonly droppedTotal?: number;
  readonly dropped?: readonly { readonly text: string; readonly reason: string; readonly line: number }[];
}

export interface RequestUrl {
  readonly url: string;
  readonly normalizedUrl: string;
  readonly registrableDomain: string;
  readonly part: number;
  readonly outcome: UrlResult;
  readonly reason?: string;
  readonly visibility?: Visibility;
  readonly rank?: number;
  readonly checkedAt?: string;
}

export interface MatchPart {
  readonly name: string;
  readonly value: number;
  readonly weight: number;
  readonly contribution: number;
}

export interface Incident {
  readonly id: string;
  readonly profileId: number;
  readonly platform: string;
  readonly accountHandle: string;
  readonly accountUrl: string;
  readonly displayName?: string;
  readonly incidentType: IncidentType;
  readonly severity: Urgency;
  readonly status: IncidentStatus;
  readonly score: number;
  readonly signals: readonly Signal[];
  readonly parts?: readonly MatchPart[];
  readonly detectedAt: string;
  readonly updatedAt: string;
  readonly reportId?: string;
  readonly needsPerson?: boolean;
  readonly reason?: string;
  readonly note?: string;
}

export interface Watch {
  readonly profileId: number;
  readonly handles: readonly string[];
  readonly names: readonly string[];
  readonly bio?: string;
  readonly avatarHashes?: readonly string[];
  readonly followers?: number;
  readonly own?: readonly string[];
  readonly platforms: readonly string[];
  readonly intervalSeconds?: number;
  readonly budget: number;
  readonly nextScanAt?: string;
  readonly updatedAt: string;
}

export interface Scan {
  readonly id: string;
  readonly profileId: number;
  readonly platform: string;
  readonly status: SocialScanStatus;
  readonly paused?: boolean;
  readonly progress?: number;
  readonly accountsChecked?: number;
  readonly incidentsFound?: number;
  readonly startedAt: string;
  readonly completedAt?: string;
  readonly resumeAt?: string;
  readonly error?: string;
}

export interface Platform {
  readonly platform: string;
  readonly status: PlatformState;
  readonly rateLimit?: number;
  readonly rateLimitRemaining?: number;
  readonly latencyMs?: number;
  readonly consecutiveErrors?: number;
  readonly message?: string;
}
