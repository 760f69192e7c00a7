/** One batch: how far it is, what it found, and which items gave nothing. */

import type { ReactElement } from "react";
import { Link } from "wouter";
import { usePage } from "../lib/context";
import { BATCHES, isOver, movedBatch } from "../lib/detections";
import type { Batch as Whole, Detection, Failure } from "../lib/detections";
import { count, duration, figure, words } from "../lib/format";
import { useOptimisticState } from "../lib/optimistic";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Confirmed } from "../ui/dialog";
import { Listing } from "../ui/listing";
import { Head, Panel } from "../ui/panel";
import { Progress } from "../ui/progress";
import { Fault, Live } from "../ui/states";
import { COLUMNS } from "./detections";

interface Read {
  readonly batch: Whole;
  readonly found: readonly Detection[];
  readonly failures: readonly Failure[];
}

const MOST = 100;

export default function Batch({ id }: { id: string }): ReactElement {
  const { api } = usePage();
  const view = useReread<Read, "ai_batch_job_status">(`batch ${id}`, {
    types: BATCHES,
    filters: { jobId: id },
    snapshot: async (signal) => {
      const [{ body: batch, asOf }, found, failures] = await Promise.all([
        api.get<Whole>("ai_detection", `/v1/batches/${id}`, signal),
        api.get<{ items: Detection[] }>("ai_detection", `/v1/detections?batchId=${id}&verdict=match&verdict=possible_match&limit=${MOST}`, signal),
        api.get<{ items: Failure[] }>("ai_detection", `/v1/batches/${id}/failures?limit=${MOST}`, signal),
      ]);
      return { asOf, state: { batch, found: found.body.items, failures: failures.body.items } };
    },
    apply: (held, event) => ({ ...held, batch: movedBatch(held.batch, event) }),
  });
  return (
    <Live view={view} what="the batch">
      {(read) => <Shown {...read} reload={view.reload} />}
    </Live>
  );
}

function Shown({ batch, found, failures, reload }: Read & { reload: () => void }): ReactElement {
  const { api } = usePage();
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(batch, `${batch.status} ${batch.itemsProcessed}`);
  const cancel = (): void =>
    void act({ status: "cancelled" }, () => api.send<Whole>("ai_detection", "POST", `/v1/batches/${batch.id}/cancel`)).then(reload);
  return (
    <>
      <Head title={`A batch of ${count(shown.itemsTotal)} URLs`} about={<Link href="/detections/batches">All batches</Link>}>
        <Badge status={shown.status} />
        {!isOver(shown) && (
          <Confirmed
            label="Cancel batch"
            title="Cancel this batch?"
            text="No more of its URLs are looked at. What was found stays. This cannot be undone."
            confirm="Cancel it for good"
            disabled={isBusy}
            onConfirm={cancel}
          />
        )}
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      <Panel title="Progress">
        <div className="body">
          <Progress value={shown.progress}>
            {`, ${count(shown.itemsProcessed)} of ${count(shown.itemsTotal)} looked at, ${count(shown.matchesFound)} matches, ${count(shown.itemsFailed)} failed`}
            {shown.throughputPerSecond !== undefined && `, ${figure(shown.throughputPerSecond)} a second`}
            {shown.etaSeconds !== undefined && !isOver(shown) && `, about ${duration(shown.etaSeconds)} left`}
          </Progress>
          {shown.error && <p className="fault">{shown.error}</p>}
        </div>
      </Panel>
      <div className="columns">
        <Listing
          title={`Matches, newest ${MOST}`}
          label="Matches"
          view={{ state: found, error: undefined, reload }}
          columns={COLUMNS}
          keyOf={({ id }) => id}
          empty={{ title: "No match yet", text: "What is, or may be, a copy appears here." }}
        />
        <Panel title="Gave nothing usable">
          {failures.length ? (
            <ul className="lines">
              {failures.map(({ item, reasonCode, reason }) => (
                <li key={item}>
                  <span className="mono">line {count(item + 1)}</span>
                  <Badge status={reasonCode} tone="warn" />
                  <span className="grow break small">{words(reason)}</span>
                </li>
              ))}
            </ul>
          ) : (
            <p className="state">Nothing has failed.</p>
          )}
        </Panel>
      </div>
    </>
  );
}
