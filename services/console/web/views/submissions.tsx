/** Takedown submissions: all of them, live, and a new one. */

import { useState } from "react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { SUBMISSIONS, withSubmission } from "../lib/accounts";
import type { Submission } from "../lib/accounts";
import { usePage } from "../lib/context";
import { count, duration, words } from "../lib/format";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Listing, byStatus } from "../ui/listing";
import type { Choices } from "../ui/listing";
import { Head } from "../ui/panel";
import { Progress } from "../ui/progress";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";
import { NewSubmission } from "./submission-new";

const COLUMNS: readonly Column<Submission>[] = [
  {
    name: "Submission",
    width: "minmax(8rem, 2fr)",
    cell: ({ id, title, parts }) => (
      <div className="break">
        <Link className="main-link" href={`/submissions/${id}`}>
          {title}
        </Link>
        <div className="quiet small">{parts.map(({ engine }) => words(engine)).join(", ")}</div>
      </div>
    ),
  },
  { name: "Status", width: "minmax(6rem, 1fr)", cell: ({ status }) => <Badge status={status} /> },
  { name: "Step", width: "minmax(6rem, 1fr)", wide: true, cell: ({ stage, status }) => (status === "completed" ? "–" : words(stage)) },
  {
    name: "Progress",
    width: "minmax(7rem, 1.5fr)",
    wide: true,
    cell: ({ progress, etaSeconds }) => <Progress value={progress}>{etaSeconds !== undefined && `, ${duration(etaSeconds)} left`}</Progress>,
  },
  { name: "URLs", width: "7rem", wide: true, end: true, cell: ({ urlsProcessed, urlsTotal }) => `${count(urlsProcessed)} of ${count(urlsTotal)}` },
  { name: "Changed", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ updatedAt }) => <Time at={updatedAt} /> },
];

const SHOWN: Choices<Submission> = {
  "All submissions": () => true,
  "On their way": ({ status }) => ["pending", "processing", "active"].includes(status),
  ...byStatus(["completed", "failed", "cancelled"]),
};

export default function Submissions(): ReactElement {
  const { api } = usePage();
  const [isNew, setNew] = useState(false);
  const view = useReread<Submission[], (typeof SUBMISSIONS)[number]>("submissions", {
    types: SUBMISSIONS,
    snapshot: (signal) => api.list<Submission>("accounts", "/v1/submissions", signal),
    isNews: ({ payload }, held) => !held.some(({ id }) => id === payload.id), // events do not tell of a new one whole
    apply: withSubmission,
  });
  return (
    <>
      <Head title="Submissions" about="Takedowns on their way, from a template to every engine’s decision.">
        <button type="button" className="primary" onClick={() => setNew(true)}>
          New submission
        </button>
      </Head>
      <Listing
        title="Submissions"
        label="Submissions"
        view={view}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        choices={SHOWN}
        empty={{ title: "No submissions yet", text: "Take an approved template and the URLs that copy a work; each step appears here." }}
      />
      {isNew && <NewSubmission onClose={() => setNew(false)} />}
    </>
  );
}
