/** Templates of notices: one's own, or for reviewers everybody's, live. */

import { useSnapshot } from "@autodmca/realtime/react";
import type { TemplateKind } from "@autodmca/realtime";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link, useLocation } from "wouter";
import { usePage } from "../lib/context";
import { count, percent, words } from "../lib/format";
import { TEMPLATES, withTemplate } from "../lib/lists";
import type { Template, TemplateSummary } from "../lib/types";
import { Badge } from "../ui/badge";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Listing, byStatus } from "../ui/listing";
import type { Choices } from "../ui/listing";
import { Head } from "../ui/panel";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

const KINDS: readonly TemplateKind[] = ["takedown", "counter_notice", "retraction", "anti_circumvention"];

const COLUMNS: readonly Column<TemplateSummary>[] = [
  {
    name: "Template",
    width: "minmax(9rem, 2fr)",
    cell: ({ id, name, kind }) => (
      <div>
        <Link className="main-link" href={`/templates/${id}`}>
          {name}
        </Link>
        <div className="quiet small">{words(kind)}</div>
      </div>
    ),
  },
  {
    name: "Status",
    width: "minmax(7rem, 1.2fr)",
    cell: ({ status, valid }) => (
      <span className="row">
        <Badge status={status} />
        {valid === false && <Badge status="not_valid" />}
      </span>
    ),
  },
  { name: "Version", width: "4.5rem", wide: true, end: true, cell: ({ version }) => version },
  { name: "Uses", width: "4.5rem", wide: true, end: true, cell: ({ usage }) => count(usage.usageCount) },
  {
    name: "Accepted",
    width: "5.5rem",
    wide: true,
    end: true,
    cell: ({ usage }) => (usage.acceptanceRatePercent === undefined ? "–" : percent(usage.acceptanceRatePercent)),
  },
  { name: "Changed", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ updatedAt }) => <Time at={updatedAt} /> },
];

const SHOWN: Choices<TemplateSummary> = {
  "Any status": () => true,
  ...byStatus(["draft", "in_review", "approved", "changes_requested", "rejected", "in_appeal", "deprecated", "archived"]),
};

export default function Templates(): ReactElement {
  const { api, session } = usePage();
  const mayReview = session.is("reviewer") || session.is("admin");
  const [whose, setWhose] = useState<"own" | "all">(mayReview ? "all" : "own");
  const [isNew, setNew] = useState(false);
  // Everybody's events are for administrators alone: a reviewer's list is read again when it is opened.
  const view = useSnapshot(`templates ${whose}`, {
    types: TEMPLATES,
    ...(whose === "all" && session.is("admin") && { filters: { userId: "*" as const } }),
    snapshot: (signal) => api.list<TemplateSummary>("templates", `/v1/templates${whose === "all" ? "?userId=*" : ""}`, signal),
    apply: withTemplate,
  });
  return (
    <>
      <Head title="Templates" about="What notices are made from: written, validated, reviewed, used.">
        {mayReview && (
          <select aria-label="Whose" value={whose} onChange={(event) => setWhose(event.target.value as "own" | "all")} className="short">
            <option value="all">Everybody&rsquo;s</option>
            <option value="own">My own</option>
          </select>
        )}
        <button type="button" onClick={view.reload}>
          Refresh
        </button>
        <button type="button" className="primary" onClick={() => setNew(true)}>
          New template
        </button>
      </Head>
      <Listing
        title={whose === "all" ? "Everybody’s templates" : "My templates"}
        label="Templates"
        view={view}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        choices={SHOWN}
        empty={{ title: "No templates yet", text: "Start one; it is examined against the law as you write." }}
      />
      {isNew && <NewTemplate onClose={() => setNew(false)} />}
    </>
  );
}

const STARTS: Readonly<Record<TemplateKind, string>> = {
  takedown: "Dear {{ host_name }},\n\n",
  counter_notice: "To the designated agent of {{ host_name }},\n\n",
  retraction: "Dear {{ host_name }},\n\nI withdraw the notice of ",
  anti_circumvention: "Dear {{ host_name }},\n\n",
};

interface Draft {
  name: string;
  kind: TemplateKind;
}

function NewTemplate({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const form = useProblemForm<Draft>({ name: "", kind: "takedown" }, async ({ name, kind }) => {
    const draft = { name, kind, body: STARTS[kind], variables: ["host_name"] };
    const made = await api.send<Template>("templates", "POST", "/v1/templates", draft);
    onClose();
    go(`/templates/${made.id}`);
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title="New template" onClose={onClose}>
      <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
        <FormFault message={errors.root?.message} />
        <Field label="Name" hint="For people: what the notices are for." fault={errors.name?.message}>
          {(props) => <input {...props} {...form.register("name")} />}
        </Field>
        <Field label="Kind" hint="Decides which elements the law asks for." fault={errors.kind?.message}>
          {(props) => (
            <select {...props} {...form.register("kind")}>
              {KINDS.map((kind) => (
                <option key={kind} value={kind}>
                  {words(kind)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <FormActions label="Start template" isBusy={isSubmitting} onClose={onClose} />
      </form>
    </Dialog>
  );
}
