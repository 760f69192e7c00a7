/** How a user is told: by category, at which hours, and which programs are told, too. */

import { useSnapshot } from "@autodmca/realtime/react";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import type { NotificationCategory, Urgency } from "@autodmca/realtime";
import { NOTIFICATIONS } from "../lib/accounts";
import type { Choice, Preferences as Kept } from "../lib/accounts";
import { usePage } from "../lib/context";
import { words } from "../lib/format";
import { Field, FormFault, useProblemForm } from "../ui/form";
import { Head, Panel } from "../ui/panel";
import { Empty, Live } from "../ui/states";
import { Webhooks } from "./webhooks";

const TABS = { notifications: "How you are told", webhooks: "Webhooks" } as const;

export default function Preferences({ tab }: { tab: string }): ReactElement {
  return (
    <>
      <Head title="Preferences" about="What you hear of, when, and who else does." />
      <nav className="tabs" aria-label="Preferences">
        {Object.entries(TABS).map(([each, name]) => (
          <Link key={each} href={`/preferences/${each}`} aria-current={each === tab ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {tab === "notifications" && <Told />}
      {tab === "webhooks" && <Webhooks />}
      {!(tab in TABS) && <Empty title="There is no such view">Choose one above.</Empty>}
    </>
  );
}

function Told(): ReactElement {
  const { api } = usePage();
  const view = useSnapshot("preferences", {
    types: NOTIFICATIONS,
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<Kept>("accounts", "/v1/notifications/preferences", signal);
      return { asOf, state: body };
    },
    apply: (held) => held, // no event tells of them: they are read when the view opens, and after a gap
  });
  return (
    <Live view={view} what="preferences">
      {(kept) => <Form kept={kept} />}
    </Live>
  );
}

const ABOUT: Readonly<Record<NotificationCategory, string>> = {
  takedown: "Reports that succeeded, submissions that failed",
  delisting: "Decisions of search engines, pages that are back",
  incident: "Impersonators that were found",
  template: "Decisions of reviewers",
  scan: "Scans, batches and trainings that failed",
  account: "Your account and your webhooks",
};
const CATEGORIES = Object.keys(ABOUT) as NotificationCategory[];
const WAYS: Readonly<Record<Choice["way"], string>> = { now: "At once", digest: "In the daily digest", off: "Not at all" };
const LEAST: Readonly<Record<Urgency, string>> = { low: "Everything", medium: "Medium and above", high: "High and above", critical: "Critical only" };

interface Draft {
  categories: Record<NotificationCategory, { way: Choice["way"]; least: Urgency }>;
  isQuiet: boolean;
  begins: string;
  ends: string;
  digestAt: string;
  zone: string;
}

const draftOf = ({ categories, quiet, digestAt, zone }: Kept): Draft => ({
  categories: { ...categories },
  isQuiet: !!quiet,
  begins: quiet?.begins ?? "22:00",
  ends: quiet?.ends ?? "07:00",
  digestAt,
  zone,
});

function Form({ kept }: { kept: Kept }): ReactElement {
  const { api } = usePage();
  const [isSaved, setSaved] = useState(false);
  const form = useProblemForm<Draft>(draftOf(kept), async ({ categories, isQuiet, begins, ends, digestAt, zone }, form) => {
    const given = { categories, digestAt, zone, ...(isQuiet && { quiet: { begins, ends } }) };
    form.reset(draftOf(await api.send<Kept>("accounts", "PUT", "/v1/notifications/preferences", given)));
    setSaved(true);
  });
  const { errors, isDirty, isSubmitting } = form.formState;
  const isQuiet = form.watch("isQuiet");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = form.watch("zone");
  return (
    <form className="stack" onSubmit={(event) => void form.onSubmit(event)} noValidate>
      <FormFault message={errors.root?.message} />
      <div className="columns">
        <Panel title="What you are told">
          {errors.categories?.message && <FormFault message={String(errors.categories.message)} />}
          <ul className="lines choices">
            {CATEGORIES.map((each) => (
              <li key={each}>
                <span className="grow">
                  <strong>{words(each)}</strong>
                  <br />
                  <span className="quiet small">{ABOUT[each]}</span>
                </span>
                <select aria-label={`${words(each)}: when`} className="short" {...form.register(`categories.${each}.way`)}>
                  {Object.entries(WAYS).map(([way, text]) => (
                    <option key={way} value={way}>
                      {text}
                    </option>
                  ))}
                </select>
                <select aria-label={`${words(each)}: what`} className="short" {...form.register(`categories.${each}.least`)}>
                  {Object.entries(LEAST).map(([least, text]) => (
                    <option key={least} value={least}>
                      {text}
                    </option>
                  ))}
                </select>
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="When">
          <div className="body form">
            <label className="check">
              <input type="checkbox" {...form.register("isQuiet")} />
              Quiet hours: nothing but what is critical
            </label>
            <div className="pair">
              <Field label="From" fault={errors.begins?.message}>
                {(props) => <input {...props} type="time" disabled={!isQuiet} {...form.register("begins")} />}
              </Field>
              <Field label="To" fault={errors.ends?.message}>
                {(props) => <input {...props} type="time" disabled={!isQuiet} {...form.register("ends")} />}
              </Field>
            </div>
            <Field label="Daily digest at" fault={errors.digestAt?.message}>
              {(props) => <input {...props} type="time" {...form.register("digestAt")} />}
            </Field>
            <Field label="Time zone" hint="In which these times are meant." fault={errors.zone?.message}>
              {(props) => <input {...props} {...form.register("zone")} />}
            </Field>
            {zone !== here && (
              <button type="button" onClick={() => form.setValue("zone", here, { shouldDirty: true })}>
                Use {here}, this device’s
              </button>
            )}
          </div>
        </Panel>
      </div>
      <div className="row">
        <button type="submit" className="primary" disabled={!isDirty || isSubmitting}>
          Save preferences
        </button>
        <span className="quiet small" role="status">
          {isSubmitting ? "Saving…" : isDirty ? "Not saved" : isSaved ? "Saved" : ""}
        </span>
      </div>
    </form>
  );
}
