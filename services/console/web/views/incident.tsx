/** One incident: why we think so, how its report stands, and what a person decides. */

import type { ReactElement } from "react";
import { Link } from "wouter";
import { usePage } from "../lib/context";
import { figure, moment, percent, words } from "../lib/format";
import { INCIDENTS } from "../lib/lists";
import { useOptimisticState } from "../lib/optimistic";
import { useReread } from "../lib/reread";
import type { Incident as Whole, MatchPart } from "../lib/types";
import { Badge } from "../ui/badge";
import { Confirmed } from "../ui/dialog";
import { Head, Panel } from "../ui/panel";
import { Fault, Live } from "../ui/states";
import { Time } from "../ui/time";

export default function Incident({ id }: { id: string }): ReactElement {
  const { api } = usePage();
  const view = useReread<Whole, (typeof INCIDENTS)[number]>(`incident ${id}`, {
    types: INCIDENTS,
    filters: { incidentId: id },
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<Whole>("social_media", `/v1/incidents/${id}`, signal);
      return { asOf, state: body };
    },
    // Whether a person is needed, and why, is not in the event: the incident is read again.
    apply: (held, { payload }) => ({ ...held, status: payload.status, severity: payload.severity }),
  });
  return (
    <Live view={view} what="the incident">
      {(incident) => <Shown incident={incident} reload={view.reload} />}
    </Live>
  );
}

interface Deed {
  readonly path: string;
  readonly label: string;
  readonly from: readonly Whole["status"][];
  readonly to: Whole["status"];
  readonly text: string;
  readonly isDanger: boolean;
}

export const DEEDS: readonly Deed[] = [
  { path: "report", label: "Report account", from: ["detected", "resolved"], to: "reported", text: "A report goes to the platform. It cannot be taken back.", isDanger: false },
  { path: "escalate", label: "Escalate", from: ["under_review"], to: "escalated", text: "The account is reported once more. This cannot be taken back.", isDanger: false },
  { path: "false-positive", label: "No impersonator", from: ["detected", "under_review"], to: "false_positive", text: "The account is left alone from now on. This cannot be undone.", isDanger: true },
  { path: "resolve", label: "Resolve", from: ["reported", "under_review", "escalated"], to: "resolved", text: "The incident is closed. It can be reported again if the account comes back.", isDanger: true },
];

function Shown({ incident, reload }: { incident: Whole; reload: () => void }): ReactElement {
  const { api } = usePage();
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(incident, `${incident.updatedAt} ${incident.status}`);
  const decide = ({ path, to }: Deed, note: string): void =>
    void act({ status: to }, () =>
      api.send<Whole>("social_media", "POST", `/v1/incidents/${incident.id}/${path}`, note ? { note } : {}),
    ).then(reload);
  return (
    <>
      <Head title={shown.accountHandle} about={<Link href="/social/incidents">All incidents</Link>}>
        <Badge status={shown.severity} />
        <Badge status={shown.status} />
        {DEEDS.filter(({ from }) => from.includes(shown.status)).map((deed) => (
          <Confirmed
            key={deed.path}
            label={deed.label}
            title={deed.label}
            text={deed.text}
            confirm={deed.label}
            note={{ label: "Note" }}
            isDanger={deed.isDanger}
            disabled={isBusy}
            onConfirm={(note) => decide(deed, note)}
          />
        ))}
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      {shown.needsPerson && (
        <p className="notice" data-tone="warn">
          <span>This waits for you: {shown.reason ?? "the platform did not say how its review went"}.</span>
        </p>
      )}
      <div className="columns">
        <Panel title="Why" actions={<strong>Score {percent(Math.round(shown.score * 1000) / 10)}</strong>}>
          <div className="body stack">
            <p className="row">
              {shown.signals.map((each) => (
                <Badge key={each} status={each} />
              ))}
            </p>
            {!!shown.parts?.length && <Parts parts={shown.parts} />}
          </div>
        </Panel>
        <Panel title="The account">
          <dl className="facts body">
            <dt>Platform</dt>
            <dd>{words(shown.platform)}</dd>
            <dt>Handle</dt>
            <dd>{shown.accountHandle}</dd>
            {shown.displayName && (
              <>
                <dt>Name shown</dt>
                <dd>{shown.displayName}</dd>
              </>
            )}
            <dt>Address</dt>
            <dd>
              {/* Never a link that is followed by mistake: who is behind it may be a swindler. */}
              <span className="mono">{shown.accountUrl}</span>
            </dd>
            <dt>Passes for</dt>
            <dd>profile {shown.profileId}</dd>
            <dt>Found</dt>
            <dd>{moment(shown.detectedAt)}</dd>
            <dt>Report</dt>
            <dd className="mono">{shown.reportId ?? "not filed"}</dd>
            {shown.note && (
              <>
                <dt>Note</dt>
                <dd>{shown.note}</dd>
              </>
            )}
            <dt>Changed</dt>
            <dd>
              <Time at={shown.updatedAt} />
            </dd>
          </dl>
        </Panel>
      </div>
    </>
  );
}

/** What each signal added to the log-odds; to the right what speaks for an impersonator. */
function Parts({ parts }: { parts: readonly MatchPart[] }): ReactElement {
  const most = Math.max(...parts.map(({ contribution }) => Math.abs(contribution)), 0.1);
  return (
    <ul className="signals" aria-label="What counted, the heaviest first">
      {parts
        .filter(({ contribution }) => Math.abs(contribution) > 0.005)
        .map(({ name, value, contribution }) => (
          <li key={name}>
            <span title={`measured ${figure(value)}`}>{words(name)}</span>
            <span className="bar-track" aria-hidden="true">
              <span data-tone={contribution > 0 ? "bad" : "good"} style={{ width: `${(100 * Math.abs(contribution)) / most}%` }} />
            </span>
            <span className="end">
              {contribution > 0 ? "+" : "−"}
              {figure(Math.abs(contribution))}
            </span>
          </li>
        ))}
    </ul>
  );
}
