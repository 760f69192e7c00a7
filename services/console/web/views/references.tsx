/** The references of a profile: what copies are looked for of. Adding and forgetting them. */

import { useSnapshot } from "@autodmca/realtime/react";
import { useState } from "react";
import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import { DETECTIONS } from "../lib/detections";
import type { Reference } from "../lib/detections";
import { count, duration, words } from "../lib/format";
import { useTask } from "../lib/hooks";
import { keepPicture, usePicture } from "../lib/pictures";
import { Confirmed, Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Listing } from "../ui/listing";
import { ProfileChoice, useProfiles } from "../ui/profile-choice";
import { Empty, Fault, Loading } from "../ui/states";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";
import { atFile } from "./detections";

export function References(): ReactElement {
  const { profiles, error } = useProfiles();
  const [chosen, setChosen] = useState<number | undefined>();
  const profileId = chosen ?? profiles?.[0]?.id;
  if (error !== undefined) return <Fault error={error} />;
  if (profiles === undefined) return <Loading what="profiles" />;
  if (profileId === undefined) return <Empty title="Nobody is protected yet">Protect a profile; its references are added here.</Empty>;
  return (
    <OfProfile
      key={profileId}
      profileId={profileId}
      choice={
        profiles.length > 1 && (
          <ProfileChoice
            profiles={profiles}
            aria-label="Profile"
            className="short"
            value={profileId}
            onChange={(event) => setChosen(Number(event.target.value))}
          />
        )
      }
    />
  );
}

function sizeOf({ contentType, width = 0, height = 0, seconds = 0, words: written = 0 }: Reference): string {
  if (contentType === "text") return `${count(written)} words`;
  return `${count(width)} × ${count(height)}${contentType === "video" ? `, ${duration(seconds)}` : ""}`;
}

function OfProfile({ profileId, choice }: { profileId: number; choice: ReactElement | false }): ReactElement {
  const { api } = usePage();
  const [isNew, setNew] = useState(false);
  const path = `/v1/profiles/${profileId}/references`;
  const view = useSnapshot(`references ${profileId}`, {
    types: DETECTIONS,
    snapshot: (signal) => api.list<Reference>("ai_detection", path, signal),
    apply: (held) => held, // no event tells of references: they are read after what is done here
  });
  const columns: readonly Column<Reference>[] = [
    {
      name: "Reference",
      width: "minmax(9rem, 3fr)",
      cell: (reference) => (
        <div className="row">
          <Thumb digest={reference.digest} />
          <div className="break grow">
            <strong>{reference.title || "Without a title"}</strong>
            <div className="quiet small">
              {words(reference.contentType)}, {reference.format}
            </div>
          </div>
        </div>
      ),
    },
    { name: "Size", width: "minmax(6rem, 1fr)", wide: true, cell: sizeOf },
    { name: "Added", width: "minmax(5rem, 0.8fr)", wide: true, end: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
    { name: "Forget", width: "6rem", end: true, cell: ({ id, title }) => <Forget path={`${path}/${id}`} title={title || id} onDone={view.reload} /> },
  ];
  return (
    <>
      <Listing
        title="References"
        label="References"
        view={view}
        columns={columns}
        keyOf={({ id }) => id}
        empty={{ title: "No references yet", text: "Add a picture, a video or a text of the profile’s own; copies of it are found from then on." }}
        actions={
          <>
            {choice}
            <button type="button" className="primary" onClick={() => setNew(true)}>
              Add a reference
            </button>
          </>
        }
      />
      {isNew && (
        <Add
          path={path}
          onClose={() => setNew(false)}
          onSaved={() => {
            setNew(false);
            view.reload();
          }}
        />
      )}
    </>
  );
}

function Thumb({ digest }: { digest: string }): ReactElement | null {
  const picture = usePicture(digest);
  return picture ? <img className="thumb" src={picture.url} alt="" width={36} height={36} /> : null;
}

function Forget({ path, title, onDone }: { path: string; title: string; onDone: () => void }): ReactElement {
  const { api } = usePage();
  const { isBusy, fault, run } = useTask();
  return (
    <>
      <Confirmed
        label="Forget"
        title={`Forget ${title}?`}
        text="Copies of it are no longer found. Its fingerprint is gone; to have it again, add the file again."
        confirm="Forget it for good"
        disabled={isBusy}
        onConfirm={() =>
          void run(async () => {
            await api.send("ai_detection", "DELETE", path);
            onDone();
          })
        }
      />
      {fault && (
        <span className="fault" role="alert">
          {fault}
        </span>
      )}
    </>
  );
}

interface Draft {
  file: FileList | undefined;
  title: string;
  examples: string;
  isText: boolean;
}

function Add({ path, onClose, onSaved }: { path: string; onClose: () => void; onSaved: () => void }): ReactElement {
  const { api } = usePage();
  const form = useProblemForm<Draft>({ title: "", examples: "0", isText: false }, async ({ file, title, examples, isText }) => {
    const sent = new FormData();
    const chosen = file?.[0];
    if (chosen) sent.set("file", chosen);
    sent.set("title", title);
    sent.set("examples", examples.trim() || "0");
    if (isText) sent.set("contentType", "text");
    const made = await atFile(api.send<Reference>("ai_detection", "POST", path, sent));
    if (chosen) await keepPicture(made.digest, chosen);
    onSaved();
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title="Add a reference" onClose={onClose}>
      <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
        <FormFault message={errors.root?.message} />
        <Field label="File" hint="A picture, a video or a text, 25 MiB at most. Its fingerprint alone is kept." fault={errors.file?.message}>
          {(props) => <input type="file" {...props} {...form.register("file")} />}
        </Field>
        <Field label="Title" fault={errors.title?.message}>
          {(props) => <input {...props} {...form.register("title")} />}
        </Field>
        <Field label="Examples to learn from" hint="Edited copies that are made of a picture for models, up to 16." fault={errors.examples?.message}>
          {(props) => <input inputMode="numeric" {...props} {...form.register("examples")} />}
        </Field>
        <label className="check">
          <input type="checkbox" {...form.register("isText")} />
          It is a text
        </label>
        <FormActions label="Add" isBusy={isSubmitting} onClose={onClose} />
      </form>
    </Dialog>
  );
}
