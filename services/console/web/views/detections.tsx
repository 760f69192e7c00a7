/** Content compared with the references of a profile: what came of it, and something new to compare. */

import { useSnapshot } from "@autodmca/realtime/react";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link, useLocation } from "wouter";
import { Problem } from "../lib/api";
import { usePage } from "../lib/context";
import { DETECTIONS, inWords, withDetection } from "../lib/detections";
import type { Detection } from "../lib/detections";
import { percent, words } from "../lib/format";
import { keepPicture } from "../lib/pictures";
import { Badge } from "../ui/badge";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Listing, newestBy } from "../ui/listing";
import type { Choices } from "../ui/listing";
import { Head } from "../ui/panel";
import { ProfileChoice, useProfiles } from "../ui/profile-choice";
import { Empty, Fault, Loading } from "../ui/states";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";
import { Batches } from "./batches";
import { Models } from "./models";
import { References } from "./references";

const TABS = { found: "Detections", references: "References", batches: "Batches", models: "Models" } as const;

export default function Detections({ tab }: { tab: string }): ReactElement {
  return (
    <>
      <Head title="Detections" about="Content compared with the pictures, videos and texts of a profile." />
      <nav className="tabs" aria-label="Detections">
        {Object.entries(TABS).map(([each, name]) => (
          <Link key={each} href={`/detections/${each}`} aria-current={each === tab ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {tab === "found" && <Found />}
      {tab === "references" && <References />}
      {tab === "batches" && <Batches />}
      {tab === "models" && <Models />}
      {!(tab in TABS) && <Empty title="There is no such view">Choose one above.</Empty>}
    </>
  );
}

export const COLUMNS: readonly Column<Detection>[] = [
  {
    name: "Content",
    width: "minmax(9rem, 3fr)",
    cell: ({ id, contentUrl, contentType }) => (
      <div className="break">
        <Link className="main-link" href={`/detections/found/${id}`}>
          {contentUrl.startsWith("urn:") ? "An uploaded file" : contentUrl}
        </Link>
        {contentType && <div className="quiet small">{words(contentType)}</div>}
      </div>
    ),
  },
  {
    name: "Verdict",
    width: "minmax(6.5rem, 1.2fr)",
    cell: ({ status, verdict, reason, feedback }) => (
      <div>
        <Badge status={status === "queued" ? "queued" : (verdict ?? "unusable")} />
        {feedback && <Badge status={feedback.copy ? "you_say_copy" : "you_say_no_copy"} tone="quiet" />}
        {reason && <div className="quiet small">{reason}</div>}
      </div>
    ),
  },
  { name: "Sure", width: "4rem", wide: true, end: true, cell: ({ confidence }) => (confidence === undefined ? "–" : percent(Math.round(confidence * 100))) },
  { name: "Edited", width: "minmax(7rem, 1.3fr)", wide: true, cell: ({ transform }) => <span className="quiet">{transform ? inWords(transform) : "–"}</span> },
  { name: "Profile", width: "5rem", wide: true, end: true, cell: ({ profileId }) => profileId },
  { name: "Asked", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const SHOWN: Choices<Detection> = {
  "All detections": () => true,
  "To be looked at": ({ verdict, feedback }) => verdict === "possible_match" && feedback === undefined,
  ...Object.fromEntries(
    (["match", "possible_match", "no_match", "unusable"] as const).map((each) => [words(each), ({ verdict }: Detection) => verdict === each]),
  ),
};

function Found(): ReactElement {
  const { api } = usePage();
  const [isNew, setNew] = useState(false);
  const view = useSnapshot("detections", {
    types: DETECTIONS,
    snapshot: (signal) => api.list<Detection>("ai_detection", "/v1/detections", signal),
    apply: withDetection,
  });
  return (
    <>
      <Listing
        title="Newest first"
        label="Detections"
        view={view}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        choices={SHOWN}
        order={newestBy(({ createdAt }) => createdAt)}
        empty={{ title: "Nothing has been compared yet", text: "Add a reference, then compare a file or what is at a URL with it." }}
        actions={
          <button type="button" className="primary" onClick={() => setNew(true)}>
            Compare
          </button>
        }
      />
      {isNew && <Compare onClose={() => setNew(false)} />}
    </>
  );
}

/** A file that cannot be used is said at the file. */
export async function atFile<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof Problem) || error.errors.length > 0 || !(error.code.startsWith("unusable") || [413, 415].includes(error.status))) throw error;
    throw new Problem(error.status, error.code, error.message, [{ field: "file", reason: error.message }]);
  }
}

interface Draft {
  profileId: string;
  file: FileList | undefined;
  url: string;
  isText: boolean;
}

function Compare({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const { profiles, error } = useProfiles();
  const form = useProblemForm<Draft>({ profileId: "", url: "", isText: false }, async ({ profileId, file, url, isText }) => {
    const sent = new FormData();
    sent.set("profileId", profileId || String(profiles?.[0]?.id ?? ""));
    if (url.trim()) sent.set("url", url.trim());
    if (isText) sent.set("contentType", "text");
    const chosen = file?.[0];
    if (chosen) sent.set("file", chosen);
    const made = await atFile(api.send<Detection>("ai_detection", "POST", "/v1/detections", sent));
    if (chosen) await keepPicture(made.contentDigest, chosen);
    onClose();
    go(`/detections/found/${made.id}`);
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title="Compare with a profile’s references" onClose={onClose}>
      <Fault error={error} />
      {profiles === undefined ? (
        <Loading what="profiles" />
      ) : profiles.length === 0 ? (
        <Empty title="Nobody is protected yet">Protect a profile first.</Empty>
      ) : (
        <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
          <FormFault message={errors.root?.message} />
          <Field label="Profile" fault={errors.profileId?.message}>
            {(props) => <ProfileChoice profiles={profiles} {...props} {...form.register("profileId")} />}
          </Field>
          <Field label="File" hint="A picture, a video or a text. It stays in this page’s memory; the service keeps its fingerprint alone." fault={errors.file?.message}>
            {(props) => <input type="file" {...props} {...form.register("file")} />}
          </Field>
          <Field label="URL" hint="What is fetched and looked at; with a file, where that was found." fault={errors.url?.message}>
            {(props) => <input type="url" className="mono" placeholder="https://" {...props} {...form.register("url")} />}
          </Field>
          <label className="check">
            <input type="checkbox" {...form.register("isText")} />
            It is a text
          </label>
          <FormActions label="Compare now" isBusy={isSubmitting} onClose={onClose} />
        </form>
      )}
    </Dialog>
  );
}
