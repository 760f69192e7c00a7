/** What an event says, in a line. */

import type { AutodmcaEvent } from "@autodmca/realtime";
import { count, percent, words } from "./format";

export function sentence(event: AutodmcaEvent): string {
  switch (event.type) {
    case "dashboard_stats_update":
      return `${count(event.payload.infringementsFound)} infringements, ${count(event.payload.takedownsSent)} takedowns`;
    case "submission_progress":
      return `${words(event.payload.stage)}: ${percent(event.payload.progress)} of ${count(event.payload.urlsTotal)} URLs`;
    case "submission_status_change":
      return `${event.payload.title ?? event.payload.id}: ${moved(event.payload)}`;
    case "profile_activity":
      return `${event.payload.profileName}: ${event.payload.description}`;
    case "profile_scan_update":
      return `Scan ${percent(event.payload.progress)}, ${count(event.payload.matchesFound)} matches`;
    case "ai_detection_result":
      return `${words(event.payload.verdict)} (${percent(event.payload.confidence * 100)}) at ${event.payload.contentUrl}`;
    case "ai_model_training_update":
      return `${event.payload.modelName}: epoch ${event.payload.epoch} of ${event.payload.totalEpochs}`;
    case "ai_batch_job_status":
      return `${words(event.payload.status)}: ${count(event.payload.itemsProcessed)} of ${count(event.payload.itemsTotal)}`;
    case "social_media_incident":
      return `${event.payload.accountHandle} on ${words(event.payload.platform)}: ${words(event.payload.status).toLowerCase()}`;
    case "social_media_scan_status":
      return `${words(event.payload.platform)}: ${words(event.payload.status).toLowerCase()}, ${percent(event.payload.progress)}`;
    case "social_media_platform_status":
      return `${words(event.payload.platform)} is ${words(event.payload.status).toLowerCase()}`;
    case "template_validation":
      return `${event.payload.name} v${event.payload.templateVersion} is ${event.payload.valid ? "valid" : "not valid"}`;
    case "template_approval":
      return `${event.payload.name} v${event.payload.templateVersion}: ${moved(event.payload)}`;
    case "template_usage":
      return `${event.payload.name}: ${event.payload.outcome ?? "used"}, ${count(event.payload.usageCount)} uses`;
    case "delisting_request_status":
      return `${words(event.payload.engine)}: ${moved(event.payload)}, ${count(event.payload.urlsRemoved)} of ${count(event.payload.urlsTotal)} removed`;
    case "visibility_change":
      return `${event.payload.url} is ${words(event.payload.newVisibility).toLowerCase()} on ${words(event.payload.engine)}`;
    case "engine_response":
      return `${words(event.payload.engine)} answers ${event.payload.httpStatus}: ${event.payload.message || words(event.payload.responseCode)}`;
    case "system_notification":
    case "user_notification":
      return `${event.payload.title}: ${event.payload.message}`;
    default:
      return "";
  }
}

function moved({ previousStatus, status }: { previousStatus: string; status: string }): string {
  return `${words(previousStatus).toLowerCase()} → ${words(status).toLowerCase()}`;
}
