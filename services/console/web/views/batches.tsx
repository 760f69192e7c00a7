/** Many URLs compared at once: all batches with how far they are, and a new one. */

import { useState } from "react";
import type { ReactElement } from "react";
import { Link, useLocation } from "wouter";
import { usePage } from "../lib/context";
import { BATCHES, movedBatch } from "../lib/detections";
import type { Batch } from "../lib/detections";
import { count, duration, lines } from "../lib/format";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Listing } from "../ui/listing";
import { ProfileChoice, useProfiles } from "../ui/profile-choice";
import { Progress } from "../ui/progress";
import { Fault } from "../ui/states";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

const COLUMNS: readonly Column<Batch>[] = [
  {
    name: "Batch",
    width: "minmax(7rem, 1.5fr)",
    cell: ({ id, itemsTotal, profileId }) => (
      <div>
        <Link className="main-link" href={`/detections/batches/${id}`}>
          {count(itemsTotal)} URLs
        </Link>
        <div className="quiet small">profile {profileId}</div>
      </div>
    ),
  },
  { name: "Status", width: "minmax(6rem, 1fr)", cell: ({ status }) => <Badge status={status} /> },
  {
    name: "Progress",
    width: "minmax(7rem, 2fr)",
    wide: true,
    cell: ({ progress, etaSeconds, status }) => (
      <Progress value={progress}>{etaSeconds !== undefined && status === "running" && `, ${duration(etaSeconds)} left`}</Progress>
    ),
  },
  { name: "Matches", width: "5rem", wide: true, end: true, cell: ({ matchesFound }) => count(matchesFound) },
  { name: "Failed", width: "4.5rem", wide: true, end: true, cell: ({ itemsFailed }) => count(itemsFailed) },
  { name: "Begun", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
];

export function Batches(): ReactElement {
  const { api } = usePage();
  const [isNew, setNew] = useState(false);
  const view = useReread<Batch[], "ai_batch_job_status">("batches", {
    types: BATCHES,
    snapshot: (signal) => api.list<Batch>("ai_detection", "/v1/batches", signal),
    isNews: ({ payload }, held) => !held.some(({ id }) => id === payload.jobId),
    apply: (held, event) => held.map((each) => movedBatch(each, event)),
  });
  return (
    <>
      <Listing
        title="Batches"
        label="Batches"
        view={view}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={{ title: "No batches yet", text: "Hand over up to 10,000 URLs; each becomes a detection." }}
        actions={
          <button type="button" className="primary" onClick={() => setNew(true)}>
            New batch
          </button>
        }
      />
      {isNew && <NewBatch onClose={() => setNew(false)} />}
    </>
  );
}

interface Draft {
  profileId: string;
  urls: string;
}

function NewBatch({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const { profiles = [], error } = useProfiles();
  const form = useProblemForm<Draft>({ profileId: "", urls: "" }, async ({ profileId, urls }) => {
    const given = { profileId: Number(profileId || profiles[0]?.id), urls: lines(urls) };
    const made = await api.send<Batch>("ai_detection", "POST", "/v1/batches", given);
    onClose();
    go(`/detections/batches/${made.id}`);
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title="New batch" onClose={onClose}>
      <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
        <Fault error={error} />
        <FormFault message={errors.root?.message} />
        <Field label="Profile" fault={errors.profileId?.message}>
          {(props) => <ProfileChoice profiles={profiles} {...props} {...form.register("profileId")} />}
        </Field>
        <Field label="URLs" hint="Of pictures and videos, one a line." fault={errors.urls?.message}>
          {(props) => <textarea className="mono" rows={8} {...props} {...form.register("urls")} />}
        </Field>
        <FormActions label="Start batch" isBusy={isSubmitting || profiles.length === 0} onClose={onClose} />
      </form>
    </Dialog>
  );
}
