// Compiled, never run: `type` tells the payload, and whether there is a user.
import type { AutodmcaEvent, EventPayloads, EventType, TemplateUsage } from "../generated/events";
import { examples } from "../generated/examples";
import { type Filters, OPERATORS, SHORT_KEYS } from "../generated/filters";

export function narrowed(event: AutodmcaEvent): number {
  switch (event.type) {
    case "template_usage": {
      const usage: TemplateUsage = event.payload;
      return usage.usageCount + event.userId;
    }
    case "system_notification": {
      const nobody: undefined = event.userId;
      return nobody ?? 0;
    }
    default:
      return event.timestamp.length;
  }
}

export function payloadOf<T extends EventType>(type: T): EventPayloads[T] {
  return examples[type].payload;
}

export const outcomes: readonly (string | undefined)[] = [payloadOf("template_usage").outcome];

export const filters: Filters = { userId: "*", templateIds: ["t1"], score: { gte: 0.5 } };
export const known: readonly string[] = [...Object.keys(OPERATORS), SHORT_KEYS.templateIds];

// @ts-expect-error an operator that does not exist
export const near: Filters = { score: { near: 0.5 } };

// @ts-expect-error a value that the enumeration does not have
export const lost: TemplateUsage["outcome"] = "lost";

// @ts-expect-error a user's event needs its user
export const orphan: AutodmcaEvent = { ...examples.template_usage, userId: undefined };
