/** One submission: the saga's steps, what went to each engine, and everything that was done for it. */

import type { SubmissionStage } from "@autodmca/realtime";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { SUBMISSIONS, movedSubmission } from "../lib/accounts";
import type { Submission as Whole, SubmissionPart, Trail } from "../lib/accounts";
import { usePage } from "../lib/context";
import { count, duration, moment, words } from "../lib/format";
import { useOptimisticState } from "../lib/optimistic";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Confirmed } from "../ui/dialog";
import { Download } from "../ui/download";
import { Head, Panel } from "../ui/panel";
import { Progress } from "../ui/progress";
import { Fault, Live } from "../ui/states";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

export default function Submission({ id }: { id: string }): ReactElement {
  const { api } = usePage();
  const view = useReread<Trail, (typeof SUBMISSIONS)[number]>(`submission ${id}`, {
    types: SUBMISSIONS,
    filters: { id },
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<Trail>("accounts", `/v1/submissions/${id}/audit`, signal);
      return { asOf, state: body };
    },
    apply: (held, event) => ({ ...held, submission: movedSubmission(held.submission, event) }),
  });
  return (
    <Live view={view} what="the submission">
      {(trail) => <Shown trail={trail} reload={view.reload} />}
    </Live>
  );
}

const STAGES: readonly (readonly [SubmissionStage, string, string])[] = [
  ["validating", "Examine", "The template is examined as it stands."],
  ["rendering", "Write", "The notice is made from the template and the values."],
  ["queueing", "Ask", "A request is made for each engine."],
  ["sending", "Send", "Every engine gets its request."],
  ["confirming", "Decide", "The engines decide on each URL."],
];

type Standing = "done" | "now" | "failed" | "waits";

/** How each of the steps stands. */
export function standings({ stage, status }: Pick<Whole, "stage" | "status">): Standing[] {
  const at = STAGES.findIndex(([name]) => name === stage);
  return STAGES.map((_, index) => {
    if (status === "completed" || index < at) return "done";
    if (index > at) return "waits";
    return status === "failed" || status === "cancelled" ? "failed" : "now";
  });
}

const SAID: Readonly<Record<Standing, string>> = { done: "done", now: "under way", failed: "ended here", waits: "to come" };

function Steps({ of }: { of: Whole }): ReactElement {
  const stood = standings(of);
  return (
    <ol className="steps" aria-label="Steps">
      {STAGES.map(([stage, name, about], index) => {
        const standing = stood[index] ?? "waits";
        return (
          <li key={stage} data-standing={standing} aria-current={standing === "now" ? "step" : undefined} title={about}>
            <strong>{name}</strong>
            <span className="small">{SAID[standing]}</span>
          </li>
        );
      })}
    </ol>
  );
}

const COLUMNS: readonly Column<SubmissionPart>[] = [
  {
    name: "Engine",
    width: "minmax(7rem, 1fr)",
    cell: ({ engine, requestId, externalReference }) => (
      <div className="break">
        {requestId ? (
          <Link className="main-link" href={`/delisting/${requestId}`}>
            {words(engine)}
          </Link>
        ) : (
          <strong>{words(engine)}</strong>
        )}
        {externalReference && <div className="quiet mono small">{externalReference}</div>}
      </div>
    ),
  },
  {
    name: "Stands",
    width: "minmax(7rem, 1.2fr)",
    cell: ({ stage, status, error }) => (
      <div>
        <Badge status={stage === "failed" || stage === "cancelled" ? stage : (status ?? stage)} />
        {error && <div className="fault">{error}</div>}
      </div>
    ),
  },
  { name: "Gone", width: "4rem", end: true, cell: ({ urlsRemoved = 0, urlsNotInIndex = 0 }) => count(urlsRemoved + urlsNotInIndex) },
  { name: "Stay", width: "4rem", wide: true, end: true, cell: ({ urlsNoAction = 0 }) => count(urlsNoAction) },
  { name: "Open", width: "4rem", wide: true, end: true, cell: ({ urlsPending = 0 }) => count(urlsPending) },
  { name: "URLs", width: "4rem", end: true, cell: ({ urlsTotal }) => count(urlsTotal) },
];

const ON_THE_WAY = ["pending", "processing", "active"];

function Shown({ trail, reload }: { trail: Trail; reload: () => void }): ReactElement {
  const { api } = usePage();
  const held = trail.submission;
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(held, `${held.updatedAt} ${held.status}`);
  const path = `/v1/submissions/${held.id}`;
  const command = (status: Whole["status"], name: string): void =>
    void act({ status }, () => api.send<Whole>("accounts", "POST", `${path}/${name}`)).then(reload);
  const failed = shown.parts.filter(({ stage }) => stage === "failed").map(({ engine }) => words(engine));
  return (
    <>
      <Head title={shown.title} about={<Link href="/submissions">All submissions</Link>}>
        <Badge status={shown.status} />
        {shown.status === "failed" && (
          <button type="button" className="primary" disabled={isBusy} onClick={() => command("pending", "retry")}>
            {failed.length ? `Try ${failed.join(", ")} again` : "Try again"}
          </button>
        )}
        {ON_THE_WAY.includes(shown.status) && (
          <Confirmed
            label="Cancel submission"
            title="Cancel this submission?"
            text="What no engine has decided is taken back from it. What is removed stays removed. This cannot be undone."
            confirm="Cancel it for good"
            disabled={isBusy}
            onConfirm={() => command("cancelled", "cancel")}
          />
        )}
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      {shown.status === "failed" && (
        <p className="notice" data-tone="warn">
          <span>{shown.reason ?? "A part has failed."} The rest is kept; only what failed is done again.</span>
        </p>
      )}
      <Panel title="Steps" actions={<span className="quiet small">attempt {shown.attempt}</span>}>
        <div className="body stack">
          <Steps of={shown} />
          <Progress value={shown.progress}>
            {`, ${count(shown.urlsProcessed)} of ${count(shown.urlsTotal)} URLs`}
            {shown.urlsFailed > 0 && `, ${count(shown.urlsFailed)} failed`}
            {shown.etaSeconds !== undefined && ON_THE_WAY.includes(shown.status) && `, about ${duration(shown.etaSeconds)} left`}
          </Progress>
        </div>
      </Panel>
      <Panel title="By engine">
        <Table label="Parts" items={shown.parts} columns={COLUMNS} keyOf={({ engine }) => engine} />
      </Panel>
      <div className="columns">
        <AuditTrail trail={trail} path={path} />
        <Sent trail={trail} />
      </div>
    </>
  );
}

function AuditTrail({ trail: { submission, entries, entriesLeftOut = 0 }, path }: { trail: Trail; path: string }): ReactElement {
  return (
    <Panel
      title="Audit trail"
      actions={
        <>
          <Download label="As text" service="accounts" path={`${path}/audit.txt`} name={`${submission.id}.txt`} />
          <Download label="As JSON" service="accounts" path={`${path}/audit`} name={`${submission.id}.json`} />
        </>
      }
    >
      <ol className="lines trail" aria-label="What was done, the newest first" tabIndex={0}>
        {[...entries].reverse().map(({ number, at, by, said, engine, httpStatus }) => (
          <li key={number}>
            <span className="grow break">
              <strong>{words(by)}</strong>
              {engine && engine !== by && <span className="quiet"> for {words(engine)}</span>}: {said}
              {httpStatus !== undefined && <span className="quiet small"> HTTP {httpStatus}</span>}
            </span>
            <span className="when" title={moment(at)}>
              <Time at={at} />
            </span>
          </li>
        ))}
        {entriesLeftOut > 0 && <li className="quiet small">{count(entriesLeftOut)} entries of the middle are not kept</li>}
      </ol>
    </Panel>
  );
}

function Sent({ trail: { submission, notice, urls, values } }: { trail: Trail }): ReactElement {
  return (
    <Panel title="What is sent">
      <div className="body stack">
        <dl className="facts">
          <dt>Template</dt>
          <dd>
            <Link href={`/templates/${submission.templateId}`}>version {submission.templateVersion ?? "to be chosen"}</Link>
          </dd>
          <dt>Profile</dt>
          <dd>
            <Link href={`/profiles/${submission.profileId}`}>{submission.profileId}</Link>
          </dd>
          {Object.entries(values).map(([name, value]) => (
            <FactOf key={name} name={name} value={value} />
          ))}
        </dl>
        <details>
          <summary>{count(urls.length)} URLs</summary>
          <ul className="mono small break">
            {urls.map((url) => (
              <li key={url}>{url}</li>
            ))}
          </ul>
        </details>
        {notice === undefined ? (
          <p className="quiet small">The notice is not written yet.</p>
        ) : (
          <div className="preview" role="region" aria-label="The notice as it was sent" tabIndex={0}>
            {notice}
          </div>
        )}
      </div>
    </Panel>
  );
}

function FactOf({ name, value }: { name: string; value: unknown }): ReactElement {
  return (
    <>
      <dt className="mono">{name}</dt>
      <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
    </>
  );
}
