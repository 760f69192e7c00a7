/** The state of each family as a hook. A component is drawn again only when what it gets has changed. */

import { useCallback } from "react";
import type { DashboardStatsUpdate } from "../../../events/generated/events";
import { useRealtimeClient } from "./context";
import type { DelistingUpdate, FamilyViews, SubmissionUpdate } from "./families";
import { among, entries, keyOf, useSelection } from "./select";

/** The newest figures of the user's dashboard; null until they come. */
export function useDashboardRealtime(): { readonly dashboardStats: DashboardStatsUpdate | null } {
  return useSelection(useRealtimeClient(), "dashboard", "", (view) => view);
}

export interface SubmissionRealtime {
  /** By submission id. */
  readonly submissionUpdates: ReadonlyMap<string, SubmissionUpdate>;
  readonly getSubmissionUpdate: (id: string) => SubmissionUpdate | undefined;
}

/** How submissions are doing: those of `ids`, or all. */
export function useSubmissionRealtime(ids?: readonly string[]): SubmissionRealtime {
  const { submissionUpdates } = useSelection(useRealtimeClient(), "submissions", keyOf(ids), (view) => ({
    submissionUpdates: entries(view.submissionUpdates, ids),
  }));
  const getSubmissionUpdate = useCallback((id: string) => submissionUpdates.get(id), [submissionUpdates]);
  return { submissionUpdates, getSubmissionUpdate };
}

/** What happened to profiles, newest first (100 at most), and how their scans are doing: of `ids`, or all. */
export function useProfileRealtime(ids?: readonly number[]): FamilyViews["profiles"] {
  return useSelection(useRealtimeClient(), "profiles", keyOf(ids), ({ profileActivities, profileScans }) => ({
    profileActivities: among(profileActivities, ids, ({ profileId }) => profileId),
    profileScans: ids
      ? new Map([...profileScans].filter(([, { profileId }]) => ids.includes(profileId)))
      : profileScans,
  }));
}

/** What detection found, newest first (50 at most), and how trainings and batches are doing. */
export function useAIContentRealtime(): FamilyViews["ai"] {
  return useSelection(useRealtimeClient(), "ai", "", (view) => view);
}

/** Incidents, newest first (50 at most), scans, and how the platforms answer: of `platforms`, or all. */
export function useSocialMediaRealtime(platforms?: readonly string[]): FamilyViews["social-media"] {
  return useSelection(useRealtimeClient(), "social-media", keyOf(platforms), (view) => ({
    socialMediaIncidents: among(view.socialMediaIncidents, platforms, ({ platform }) => platform),
    socialMediaScans: platforms
      ? new Map([...view.socialMediaScans].filter(([, { platform }]) => platforms.includes(platform)))
      : view.socialMediaScans,
    platformStatuses: entries(view.platformStatuses, platforms),
  }));
}

export interface DelistingRealtime {
  /** By request id. */
  readonly delistingUpdates: ReadonlyMap<string, DelistingUpdate>;
  readonly getDelistingUpdate: (id: string) => DelistingUpdate | undefined;
  /** Newest first, 50 at most, also of addresses without a request where no `ids` are asked for. */
  readonly visibilityChanges: FamilyViews["delisting"]["visibilityChanges"];
}

/** How delisting requests are doing: those of `ids`, or all. */
export function useDelistingRealtime(ids?: readonly string[]): DelistingRealtime {
  const { delistingUpdates, visibilityChanges } = useSelection(
    useRealtimeClient(),
    "delisting",
    keyOf(ids),
    (view) => ({
      delistingUpdates: entries(view.delistingUpdates, ids),
      visibilityChanges: among(view.visibilityChanges, ids, ({ requestId }) => requestId ?? ""),
    }),
  );
  const getDelistingUpdate = useCallback((id: string) => delistingUpdates.get(id), [delistingUpdates]);
  return { delistingUpdates, getDelistingUpdate, visibilityChanges };
}

/** Words to the user and to everybody, newest first, 100 at most. */
export function useNotificationsRealtime(): FamilyViews["notifications"] {
  return useSelection(useRealtimeClient(), "notifications", "", (view) => view);
}
