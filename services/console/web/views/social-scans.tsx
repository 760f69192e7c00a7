/** Scans and how far they are, and the platforms that they ask. */

import { useSnapshot } from "@autodmca/realtime/react";
import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import { count, percent, words } from "../lib/format";
import { useTask } from "../lib/hooks";
import { PLATFORMS, SCANS, withPlatform, withScan } from "../lib/lists";
import type { Platform, Scan } from "../lib/types";
import { Badge } from "../ui/badge";
import { Confirmed } from "../ui/dialog";
import { Listing } from "../ui/listing";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

const ENDED = ["completed", "failed", "cancelled"];

export function Scans(): ReactElement {
  const { api } = usePage();
  const view = useSnapshot("scans", {
    types: SCANS,
    snapshot: (signal) => api.list<Scan>("social_media", "/v1/scans", signal),
    apply: withScan,
  });
  const columns: readonly Column<Scan>[] = [
    {
      name: "Scan",
      width: "minmax(7rem, 1.2fr)",
      cell: ({ platform, profileId }) => (
        <div>
          <strong>{words(platform)}</strong>
          <div className="quiet small">profile {profileId}</div>
        </div>
      ),
    },
    {
      name: "Status",
      width: "minmax(6rem, 1fr)",
      cell: ({ status, paused, resumeAt, error }) => (
        <div>
          <Badge status={paused ? "paused" : status} />
          {resumeAt && status === "rate_limited" && (
            <div className="quiet small">
              goes on <Time at={resumeAt} />
            </div>
          )}
          {error && <div className="quiet small">{error}</div>}
        </div>
      ),
    },
    {
      name: "Progress",
      width: "minmax(6rem, 1.2fr)",
      wide: true,
      cell: ({ progress = 0 }) => (
        <div className="row">
          <span className="bar-track grow" aria-hidden="true">
            <span style={{ width: `${progress}%` }} />
          </span>
          {percent(progress)}
        </div>
      ),
    },
    { name: "Accounts", width: "5rem", wide: true, end: true, cell: ({ accountsChecked = 0 }) => count(accountsChecked) },
    { name: "Found", width: "4rem", wide: true, end: true, cell: ({ incidentsFound = 0 }) => count(incidentsFound) },
    { name: "Begun", width: "minmax(5rem, 0.7fr)", end: true, cell: ({ startedAt }) => <Time at={startedAt} /> },
    { name: "Steer", width: "minmax(7rem, auto)", wide: true, cell: (scan) => <Steer scan={scan} onDone={view.reload} /> },
  ];
  return (
    <Listing
      title="Scans"
      label="Scans"
      view={view}
      columns={columns}
      keyOf={({ id }) => id}
      empty={{ title: "No scans yet", text: "Have somebody watched, and scan." }}
    />
  );
}

function Steer({ scan, onDone }: { scan: Scan; onDone: () => void }): ReactElement {
  const { api } = usePage();
  const { isBusy, fault, run } = useTask();
  const steer = (deed: string): void =>
    void run(async () => {
      await api.send("social_media", "POST", `/v1/scans/${scan.id}/${deed}`);
      onDone();
    });
  if (ENDED.includes(scan.status)) return <span className="quiet">–</span>;
  return (
    <span className="row">
      <button type="button" disabled={isBusy} onClick={() => steer(scan.paused ? "resume" : "pause")}>
        {scan.paused ? "Go on" : "Pause"}
      </button>
      <Confirmed
        label="End"
        title="End this scan?"
        text="What it has found stays. It cannot go on afterwards; another scan begins anew."
        confirm="End the scan"
        disabled={isBusy}
        onConfirm={() => steer("cancel")}
      />
      {fault && <span className="fault">{fault}</span>}
    </span>
  );
}

const OF_PLATFORMS: readonly Column<Platform>[] = [
  { name: "Platform", width: "minmax(6rem, 1fr)", cell: ({ platform }) => <strong>{words(platform)}</strong> },
  { name: "State", width: "minmax(6rem, 1fr)", cell: ({ status }) => <Badge status={status} /> },
  {
    name: "Requests left",
    width: "minmax(6rem, 1fr)",
    end: true,
    cell: ({ rateLimit, rateLimitRemaining }) => (rateLimit === undefined ? "–" : `${count(rateLimitRemaining ?? 0)} of ${count(rateLimit)}`),
  },
  { name: "Answers in", width: "6rem", wide: true, end: true, cell: ({ latencyMs }) => (latencyMs === undefined ? "–" : `${count(latencyMs)} ms`) },
  { name: "Errors in a row", width: "7rem", wide: true, end: true, cell: ({ consecutiveErrors = 0 }) => count(consecutiveErrors) },
  { name: "What it says", width: "minmax(8rem, 2fr)", wide: true, cell: ({ message }) => message ?? "–" },
];

export function Platforms(): ReactElement {
  const { api } = usePage();
  const view = useSnapshot("platforms", {
    types: PLATFORMS,
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<Platform[]>("social_media", "/v1/platforms", signal);
      return { asOf, state: body };
    },
    apply: withPlatform,
  });
  return (
    <Listing
      title="Platforms"
      label="Platforms"
      view={view}
      columns={OF_PLATFORMS}
      keyOf={({ platform }) => platform}
      empty={{ title: "No platform has answered yet", text: "Each appears with its first scan." }}
    />
  );
}
