/** The steps of a template's review that this person may take now. */

import type { TemplateStatus } from "@autodmca/realtime";
import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import type { Optimistic } from "../lib/optimistic";
import type { Template } from "../lib/types";
import { Confirmed } from "../ui/dialog";

type Who = "author" | "reviewer";

interface Step {
  readonly name: string;
  readonly label: string;
  readonly from: readonly TemplateStatus[];
  readonly to: TemplateStatus;
  readonly who: Who;
  /** Said before it is done: what cannot be undone by another step. */
  readonly warning: string;
  readonly needsWords: boolean;
  readonly isDanger: boolean;
}

export const STEPS: readonly Step[] = [
  { name: "submit", label: "Submit for review", from: ["draft"], to: "in_review", who: "author", warning: "This version is frozen: the next edit starts another one.", needsWords: false, isDanger: false },
  { name: "approve", label: "Approve", from: ["in_review", "in_appeal"], to: "approved", who: "reviewer", warning: "From now on this version is the one that notices are made from.", needsWords: false, isDanger: false },
  { name: "request-changes", label: "Request changes", from: ["in_review"], to: "changes_requested", who: "reviewer", warning: "It goes back to its author with your comment.", needsWords: true, isDanger: false },
  { name: "reject", label: "Reject", from: ["in_review", "in_appeal"], to: "rejected", who: "reviewer", warning: "The author can appeal once; this version is not used.", needsWords: true, isDanger: true },
  { name: "appeal", label: "Appeal", from: ["rejected"], to: "in_appeal", who: "author", warning: "Another decision is asked for.", needsWords: true, isDanger: false },
  { name: "deprecate", label: "Deprecate", from: ["approved"], to: "deprecated", who: "author", warning: "It still renders, but people are told to use another one. This cannot be undone.", needsWords: false, isDanger: true },
  { name: "archive", label: "Archive", from: ["deprecated"], to: "archived", who: "author", warning: "It renders no more. This cannot be undone.", needsWords: false, isDanger: true },
];

/** The steps open to somebody: an author never decides on an own template. */
export function stepsFor(template: Pick<Template, "status" | "userId">, userId: number, mayReview: boolean, isAdmin: boolean): Step[] {
  const isOwn = template.userId === userId;
  return STEPS.filter(({ name, from, who }) => {
    if (!from.includes(template.status)) return false;
    if (who === "reviewer") return mayReview && !isOwn;
    return isOwn || (isAdmin && (name === "deprecate" || name === "archive"));
  });
}

export function Review({ template, isBusy, isDirty, act, reload }: {
  template: Template;
  isBusy: boolean;
  isDirty: boolean;
  act: Optimistic<Template>["act"];
  reload: () => void;
}): ReactElement {
  const { api, session } = usePage();
  const isAdmin = session.is("admin");
  const steps = stepsFor(template, session.userId, isAdmin || session.is("reviewer"), isAdmin);
  return (
    <>
      {steps.map(({ name, label, to, warning, needsWords, isDanger }) => (
        <Confirmed
          key={name}
          label={label}
          title={label}
          text={warning}
          confirm={label}
          note={{ label: needsWords ? "Why" : "Comment", isRequired: needsWords }}
          isDanger={isDanger}
          disabled={isBusy || (isDirty && name === "submit")}
          onConfirm={(comment) =>
            void act({ status: to }, () =>
              api.send<Template>("templates", "POST", `/v1/templates/${template.id}/${name}`, {
                version: template.version,
                ...(comment && { comment }),
              }),
            ).then(reload)
          }
        />
      ))}
    </>
  );
}
