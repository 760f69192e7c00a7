/** The first view: the figures and their week, what needs a person now, and what just happened. */

import { useSnapshot } from "@autodmca/realtime/react";
import { Suspense, lazy } from "react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { SUBMISSIONS, toldFigures, withSubmission } from "../lib/accounts";
import type { Dashboard, Submission } from "../lib/accounts";
import { usePage } from "../lib/context";
import { DETECTIONS, withDetection } from "../lib/detections";
import type { Detection } from "../lib/detections";
import { count, percent, words } from "../lib/format";
import { DELISTING, INCIDENTS, TEMPLATES, withIncident, withRequest, withTemplate } from "../lib/lists";
import { useRecent } from "../lib/recent";
import { useReread } from "../lib/reread";
import { sentence } from "../lib/sentences";
import type { Incident, RequestSummary, TemplateSummary } from "../lib/types";
import { waitingOf } from "../lib/waiting";
import type { Work } from "../lib/waiting";
import { Badge } from "../ui/badge";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault, Live } from "../ui/states";
import { Time } from "../ui/time";

/** Its chart is drawn when the rest of the view is there. */
const Week = lazy(() => import("./overview-week"));

const MOST_SHOWN = 6;

export function Overview(): ReactElement {
  const { api, session } = usePage();
  const board = useReread<Dashboard, "dashboard_stats_update">("overview figures", {
    types: ["dashboard_stats_update"],
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<Dashboard>("accounts", "/v1/dashboard", signal);
      return { asOf, state: body };
    },
    apply: toldFigures,
  });
  const incidents = useSnapshot("overview incidents", {
    types: INCIDENTS,
    snapshot: (signal) => api.list<Incident>("social_media", "/v1/incidents", signal),
    apply: withIncident,
  });
  const requests = useSnapshot("overview requests", {
    types: DELISTING,
    snapshot: (signal) => api.list<RequestSummary>("delisting", "/v1/requests", signal),
    apply: withRequest,
  });
  const templates = useSnapshot("overview templates", {
    types: TEMPLATES,
    snapshot: (signal) => api.list<TemplateSummary>("templates", "/v1/templates", signal),
    apply: withTemplate,
  });
  const submissions = useReread<Submission[], (typeof SUBMISSIONS)[number]>("overview submissions", {
    types: SUBMISSIONS,
    snapshot: (signal) => api.list<Submission>("accounts", "/v1/submissions?status=failed", signal),
    isNews: ({ type, payload }) => type === "submission_status_change" && payload.status === "failed",
    apply: withSubmission,
  });
  const detections = useSnapshot("overview detections", {
    types: DETECTIONS,
    filters: { verdict: "possible_match" },
    snapshot: (signal) => api.list<Detection>("ai_detection", "/v1/detections?verdict=possible_match", signal),
    apply: withDetection,
  });
  const views = [board, incidents, requests, templates, submissions, detections];
  const waiting = waitingOf({
    incidents: incidents.state,
    requests: requests.state,
    templates: templates.state,
    submissions: submissions.state,
    detections: detections.state,
  });
  const isLoading = views.some(({ state, error }) => state === undefined && error === undefined);
  const faults = views.filter(({ error }) => error !== undefined);
  return (
    <>
      <Head title="Overview" about={`Signed in as ${session.name}.`} />
      {faults[0] && <Fault error={faults[0].error} onRetry={() => faults.forEach(({ reload }) => reload())} />}
      <Stats board={board.state} incidents={incidents.state} requests={requests.state} templates={templates.state} />
      <div className="columns">
        <Panel title="Needs you now" actions={<span className="quiet small">{count(waiting.length)}</span>}>
          {waiting.length ? (
            <ul className="lines">
              {waiting.slice(0, MOST_SHOWN).map(({ to, text, status, at }) => (
                <li key={to}>
                  <Badge status={status} />
                  <Link href={to}>{text}</Link>
                  <span className="when">
                    <Time at={at} />
                  </span>
                </li>
              ))}
              {waiting.length > MOST_SHOWN && (
                <li className="quiet small">and {count(waiting.length - MOST_SHOWN)} more, in their views</li>
              )}
            </ul>
          ) : isLoading ? (
            <Empty title="Looking…" />
          ) : (
            <Empty title="Nothing waits for you">What a person must decide appears here.</Empty>
          )}
        </Panel>
        <Panel title="The last seven days">
          <div className="course">
            <Suspense fallback={null}>{board.state && <Week days={board.state.days} />}</Suspense>
          </div>
        </Panel>
      </div>
      <div className="columns">
        <Panel title="Newest impersonators" actions={<Link href="/social">All incidents</Link>}>
          <Live view={incidents} what="incidents">
            {(items) =>
              items.length ? (
                <ul className="lines">
                  {newestOf(items).map(({ id, accountHandle, platform, severity, status, detectedAt }) => (
                    <li key={id}>
                      <Badge status={severity} />
                      <Link href={`/social/incidents/${id}`}>{accountHandle}</Link>
                      <span className="quiet small">
                        {words(platform)}, {words(status).toLowerCase()}
                      </span>
                      <span className="when">
                        <Time at={detectedAt} />
                      </span>
                    </li>
                  ))}
                </ul>
              ) : (
                <Empty title="No impersonator found">Accounts that pass themselves off as you appear here.</Empty>
              )
            }
          </Live>
        </Panel>
        <Happened />
      </div>
    </>
  );
}

const newestOf = (items: readonly Incident[]): Incident[] =>
  [...items].sort((a, b) => (a.detectedAt < b.detectedAt ? 1 : -1)).slice(0, MOST_SHOWN);

function Stats({ board, incidents, requests, templates }: Pick<Work, "incidents" | "requests" | "templates"> & {
  board: Dashboard | undefined;
}): ReactElement {
  const shown = (value: number | undefined): string => (value === undefined ? "–" : count(value));
  const rate = board?.successRatePercent;
  const figures: readonly (readonly [string, string, (string | undefined)?])[] = [
    ["Profiles", shown(board?.totalProfiles), change(board?.profilesChange)],
    ["Scans running", shown(board?.activeScans), change(board?.scansChange)],
    ["Infringements", shown(board?.infringementsFound), change(board?.infringementsChange)],
    ["Takedowns sent", shown(board?.takedownsSent), change(board?.takedownsChange)],
    ["Gone", rate === undefined || rate === null ? "–" : percent(rate), "of what was decided on"],
    ["Open incidents", shown(incidents?.filter(({ status }) => !["resolved", "false_positive"].includes(status)).length)],
    ["Open requests", shown(requests?.filter(({ status }) => ["queued", "submitted", "under_review", "appealed"].includes(status)).length)],
    ["Templates in use", shown(templates?.filter(({ usableVersion }) => usableVersion !== undefined).length)],
  ];
  return (
    <dl className="figures">
      {figures.map(([name, value, note]) => (
        <div key={name} className="panel">
          <dt className="name">{name}</dt>
          <dd className="value">{value}</dd>
          <dd className="quiet small">{note ?? "\u00a0"}</dd>
        </div>
      ))}
    </dl>
  );
}

const change = (value: number | undefined): string | undefined =>
  value ? `${value > 0 ? "+" : "−"}${count(Math.abs(value))} to the week before` : undefined;

function Happened(): ReactElement {
  const events = useRecent();
  return (
    <Panel title="Just now" actions={<Link href="/activity">All activity</Link>}>
      {events.length ? (
        <ul className="lines">
          {events.slice(0, MOST_SHOWN).map((event) => (
            <li key={event.id}>
              <span className="grow break">{sentence(event)}</span>
              <span className="when">
                <Time at={event.timestamp} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <Empty title="Nothing in the last minutes">Events appear here as they happen.</Empty>
      )}
    </Panel>
  );
}
