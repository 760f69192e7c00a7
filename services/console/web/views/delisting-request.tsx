/** One request: its course, each URL's outcome and visibility, and what a person can do about it. */

import { useSnapshot } from "@autodmca/realtime/react";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { usePage } from "../lib/context";
import { useCourse } from "../lib/course";
import { count, day, whole, words } from "../lib/format";
import { useNow } from "../lib/hooks";
import { useOptimisticState } from "../lib/optimistic";
import { TYPES, after, visibleOf } from "../lib/request";
import type { Whole } from "../lib/request";
import type { DelistingRequest as Request, RequestUrl } from "../lib/types";
import { Badge } from "../ui/badge";
import { Chart } from "../ui/chart";
import { Confirmed } from "../ui/dialog";
import { Download } from "../ui/download";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault, Live } from "../ui/states";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";
import { Outcome } from "./delisting";

const COLUMNS: readonly Column<RequestUrl>[] = [
  {
    name: "URL",
    width: "minmax(9rem, 3fr)",
    cell: ({ url, registrableDomain }) => (
      <div className="break">
        <strong>{registrableDomain}</strong>
        <div className="quiet mono small">{url}</div>
      </div>
    ),
  },
  {
    name: "Outcome",
    width: "minmax(7rem, 1fr)",
    cell: ({ outcome, reason }) => (
      <div>
        <Badge status={outcome} />
        {reason && <div className="quiet small">{reason}</div>}
      </div>
    ),
  },
  { name: "In results", width: "minmax(6rem, 0.8fr)", cell: ({ visibility }) => (visibility ? <Badge status={visibility} /> : "–") },
  { name: "Rank", width: "3.5rem", wide: true, end: true, cell: ({ rank }) => rank ?? "–" },
  { name: "Looked", width: "minmax(5rem, 0.7fr)", wide: true, end: true, cell: ({ checkedAt }) => <Time at={checkedAt} /> },
];

export default function DelistingRequest({ id }: { id: string }): ReactElement {
  const { api } = usePage();
  const view = useSnapshot<Whole, (typeof TYPES)[number]>(`request ${id}`, {
    types: TYPES,
    filters: { requestId: id },
    snapshot: async (signal) => {
      const [{ body: request, asOf }, urls] = await Promise.all([
        api.get<Request>("delisting", `/v1/requests/${id}`, signal),
        api.list<RequestUrl>("delisting", `/v1/requests/${id}/urls`, signal),
      ]);
      return { asOf: asOf < urls.asOf ? asOf : urls.asOf, state: { request, urls: urls.state } };
    },
    apply: after,
  });
  return (
    <>
      <Live view={view} what="the request">
        {(whole) => <Shown whole={whole} reload={view.reload} />}
      </Live>
    </>
  );
}

const OPEN = ["queued", "submitted", "under_review"];

function Shown({ whole, reload }: { whole: Whole; reload: () => void }): ReactElement {
  const { api } = usePage();
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(whole.request, `${whole.request.updatedAt} ${whole.request.status}`);
  const [onlyLeft, setOnlyLeft] = useState(false);
  const path = `/v1/requests/${shown.id}`;
  const command = (patch: Partial<Request>, name: string, body: unknown = {}): void => {
    void act(patch, () => api.send<Request>("delisting", "POST", `${path}/${name}`, body)).then(reload);
  };
  const left = whole.urls.filter(({ outcome }) => outcome === "no_action" || outcome === "pending");
  const urls = onlyLeft ? left : whole.urls;
  return (
    <>
      <Head title={`${words(shown.engine)}: ${count(shown.urlsTotal)} ${shown.urlsTotal === 1 ? "URL" : "URLs"}`} about={<Link href="/delisting">All requests</Link>}>
        <Download label="Download packet" service="delisting" path={`${path}/packet`} name={`${shown.id}.zip`} />
        {["partially_approved", "denied"].includes(shown.status) && (
          <Confirmed
            label="Appeal"
            title="Appeal"
            text="The engine reviews again what it did not remove. An appeal that is sent cannot be taken back."
            confirm="Send appeal"
            note={{ label: "Why the decision is wrong", isRequired: true }}
            isDanger={false}
            disabled={isBusy}
            onConfirm={(text) => command({ status: "appealed" }, "appeal", { text })}
          />
        )}
        {shown.status === "failed" && (
          <button type="button" className="primary" disabled={isBusy} onClick={() => command({ status: "queued" }, "resubmit")}>
            Submit again
          </button>
        )}
        {OPEN.includes(shown.status) && (
          <Confirmed
            label="Cancel request"
            title="Cancel this request?"
            text="It is taken back from the engine, and cannot be opened again: what is not removed by then stays."
            confirm="Cancel it for good"
            disabled={isBusy}
            onConfirm={() => command({ status: "cancelled" }, "cancel")}
          />
        )}
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      {shown.needsPerson && (
        <p className="notice" data-tone="warn">
          <span>A person is needed: {shown.needsPerson}. Take the packet, file it by hand, and say how it went.</span>
        </p>
      )}
      <div className="columns">
        <div className="stack">
          <Panel
            title="URLs"
            actions={
              <label className="check small">
                <input type="checkbox" checked={onlyLeft} onChange={(event) => setOnlyLeft(event.target.checked)} />
                Still up ({count(left.length)})
              </label>
            }
          >
            {urls.length ? (
              <Table label="URLs" items={urls} columns={COLUMNS} keyOf={({ normalizedUrl }) => normalizedUrl} />
            ) : (
              <Empty title="Nothing is left">No URL of this request is still up.</Empty>
            )}
          </Panel>
        </div>
        <div className="stack">
          <Panel title="State">
            <div className="body stack">
              <Outcome of={shown} />
              <dl className="facts">
                <dt>Status</dt>
                <dd>
                  <Badge status={shown.status} />
                </dd>
                <dt>Attempt</dt>
                <dd>{shown.attempt}</dd>
                <dt>Engine&rsquo;s reference</dt>
                <dd className="mono">{shown.externalReference ?? "–"}</dd>
                {shown.query && (
                  <>
                    <dt>Search watched</dt>
                    <dd>{shown.query}</dd>
                  </>
                )}
                {shown.reason && (
                  <>
                    <dt>Reason</dt>
                    <dd>{shown.reason}</dd>
                  </>
                )}
                <dt>Asked for</dt>
                <dd>
                  <Time at={shown.createdAt} />
                </dd>
                <dt>Changed</dt>
                <dd>
                  <Time at={shown.updatedAt} />
                </dd>
              </dl>
            </div>
          </Panel>
          <Visibility request={shown} urls={whole.urls} />
          {!!shown.notes?.length && (
            <Panel title="Notes">
              <ul className="lines">
                {shown.notes.map(({ at, userId, said }) => (
                  <li key={`${at} ${said}`}>
                    <span>{said}</span>
                    <span className="when">
                      user {userId}, <Time at={at} />
                    </span>
                  </li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

const DAY_S = 86_400;

/** From the first look at a URL to now, which the newest read says. */
function Visibility({ request, urls }: { request: Request; urls: readonly RequestUrl[] }): ReactElement {
  const course = useCourse(request.id, request.createdAt);
  const shown = visibleOf(urls);
  const gone = urls.filter(({ visibility }) => visibility !== undefined).length - shown;
  const now = useNow() / 1000;
  const points = [...course, { at: Math.max(now, (course.at(-1)?.at ?? 0) + 1), shown, gone }];
  const isLong = now - (points[0]?.at ?? now) > DAY_S;
  return (
    <Panel title="In the results, over time">
      {course.length ? (
        <Chart
          label="URLs that the engine shows, over time"
          times={points.map(({ at }) => at)}
          {...(isLong && { at: (time: number) => day(time * 1000) })}
          lines={[
            { name: "Shown", colour: "--bad", values: points.map((each) => each.shown) },
            { name: "Not shown", colour: "--good", values: points.map((each) => each.gone) },
          ]}
          format={whole}
        />
      ) : (
        <Empty title="Not looked at yet">The engine’s results are watched from the first answer on.</Empty>
      )}
    </Panel>
  );
}
