/** One protected profile: its history, its newest scan platform by platform, and what is known of it. */

import type { EventOf } from "@autodmca/realtime";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { PROFILES, activityOf, isAboutProfile, isScanning } from "../lib/accounts";
import type { Activity, Profile as Whole, ProfileScan } from "../lib/accounts";
import { usePage } from "../lib/context";
import { count, percent, words } from "../lib/format";
import { useTask } from "../lib/hooks";
import { useOptimisticState } from "../lib/optimistic";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault, Live } from "../ui/states";
import { Time } from "../ui/time";
import { ProfileForm, bodyOf, draftOf } from "./profile-form";

interface Read {
  readonly profile: Whole;
  readonly etag: string;
  readonly history: readonly Activity[];
}

const MOST_LINES = 100;

/** A new line of the history at once; what it did to the profile is read. */
function after(held: Read, event: EventOf<(typeof PROFILES)[number]>): Read {
  if (event.type === "profile_scan_update") {
    const { scan } = held.profile;
    if (scan?.id !== event.payload.scanId) return held;
    const sources = scan.sources.map((each) => (each.platform === event.payload.currentSource ? { ...each, status: "running" } : each));
    return { ...held, profile: { ...held.profile, scan: { ...scan, status: event.payload.status, sources } } };
  }
  const line = activityOf(event, (held.history[0]?.number ?? 0) + 1);
  const isKnown = held.history.some(({ occurredAt, description }) => occurredAt === line.occurredAt && description === line.description);
  return isKnown ? held : { ...held, history: [line, ...held.history].slice(0, MOST_LINES) };
}

export default function Profile({ id }: { id: string }): ReactElement {
  const { api } = usePage();
  const view = useReread<Read, (typeof PROFILES)[number]>(`profile ${id}`, {
    types: PROFILES,
    filters: { profileId: Number(id) || 0 },
    snapshot: async (signal) => {
      const [{ body: profile, etag, asOf }, history] = await Promise.all([
        api.get<Whole>("accounts", `/v1/profiles/${id}`, signal),
        api.get<{ items: Activity[] }>("accounts", `/v1/profiles/${id}/activity?limit=${MOST_LINES}`, signal),
      ]);
      return { asOf: asOf < history.asOf ? asOf : history.asOf, state: { profile, etag: etag ?? "", history: history.body.items } };
    },
    isNews: isAboutProfile,
    apply: after,
  });
  return (
    <Live view={view} what="the profile">
      {(read) => <Shown {...read} reload={view.reload} />}
    </Live>
  );
}

function Shown({ profile, etag, history, reload }: Read & { reload: () => void }): ReactElement {
  const { api } = usePage();
  const [isEdited, setEdited] = useState(false);
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(profile, profile.updatedAt);
  const scanning = useTask();
  const watch = (watched: boolean): void => {
    const body = bodyOf({ ...draftOf(profile), watched }, profile);
    void act({ watched }, () => api.send<Whole>("accounts", "PUT", `/v1/profiles/${profile.id}`, body, etag)).then(reload);
  };
  const scan = (): void =>
    void scanning.run(async () => {
      await api.send("social_media", "POST", "/v1/scans", { profileId: profile.id });
    });
  return (
    <>
      <Head title={shown.name} about={<Link href="/profiles">All profiles</Link>}>
        <Badge status={shown.watched ? "watched" : "not_watched"} tone={shown.watched ? "good" : "quiet"} />
        {shown.watched && (
          <button type="button" disabled={scanning.isBusy || isScanning(shown)} onClick={scan}>
            {isScanning(shown) ? "Scanning…" : "Scan now"}
          </button>
        )}
        <button type="button" disabled={isBusy} onClick={() => watch(!shown.watched)}>
          {shown.watched ? "Watch no more" : "Watch again"}
        </button>
        <button type="button" className="primary" disabled={isBusy} onClick={() => setEdited(true)}>
          Edit
        </button>
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      <Fault error={scanning.fault} />
      {[shown.watchError, shown.referencesError].map(
        (trouble) =>
          trouble && (
            <p key={trouble} className="notice" data-tone="warn">
              <span>Not everything of this profile is looked for: {trouble}.</span>
            </p>
          ),
      )}
      <div className="columns">
        <History lines={history} />
        <div className="stack">
          <Scan scan={shown.scan} />
          <Known profile={shown} />
        </div>
      </div>
      {isEdited && (
        <ProfileForm
          profile={profile}
          etag={etag}
          onClose={() => setEdited(false)}
          onSaved={() => {
            setEdited(false);
            reload();
          }}
        />
      )}
    </>
  );
}

const TONES = { infringement_detected: "bad", takedown_sent: "good", scan_completed: "good" } as const;

function History({ lines }: { lines: readonly Activity[] }): ReactElement {
  return (
    <Panel title="History">
      {lines.length ? (
        <ul className="lines">
          {lines.map(({ number, type, description, occurredAt, actor, infringement }) => (
            <li key={`${number} ${occurredAt}`}>
              <Badge status={type} tone={type in TONES ? TONES[type as keyof typeof TONES] : "quiet"} />
              <span className="grow break">
                {infringement ? <Link href={`/social/incidents/${infringement.id}`}>{description}</Link> : description}
                {actor === "user" && <span className="quiet small"> by you</span>}
              </span>
              <span className="when">
                <Time at={occurredAt} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <Empty title="Nothing has happened yet">A line appears here with each thing that does.</Empty>
      )}
    </Panel>
  );
}

function Scan({ scan }: { scan: ProfileScan | undefined }): ReactElement {
  return (
    <Panel title="Newest scan" actions={scan && <Badge status={scan.status} />}>
      {scan ? (
        <ul className="lines">
          {scan.sources.map(({ platform, status, progress, candidatesChecked = 0, matchesFound = 0, error }) => (
            <li key={platform}>
              <strong>{words(platform)}</strong>
              <Badge status={status} />
              <span className="quiet small">
                {error ?? `${percent(Math.round(progress))}, ${count(candidatesChecked)} accounts, ${count(matchesFound)} found`}
              </span>
            </li>
          ))}
          <li className="quiet small">
            Begun <Time at={scan.startedAt} />
          </li>
        </ul>
      ) : (
        <Empty title="Not scanned yet" />
      )}
    </Panel>
  );
}

function Known({ profile }: { profile: Whole }): ReactElement {
  const { names = [], handles = [], references = [], platforms = [] } = profile;
  return (
    <Panel title="What is known">
      <dl className="facts body">
        <dt>Number</dt>
        <dd>{profile.id}</dd>
        {names.length > 0 && (
          <>
            <dt>Also</dt>
            <dd>{names.join(", ")}</dd>
          </>
        )}
        <dt>Own accounts</dt>
        <dd>{handles.map(({ platform, handle }) => `${handle} on ${words(platform)}`).join(", ") || "none"}</dd>
        {profile.bio && (
          <>
            <dt>Biography</dt>
            <dd>{profile.bio}</dd>
          </>
        )}
        <dt>Platforms</dt>
        <dd>{platforms.map(words).join(", ") || "all that are set up"}</dd>
        <dt>Scanned</dt>
        <dd>{profile.intervalSeconds === undefined ? "when asked for" : `every ${count(profile.intervalSeconds)} s`}</dd>
        <dt>Pictures</dt>
        <dd>
          {count(references.length)} by URL, <Link href="/detections/references">all references</Link>
        </dd>
        <dt>Changed</dt>
        <dd>
          <Time at={profile.updatedAt} />
        </dd>
      </dl>
    </Panel>
  );
}
