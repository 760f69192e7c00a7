/** Programs of a user's own that events are posted to: all of them, and a form for one. */

import type { EventType, NotificationCategory } from "@autodmca/realtime";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link, useLocation } from "wouter";
import { NOTIFICATIONS } from "../lib/accounts";
import type { Webhook } from "../lib/accounts";
import { usePage } from "../lib/context";
import { words } from "../lib/format";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Listing } from "../ui/listing";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

/** What may be posted: every fact that is about one user. */
export const POSTED: readonly EventType[] = [
  "user_notification", "submission_status_change", "profile_activity", "ai_detection_result", "social_media_incident",
  "template_validation", "template_approval", "delisting_request_status", "visibility_change", "engine_response",
];
const CATEGORIES: readonly NotificationCategory[] = ["takedown", "delisting", "incident", "template", "scan", "account"];

const COLUMNS: readonly Column<Webhook>[] = [
  {
    name: "Endpoint",
    width: "minmax(9rem, 3fr)",
    cell: ({ id, url, description }) => (
      <div className="break">
        <Link className="main-link" href={`/preferences/webhooks/${id}`}>
          {description || url}
        </Link>
        {description && <div className="quiet mono small">{url}</div>}
      </div>
    ),
  },
  { name: "State", width: "minmax(5rem, 1fr)", cell: (webhook) => <HookState {...webhook} /> },
  { name: "Events", width: "minmax(8rem, 2fr)", wide: true, cell: ({ types }) => <span className="quiet">{types.map(words).join(", ")}</span> },
  { name: "Since", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
];

export function HookState({ on, failingSince }: Pick<Webhook, "on" | "failingSince">): ReactElement {
  if (!on) return <Badge status="off" tone="quiet" />;
  return failingSince ? <Badge status="failing" tone="warn" /> : <Badge status="on" tone="good" />;
}

export function Webhooks(): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const [isNew, setNew] = useState(false);
  const view = useReread<readonly Webhook[], "user_notification">("webhooks", {
    types: NOTIFICATIONS, // one that is switched off for its failures is told of
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<{ items: readonly Webhook[] }>("accounts", "/v1/webhooks", signal);
      return { asOf, state: body.items };
    },
    isNews: ({ payload }) => payload.relatedType === "webhook",
  });
  return (
    <>
      <Listing
        title="Webhooks"
        label="Webhooks"
        view={view}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={{ title: "No webhooks", text: "Have events posted to a program of yours; each post is signed." }}
        actions={
          <button type="button" className="primary" onClick={() => setNew(true)}>
            New webhook
          </button>
        }
      />
      {isNew && <WebhookForm onClose={() => setNew(false)} onSaved={({ id }) => go(`/preferences/webhooks/${id}`)} />}
    </>
  );
}

interface Draft {
  url: string;
  description: string;
  types: string[];
  categories: string[];
}

export function WebhookForm({ webhook, onClose, onSaved }: {
  webhook?: Webhook;
  onClose: () => void;
  onSaved: (saved: Webhook) => void;
}): ReactElement {
  const { api } = usePage();
  const values: Draft = {
    url: webhook?.url ?? "",
    description: webhook?.description ?? "",
    types: [...(webhook?.types ?? ["user_notification"])],
    categories: [...(webhook?.categories ?? [])],
  };
  const form = useProblemForm<Draft>(values, async (draft) => {
    onSaved(
      webhook
        ? await api.send<Webhook>("accounts", "PUT", `/v1/webhooks/${webhook.id}`, draft)
        : await api.send<Webhook>("accounts", "POST", "/v1/webhooks", draft),
    );
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title={webhook ? "Where events are posted to" : "New webhook"} onClose={onClose}>
      <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
        <FormFault message={errors.root?.message} />
        <Field label="URL" fault={errors.url?.message}>
          {(props) => <input {...props} type="url" className="mono" placeholder="https://" {...form.register("url")} />}
        </Field>
        <Field label="Description" hint="For people. May be empty." fault={errors.description?.message}>
          {(props) => <input {...props} {...form.register("description")} />}
        </Field>
        <Ticks legend="Events" names={POSTED} fault={errors.types?.message} register={() => form.register("types")} />
        <Ticks
          legend="Of notifications only these; none chosen: all"
          names={CATEGORIES}
          fault={errors.categories?.message}
          register={() => form.register("categories")}
        />
        <FormActions label="Save webhook" isBusy={isSubmitting} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function Ticks({ legend, names, fault, register }: {
  legend: string;
  names: readonly string[];
  fault: string | undefined;
  register: () => object;
}): ReactElement {
  return (
    <fieldset className="plain">
      <legend className="label">{legend}</legend>
      <div className="ticks">
        {names.map((name) => (
          <label key={name} className="check">
            <input type="checkbox" value={name} {...register()} />
            {words(name)}
          </label>
        ))}
      </div>
      {fault !== undefined && (
        <p className="fault" role="alert">
          {fault}
        </p>
      )}
    </fieldset>
  );
}
