/** A delisting request with its URLs, and how its events change it. Pure. */

import type { EventOf, Visibility } from "@autodmca/realtime";
import type { DelistingRequest, RequestUrl } from "./types";

export interface Whole {
  readonly request: DelistingRequest;
  readonly urls: readonly RequestUrl[];
}

export const TYPES = ["delisting_request_status", "engine_response", "visibility_change"] as const;
type Told = EventOf<(typeof TYPES)[number]>;
const SEEN: readonly Visibility[] = ["visible", "demoted"];

export const isSeen = (visibility: Visibility | undefined): boolean => visibility !== undefined && SEEN.includes(visibility);

/** How many of them the engine shows. */
export const visibleOf = (urls: readonly RequestUrl[]): number => urls.filter(({ visibility }) => isSeen(visibility)).length;

/** The request after an event of its own; outcomes and visibility move, the text of the request does not. */
export function after(whole: Whole, { type, payload }: Told): Whole {
  switch (type) {
    case "delisting_request_status": {
      const { requestId, previousStatus, nextPollAt, ...fields } = payload;
      if (Date.parse(fields.updatedAt) < Date.parse(whole.request.updatedAt)) return whole;
      return { ...whole, request: { ...whole.request, ...fields } };
    }
    case "engine_response": {
      const told = new Map(payload.urlOutcomes.map((each) => [each.url, each]));
      const urls = whole.urls.map((each) => ({ ...each, ...pick(told.get(each.url) ?? told.get(each.normalizedUrl)) }));
      return told.size ? { ...whole, urls } : whole;
    }
    case "visibility_change": {
      const urls = whole.urls.map((each) =>
        each.normalizedUrl === payload.normalizedUrl && !isLater(each.checkedAt, payload.checkedAt)
          ? { ...each, visibility: payload.newVisibility, checkedAt: payload.checkedAt, ...(payload.newRank && { rank: payload.newRank }) }
          : each,
      );
      return { ...whole, urls };
    }
  }
}

const isLater = (known: string | undefined, at: string): boolean => known !== undefined && Date.parse(known) > Date.parse(at);

function pick(told: { outcome: RequestUrl["outcome"]; reason?: string } | undefined): Partial<RequestUrl> {
  return told ? { outcome: told.outcome, ...(told.reason && { reason: told.reason }) } : {};
}
