/** Models that judge: all of them, which one judges now, and a new one. */

import { useState } from "react";
import type { ReactElement } from "react";
import { Link, useLocation } from "wouter";
import { usePage } from "../lib/context";
import { MODELS } from "../lib/detections";
import type { Model } from "../lib/detections";
import { count, percent } from "../lib/format";
import { useTask } from "../lib/hooks";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Listing } from "../ui/listing";
import { Fault } from "../ui/states";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

const COLUMNS: readonly Column<Model>[] = [
  {
    name: "Model",
    width: "minmax(8rem, 2fr)",
    cell: ({ id, version, name }) => (
      <div className="break">
        <Link className="main-link" href={`/detections/models/${id}`}>
          {name}
        </Link>
        <div className="quiet mono small">{version}</div>
      </div>
    ),
  },
  {
    name: "Status",
    width: "minmax(6rem, 1fr)",
    cell: ({ status, active, error }) => (
      <div>
        <Badge status={status} />
        {active && <Badge status="judges_now" tone="good" />}
        {error && <div className="quiet small">{error}</div>}
      </div>
    ),
  },
  { name: "Epochs", width: "6rem", wide: true, end: true, cell: ({ epochs = [], totalEpochs }) => `${count(epochs.length)} of ${count(totalEpochs)}` },
  { name: "Precision", width: "5.5rem", wide: true, end: true, cell: ({ comparison }) => (comparison ? percent(comparison.precision * 100) : "–") },
  { name: "Recall", width: "5rem", wide: true, end: true, cell: ({ comparison }) => (comparison ? percent(comparison.recall * 100) : "–") },
  { name: "Made", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
];

export function Models(): ReactElement {
  const { api } = usePage();
  const [isNew, setNew] = useState(false);
  const { isBusy, fault, run } = useTask();
  const view = useReread<Model[], "ai_model_training_update">("models", {
    types: MODELS,
    snapshot: (signal) => api.list<Model>("ai_detection", "/v1/models", signal),
    apply: (held, { payload }) => held.map((each) => (each.id === payload.jobId ? { ...each, status: payload.status } : each)),
  });
  const judges = view.state?.some(({ active }) => active);
  const goBack = (): void =>
    void run(async () => {
      await api.send("ai_detection", "POST", "/v1/models/built-in/activate");
      view.reload();
    });
  return (
    <>
      <Fault error={fault} />
      <Listing
        title={judges === false ? "Models; the built-in judgement judges now" : "Models"}
        label="Models"
        view={view}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={{ title: "No models yet", text: "The built-in judgement judges. Fit one to your own pictures and to what you said of verdicts." }}
        actions={
          <>
            {judges && (
              <button type="button" disabled={isBusy} onClick={goBack}>
                Use the built-in judgement
              </button>
            )}
            <button type="button" className="primary" onClick={() => setNew(true)}>
              Fit a model
            </button>
          </>
        }
      />
      {isNew && <Train onClose={() => setNew(false)} />}
    </>
  );
}

interface Draft {
  name: string;
  epochs: string;
  patience: string;
  precision: string;
}

function Train({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const values: Draft = { name: "image-match", epochs: "60", patience: "8", precision: "0.995" };
  const form = useProblemForm<Draft>(values, async ({ name, epochs, patience, precision }) => {
    const given = { name, epochs: Number(epochs), patience: Number(patience), precision: Number(precision) };
    const made = await api.send<Model>("ai_detection", "POST", "/v1/models", given);
    onClose();
    go(`/detections/models/${made.id}`);
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title="Fit a model" onClose={onClose}>
      <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
        <FormFault message={errors.root?.message} />
        <p className="small quiet">It learns from references with examples, and from what you said of verdicts.</p>
        <Field label="Name" hint="Small letters, digits and hyphens." fault={errors.name?.message}>
          {(props) => <input {...props} {...form.register("name")} />}
        </Field>
        <Field label="Epochs at most" fault={errors.epochs?.message}>
          {(props) => <input inputMode="numeric" {...props} {...form.register("epochs")} />}
        </Field>
        <Field label="Epochs without a gain, after which it stops" fault={errors.patience?.message}>
          {(props) => <input inputMode="numeric" {...props} {...form.register("patience")} />}
        </Field>
        <Field label="Precision that is asked for" hint="0.5 to 1: of what it calls a copy, the part that is one." fault={errors.precision?.message}>
          {(props) => <input inputMode="decimal" {...props} {...form.register("precision")} />}
        </Field>
        <FormActions label="Begin fitting" isBusy={isSubmitting} onClose={onClose} />
      </form>
    </Dialog>
  );
}
