/** Whom we watch: the list, a form for one, and a scan now. */

import { useSnapshot } from "@autodmca/realtime/react";
import { useState } from "react";
import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import { items } from "../lib/format";
import { useTask } from "../lib/hooks";
import { SCANS } from "../lib/lists";
import type { Watch } from "../lib/types";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Listing } from "../ui/listing";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

export function Watches(): ReactElement {
  const { api } = usePage();
  const [edited, setEdited] = useState<Watch | "new" | undefined>();
  const view = useSnapshot("watches", {
    types: SCANS, // a scan moves the moment of the next one
    snapshot: (signal) => api.list<Watch>("social_media", "/v1/watches", signal),
    apply: (items) => items,
  });
  const columns: readonly Column<Watch>[] = [
    {
      name: "Person",
      width: "minmax(8rem, 2fr)",
      cell: (watch) => (
        <div className="break">
          <button type="button" className="main-link" onClick={() => setEdited(watch)}>
            {watch.names[0] ?? watch.handles[0] ?? `Profile ${watch.profileId}`}
          </button>
          <div className="quiet small">{watch.handles.map((each) => `@${each}`).join(" ")}</div>
        </div>
      ),
    },
    { name: "Profile", width: "5rem", wide: true, end: true, cell: ({ profileId }) => profileId },
    { name: "Platforms", width: "minmax(7rem, 1fr)", wide: true, cell: ({ platforms }) => platforms.join(", ") || "all" },
    { name: "Next scan", width: "minmax(5rem, 0.8fr)", end: true, cell: ({ nextScanAt }) => <Time at={nextScanAt} /> },
    { name: "Now", width: "minmax(6rem, auto)", cell: (watch) => <ScanNow profileId={watch.profileId} onDone={view.reload} /> },
  ];
  return (
    <>
      <Listing
        title="Watched"
        label="Watched"
        view={view}
        columns={columns}
        keyOf={({ profileId }) => String(profileId)}
        empty={{ title: "Nobody is watched", text: "Say whom to look for, and scans begin." }}
        actions={
          <button type="button" className="primary" onClick={() => setEdited("new")}>
            Watch somebody
          </button>
        }
      />
      {edited && (
        <Edit
          watch={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={() => {
            setEdited(undefined);
            view.reload();
          }}
        />
      )}
    </>
  );
}

function ScanNow({ profileId, onDone }: { profileId: number; onDone: () => void }): ReactElement {
  const { api } = usePage();
  const { isBusy, fault, run } = useTask();
  const scan = (): void =>
    void run(async () => {
      await api.send("social_media", "POST", "/v1/scans", { profileId });
      onDone();
    });
  return (
    <>
      <button type="button" disabled={isBusy} onClick={scan}>
        Scan now
      </button>
      {fault && (
        <div className="fault" role="alert">
          {fault}
        </div>
      )}
    </>
  );
}

interface Draft {
  profileId: string;
  names: string;
  handles: string;
  bio: string;
  own: string;
  intervalSeconds: string;
}

function Edit({ watch, onClose, onSaved }: {
  watch: Watch | undefined;
  onClose: () => void;
  onSaved: () => void;
}): ReactElement {
  const { api } = usePage();
  const values: Draft = {
    profileId: String(watch?.profileId ?? ""),
    names: watch?.names.join("\n") ?? "",
    handles: watch?.handles.join("\n") ?? "",
    bio: watch?.bio ?? "",
    own: watch?.own?.join("\n") ?? "",
    intervalSeconds: String(watch?.intervalSeconds ?? ""),
  };
  const form = useProblemForm<Draft>(values, async (draft) => {
    await api.send("social_media", "PUT", `/v1/watches/${encodeURIComponent(draft.profileId || "0")}`, {
      names: items(draft.names),
      handles: items(draft.handles),
      bio: draft.bio,
      own: items(draft.own),
      ...(draft.intervalSeconds.trim() && { intervalSeconds: Number(draft.intervalSeconds) }),
      ...(watch && { avatarHashes: watch.avatarHashes ?? [], budget: watch.budget, platforms: watch.platforms }),
      ...(watch?.followers !== undefined && { followers: watch.followers }),
    });
    onSaved();
  }, { id: "profileId" });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title={watch ? "Whom to look for" : "Watch somebody"} onClose={onClose}>
      <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
        <FormFault message={errors.root?.message} />
        <Field label="Profile" hint="Its number." fault={errors.profileId?.message}>
          {(props) => <input {...props} inputMode="numeric" readOnly={watch !== undefined} {...form.register("profileId")} />}
        </Field>
        <Field label="Names" hint="One a line." fault={errors.names?.message}>
          {(props) => <textarea {...props} rows={2} {...form.register("names")} />}
        </Field>
        <Field label="Handles" hint="One a line." fault={errors.handles?.message}>
          {(props) => <textarea {...props} rows={2} {...form.register("handles")} />}
        </Field>
        <Field label="Bio" fault={errors.bio?.message}>
          {(props) => <textarea {...props} rows={2} {...form.register("bio")} />}
        </Field>
        <Field label="Own accounts" hint="They are never incidents: a handle, or platform:handle, one a line." fault={errors.own?.message}>
          {(props) => <textarea {...props} rows={2} {...form.register("own")} />}
        </Field>
        <Field label="Seconds between scans" hint="Empty: scans are made when asked for." fault={errors.intervalSeconds?.message}>
          {(props) => <input {...props} inputMode="numeric" {...form.register("intervalSeconds")} />}
        </Field>
        <FormActions label="Save" isBusy={isSubmitting} onClose={onClose} />
      </form>
    </Dialog>
  );
}
