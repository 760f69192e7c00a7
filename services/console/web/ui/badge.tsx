/** A status in a word, with a tone that says how it is; never by colour alone. */

import type { ReactElement } from "react";
import { words } from "../lib/format";

export type Tone = "good" | "warn" | "bad" | "busy" | "quiet";

const TONES: Readonly<Record<Exclude<Tone, "quiet">, readonly string[]>> = {
  good: ["approved", "completed", "removed", "resolved", "operational", "active", "accepted", "valid", "not_indexed", "hidden", "not_in_index", "no_match", "done", "takedown_sent"],
  warn: ["partially_approved", "changes_requested", "rate_limited", "degraded", "medium", "expired", "in_appeal", "appealed", "escalated", "demoted", "possible_match", "completed_with_errors", "paused", "warning", "needs_person", "deprecated"],
  bad: ["denied", "failed", "rejected", "critical", "high", "down", "auth_required", "no_action", "visible", "detected", "match", "error", "not_valid", "relisted", "infringement_detected"],
  busy: ["queued", "submitted", "under_review", "in_review", "running", "processing", "reported", "pending", "maintenance", "waiting", "asked", "going"],
};

export function toneOf(status: string): Tone {
  const found = Object.entries(TONES).find(([, names]) => names.includes(status));
  return (found?.[0] as Tone | undefined) ?? "quiet";
}

export function Badge({ status, tone, children }: { status: string; tone?: Tone; children?: string }): ReactElement {
  return (
    <span className="badge" data-tone={tone ?? toneOf(status)}>
      {children ?? words(status)}
    </span>
  );
}
