/** Requests to search engines: all of them, live, and a new one. */

import { useSnapshot } from "@autodmca/realtime/react";
import type { Engine } from "@autodmca/realtime";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link, useLocation } from "wouter";
import { usePage } from "../lib/context";
import { count, words } from "../lib/format";
import { DELISTING, withRequest } from "../lib/lists";
import type { DelistingRequest, RequestSummary } from "../lib/types";
import { Badge } from "../ui/badge";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Listing, byStatus } from "../ui/listing";
import type { Choices } from "../ui/listing";
import { Head } from "../ui/panel";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

const ENGINES: readonly Engine[] = ["google", "bing", "yandex", "duckduckgo"];

const COLUMNS: readonly Column<RequestSummary>[] = [
  {
    name: "Request",
    width: "minmax(8rem, 2fr)",
    cell: ({ id, engine, urlsTotal }) => (
      <Link className="main-link" href={`/delisting/${id}`}>
        {words(engine)}, {count(urlsTotal)} {urlsTotal === 1 ? "URL" : "URLs"}
      </Link>
    ),
  },
  {
    name: "Status",
    width: "minmax(7rem, 1.2fr)",
    cell: ({ status, needsPerson }) => (
      <span className="row">
        <Badge status={status} />
        {needsPerson && <Badge status="needs_person">Needs you</Badge>}
      </span>
    ),
  },
  { name: "Outcome", width: "minmax(8rem, 1.5fr)", wide: true, cell: (request) => <Outcome of={request} /> },
  { name: "Attempt", width: "4.5rem", wide: true, end: true, cell: ({ attempt }) => attempt },
  { name: "Changed", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ updatedAt }) => <Time at={updatedAt} /> },
];

/** How many of a request's URLs came to which end, as a bar and in words. */
export function Outcome({ of }: { of: RequestSummary }): ReactElement {
  const gone = of.urlsRemoved + of.urlsNotInIndex;
  const share = (value: number): string => `${(100 * value) / Math.max(1, of.urlsTotal)}%`;
  return (
    <div>
      <div className="bar-track" aria-hidden="true">
        <span data-tone="good" style={{ width: share(gone) }} />
        <span data-tone="bad" style={{ width: share(of.urlsNoAction) }} />
      </div>
      <span className="quiet small">
        {count(gone)} gone, {count(of.urlsNoAction)} stay, {count(of.urlsPending)} open
      </span>
    </div>
  );
}

const SHOWN: Choices<RequestSummary> = {
  "All requests": () => true,
  "Needs you": ({ needsPerson }) => needsPerson !== undefined,
  ...Object.fromEntries(ENGINES.map((each) => [words(each), ({ engine }: RequestSummary) => engine === each])),
  ...byStatus(["under_review", "partially_approved", "denied", "failed"]),
};

export default function Delisting(): ReactElement {
  const { api } = usePage();
  const [isNew, setNew] = useState(false);
  const view = useSnapshot("requests", {
    types: DELISTING,
    snapshot: (signal) => api.list<RequestSummary>("delisting", "/v1/requests", signal),
    apply: withRequest,
  });
  return (
    <>
      <Head title="Delisting" about="Requests to search engines, and what became of each URL.">
        <button type="button" className="primary" onClick={() => setNew(true)}>
          New request
        </button>
      </Head>
      <Listing
        title="Requests"
        label="Requests"
        view={view}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        choices={SHOWN}
        empty={{ title: "No requests yet", text: "Ask a search engine to delist URLs; each answer appears here." }}
      />
      {isNew && <NewRequest onClose={() => setNew(false)} />}
    </>
  );
}

interface Draft {
  engine: Engine;
  text: string;
  query: string;
  work: string;
}

function NewRequest({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const form = useProblemForm<Draft>({ engine: "google", text: "", query: "", work: "" }, async (draft) => {
    const made = await api.send<DelistingRequest>("delisting", "POST", "/v1/requests", {
      engine: draft.engine,
      text: draft.text,
      notice: { work: draft.work },
      ...(draft.query.trim() && { query: draft.query.trim() }),
    });
    onClose();
    go(`/delisting/${made.id}`);
  }, { urls: "text" });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title="New request" onClose={onClose}>
      <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
        <FormFault message={errors.root?.message} />
        <Field label="Search engine" fault={errors.engine?.message}>
          {(props) => (
            <select {...props} {...form.register("engine")}>
              {ENGINES.map((engine) => (
                <option key={engine} value={engine}>
                  {words(engine)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field
          label="URLs, or a notice that holds them"
          hint="In any form: a list, a mail, hxxps://evil[.]com."
          fault={errors.text?.message}
        >
          {(props) => <textarea {...props} rows={6} {...form.register("text")} />}
        </Field>
        <Field label="The work" hint="What the pages copy." fault={errors.work?.message}>
          {(props) => <input {...props} {...form.register("work")} />}
        </Field>
        <Field label="Search to watch" hint="In its results the URLs' ranks are followed. May be empty." fault={errors.query?.message}>
          {(props) => <input {...props} {...form.register("query")} />}
        </Field>
        <FormActions label="Submit request" isBusy={isSubmitting} onClose={onClose} />
      </form>
    </Dialog>
  );
}
