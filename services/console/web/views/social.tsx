/** Impersonators: incidents, scans, whom we watch, and how the platforms answer. */

import { useSnapshot } from "@autodmca/realtime/react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { usePage } from "../lib/context";
import { percent, words } from "../lib/format";
import { INCIDENTS, withIncident } from "../lib/lists";
import type { Incident } from "../lib/types";
import { Badge } from "../ui/badge";
import { Listing, newestBy } from "../ui/listing";
import type { Choices } from "../ui/listing";
import { Head } from "../ui/panel";
import { Empty } from "../ui/states";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";
import { Platforms, Scans } from "./social-scans";
import { Watches } from "./social-watches";

const TABS = ["incidents", "scans", "watches", "platforms"] as const;

const COLUMNS: readonly Column<Incident>[] = [
  {
    name: "Account",
    width: "minmax(9rem, 2fr)",
    cell: ({ id, accountHandle, displayName, platform }) => (
      <div className="break">
        <Link className="main-link" href={`/social/incidents/${id}`}>
          {accountHandle}
        </Link>
        <div className="quiet small">
          {words(platform)}
          {displayName && `, “${displayName}”`}
        </div>
      </div>
    ),
  },
  {
    name: "Status",
    width: "minmax(6.5rem, 1.2fr)",
    cell: ({ status, needsPerson }) => (
      <span className="row">
        <Badge status={status} {...(status === "detected" && { tone: "warn" as const })} />
        {needsPerson && <Badge status="needs_person">Needs you</Badge>}
      </span>
    ),
  },
  { name: "Severity", width: "minmax(4.5rem, 0.7fr)", wide: true, cell: ({ severity }) => <Badge status={severity} /> },
  { name: "Score", width: "5rem", wide: true, end: true, cell: ({ score }) => percent(Math.round(score * 100)) },
  { name: "Signals", width: "minmax(8rem, 1.5fr)", wide: true, cell: ({ signals }) => <span className="quiet">{signals.map(words).join(", ")}</span> },
  { name: "Found", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ detectedAt }) => <Time at={detectedAt} /> },
];

export default function Social({ tab }: { tab: string }): ReactElement {
  return (
    <>
      <Head title="Social media" about="Accounts that pass themselves off as the people we watch." />
      <nav className="tabs" aria-label="Social media">
        {TABS.map((each) => (
          <Link key={each} href={`/social/${each}`} aria-current={each === tab ? "page" : undefined}>
            {words(each)}
          </Link>
        ))}
      </nav>
      {tab === "incidents" && <Incidents />}
      {tab === "scans" && <Scans />}
      {tab === "watches" && <Watches />}
      {tab === "platforms" && <Platforms />}
      {!TABS.some((each) => each === tab) && <Empty title="There is no such view">Choose one above.</Empty>}
    </>
  );
}

const SHOWN: Choices<Incident> = {
  "All": () => true,
  "Open": ({ status }) => !["resolved", "false_positive"].includes(status),
  "Needs you": ({ needsPerson, status }) => needsPerson === true || status === "detected",
  "High and critical": ({ severity }) => severity === "high" || severity === "critical",
};

function Incidents(): ReactElement {
  const { api } = usePage();
  const view = useSnapshot("incidents", {
    types: INCIDENTS,
    snapshot: (signal) => api.list<Incident>("social_media", "/v1/incidents", signal),
    apply: withIncident,
  });
  return (
    <Listing
      title="Incidents, newest first"
      label="Incidents"
      view={view}
      columns={COLUMNS}
      keyOf={({ id }) => id}
      choices={SHOWN}
      order={newestBy(({ detectedAt }) => detectedAt)}
      empty={{ title: "No incidents", text: "Have somebody watched; what a scan finds appears here." }}
    />
  );
}
