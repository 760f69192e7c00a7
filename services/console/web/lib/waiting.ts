/** What a person must decide now, over all that the overview has read. Pure. */

import type { Submission } from "./accounts";
import type { Detection } from "./detections";
import { words } from "./format";
import type { Incident, RequestSummary, TemplateSummary } from "./types";

export interface Waiting {
  readonly to: string;
  readonly text: string;
  readonly status: string;
  readonly at: string;
}

export interface Work {
  readonly incidents?: readonly Incident[] | undefined;
  readonly requests?: readonly RequestSummary[] | undefined;
  readonly templates?: readonly TemplateSummary[] | undefined;
  readonly submissions?: readonly Submission[] | undefined;
  readonly detections?: readonly Detection[] | undefined;
}

/** The newest first. */
export function waitingOf({ incidents = [], requests = [], templates = [], submissions = [], detections = [] }: Work): Waiting[] {
  return [
    ...incidents
      .filter(({ needsPerson, status, severity }) => needsPerson || (status === "detected" && (severity === "high" || severity === "critical")))
      .map(({ id, accountHandle, status, updatedAt }) => ({ to: `/social/incidents/${id}`, text: `${accountHandle}: report it, or set it aside`, status, at: updatedAt })),
    ...requests
      .filter(({ needsPerson, status }) => needsPerson || status === "failed")
      .map(({ id, engine, needsPerson, status, updatedAt }) => ({ to: `/delisting/${id}`, text: `${words(engine)}: ${needsPerson ?? "submit it again"}`, status, at: updatedAt })),
    ...templates
      .filter(({ status, valid }) => status === "changes_requested" || status === "rejected" || (status === "draft" && valid === false))
      .map(({ id, name, status, updatedAt }) => ({ to: `/templates/${id}`, text: name, status, at: updatedAt })),
    ...submissions
      .filter(({ status }) => status === "failed")
      .map(({ id, title, status, updatedAt }) => ({ to: `/submissions/${id}`, text: `${title}: try again what failed`, status, at: updatedAt })),
    ...detections
      .filter(({ verdict, feedback }) => verdict === "possible_match" && feedback === undefined)
      .map(({ id, createdAt, doneAt }) => ({ to: `/detections/found/${id}`, text: "Say whether this is a copy", status: "possible_match", at: doneAt ?? createdAt })),
  ].sort((a, b) => (a.at < b.at ? 1 : -1));
}
