/** One model: its epochs as they come, how it compares with the one that judges, and having it judge. */

import type { ReactElement } from "react";
import { Link } from "wouter";
import { usePage } from "../lib/context";
import { MODELS, isOver } from "../lib/detections";
import type { Comparison, Epoch, Model as Whole } from "../lib/detections";
import { count, figure, percent } from "../lib/format";
import { useOptimisticState } from "../lib/optimistic";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Chart } from "../ui/chart";
import { Confirmed } from "../ui/dialog";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault, Live } from "../ui/states";
import { Time } from "../ui/time";

export default function Model({ id }: { id: string }): ReactElement {
  const { api } = usePage();
  const view = useReread<Whole, "ai_model_training_update">(`model ${id}`, {
    types: MODELS,
    filters: { jobId: id },
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<Whole>("ai_detection", `/v1/models/${id}`, signal);
      return { asOf, state: body };
    },
    apply: (held, { payload }) => ({ ...held, status: payload.status }),
  });
  return (
    <Live view={view} what="the model">
      {(model) => <Shown model={model} reload={view.reload} />}
    </Live>
  );
}

function Shown({ model, reload }: { model: Whole; reload: () => void }): ReactElement {
  const { api } = usePage();
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(model, JSON.stringify(model));
  const { epochs = [], comparison } = shown;
  const path = `/v1/models/${model.id}`;
  const activate = (evenIfWorse: boolean): void =>
    void act({ active: true }, async () => {
      const { model: judges } = await api.send<{ model?: Whole }>("ai_detection", "POST", `${path}/activate`, { evenIfWorse });
      return judges;
    }).then(reload);
  const cancel = (): void => void act({ status: "cancelled" }, () => api.send<Whole>("ai_detection", "POST", `${path}/cancel`)).then(reload);
  return (
    <>
      <Head title={shown.name} about={<Link href="/detections/models">All models</Link>}>
        <Badge status={shown.status} />
        {shown.active && <Badge status="judges_now" tone="good" />}
        {!isOver(shown) && (
          <Confirmed
            label="Stop fitting"
            title="Fit this model no further?"
            text="A model that is stopped never judges. This cannot be undone."
            confirm="Stop for good"
            disabled={isBusy}
            onConfirm={cancel}
          />
        )}
        {shown.status === "completed" && !shown.active && !comparison?.worse && (
          <button type="button" className="primary" disabled={isBusy} onClick={() => activate(false)}>
            Have it judge
          </button>
        )}
        {shown.status === "completed" && !shown.active && comparison?.worse && (
          <Confirmed
            label="Have it judge"
            title="This model is worse"
            text={`Than ${comparison.against}: ${comparison.reasons?.join("; ") ?? "on the pictures that were held out"}. It judges from the next detection on.`}
            confirm="Have it judge even so"
            disabled={isBusy}
            onConfirm={() => activate(true)}
          />
        )}
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      {shown.error && (
        <p className="notice">
          <span>It could not be fitted: {shown.error}.</span>
        </p>
      )}
      <Panel title={`Epochs, ${count(epochs.length)} of ${count(shown.totalEpochs)} at most`} actions={<span className="quiet small">{count(shown.sampleCount)} pairs</span>}>
        {epochs.length ? <Course epochs={epochs} /> : <Empty title={isOver(shown) ? "None was finished" : "The first one is under way"} />}
      </Panel>
      <div className="columns">
        <Panel title="Beside the one that judged">{comparison ? <Beside comparison={comparison} /> : <Empty title="Not compared yet">It is compared when it is done.</Empty>}</Panel>
        <Panel title="About">
          <dl className="facts body">
            <dt>Version</dt>
            <dd className="mono">{shown.version}</dd>
            <dt>Made</dt>
            <dd>
              <Time at={shown.createdAt} />
            </dd>
            <dt>Done</dt>
            <dd>
              <Time at={shown.endedAt} />
            </dd>
          </dl>
        </Panel>
      </div>
    </>
  );
}

function Course({ epochs }: { epochs: readonly Epoch[] }): ReactElement {
  const numbers = epochs.map(({ number }) => number);
  const of = (name: "loss" | "chosenLoss" | "precision" | "recall" | "rocAuc"): number[] => epochs.map((each) => each[name]);
  const best = [...epochs].reverse().find((each) => each.best);
  return (
    <>
      <div className="charts">
        <div>
          <Chart
            label="Loss, by epoch"
            times={numbers}
            at={count}
            isTime={false}
            lines={[
              { name: "Loss, learned from", colour: "--accent", values: of("loss") },
              { name: "Loss, that decides when to stop", colour: "--warn", values: of("chosenLoss") },
            ]}
            format={(value) => value.toPrecision(2)}
          />
        </div>
        <div>
          <Chart
            label="Quality on pictures that were held out, by epoch"
            times={numbers}
            at={count}
            isTime={false}
            lines={[
              { name: "Precision", colour: "--good", values: of("precision") },
              { name: "Recall", colour: "--accent", values: of("recall") },
              { name: "ROC-AUC", colour: "--bad", values: of("rocAuc") },
            ]}
            format={figure}
          />
        </div>
      </div>
      {best && (
        <p className="body small">
          Best so far: epoch {count(best.number)}, precision {percent(best.precision * 100)}, recall {percent(best.recall * 100)}, threshold {figure(best.threshold)}.
        </p>
      )}
    </>
  );
}

function Beside({ comparison: c }: { comparison: Comparison }): ReactElement {
  const rows: readonly (readonly [string, number, number])[] = [
    ["Precision", c.precision, c.activePrecision],
    ["Recall", c.recall, c.activeRecall],
    ["ROC-AUC", c.rocAuc, c.activeRocAuc],
  ];
  return (
    <div className="body stack">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">On {count(c.pairs)} pairs held out</th>
            <th scope="col">This one</th>
            <th scope="col">{c.against}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, mine, theirs]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td data-better={mine > theirs}>{percent(mine * 100)}</td>
              <td data-better={theirs > mine}>{percent(theirs * 100)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="small">{c.worse ? `Worse: ${c.reasons?.join("; ") ?? ""}.` : "It is no worse, and may judge."}</p>
    </div>
  );
}
