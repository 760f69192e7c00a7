/** Protected profiles: who they are, how their newest scan stands, and a new one. */

import { useState } from "react";
import type { ReactElement } from "react";
import { Link, useLocation } from "wouter";
import { PROFILES, isAboutProfile, isScanning, scanProgress } from "../lib/accounts";
import type { Profile } from "../lib/accounts";
import { usePage } from "../lib/context";
import { count, percent, words } from "../lib/format";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Listing } from "../ui/listing";
import type { Choices } from "../ui/listing";
import { Head } from "../ui/panel";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";
import { ProfileForm } from "./profile-form";

const COLUMNS: readonly Column<Profile>[] = [
  {
    name: "Profile",
    width: "minmax(8rem, 2fr)",
    cell: ({ id, name, handles = [] }) => (
      <div className="break">
        <Link className="main-link" href={`/profiles/${id}`}>
          {name}
        </Link>
        <div className="quiet small">{handles.map(({ platform, handle }) => `${handle} on ${words(platform)}`).join(", ") || "no accounts yet"}</div>
      </div>
    ),
  },
  {
    name: "Protection",
    width: "minmax(6.5rem, 1fr)",
    cell: ({ watched, watchError, referencesError }) => (
      <span className="row">
        <Badge status={watched ? "watched" : "not_watched"} tone={watched ? "good" : "quiet"} />
        {(watchError ?? referencesError) && <Badge status="trouble" tone="warn" />}
      </span>
    ),
  },
  {
    name: "Newest scan",
    width: "minmax(8rem, 1.2fr)",
    wide: true,
    cell: ({ scan }) =>
      scan ? (
        <span className="row">
          <Badge status={scan.status} />
          {isScanning({ scan }) && <span className="quiet small">{percent(Math.round(scanProgress(scan)))}</span>}
        </span>
      ) : (
        <span className="quiet">none yet</span>
      ),
  },
  { name: "Pictures", width: "5rem", wide: true, end: true, cell: ({ references = [] }) => count(references.length) },
  { name: "Changed", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ updatedAt }) => <Time at={updatedAt} /> },
];

const SHOWN: Choices<Profile> = {
  "All profiles": () => true,
  Watched: ({ watched }) => watched,
  "Being scanned": isScanning,
  "In trouble": ({ watchError, referencesError }) => (watchError ?? referencesError) !== undefined,
};

export default function Profiles(): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const [isNew, setNew] = useState(false);
  const view = useReread<Profile[], (typeof PROFILES)[number]>("profiles", {
    types: PROFILES,
    snapshot: (signal) => api.list<Profile>("accounts", "/v1/profiles", signal),
    isNews: isAboutProfile,
    apply: (held, event) =>
      event.type === "profile_scan_update"
        ? held.map((each) => (each.scan?.id === event.payload.scanId ? { ...each, scan: { ...each.scan, status: event.payload.status } } : each))
        : held,
  });
  return (
    <>
      <Head title="Profiles" about="Whom we protect: their names, accounts and pictures.">
        <button type="button" className="primary" onClick={() => setNew(true)}>
          Protect somebody
        </button>
      </Head>
      <Listing
        title="Profiles"
        label="Profiles"
        view={view}
        columns={COLUMNS}
        keyOf={({ id }) => String(id)}
        choices={SHOWN}
        empty={{ title: "Nobody is protected yet", text: "Say who it is; impersonators and copies of their pictures are looked for from then on." }}
      />
      {isNew && <ProfileForm onClose={() => setNew(false)} onSaved={({ id }) => go(`/profiles/${id}`)} />}
    </>
  );
}
