/** What is known of a protected profile: a new one, or changes to one. */

import type { ReactElement } from "react";
import type { Profile } from "../lib/accounts";
import { usePage } from "../lib/context";
import { items, lines } from "../lib/format";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";

interface Draft {
  name: string;
  names: string;
  handles: string;
  bio: string;
  references: string;
  watched: boolean;
  platforms: string;
  intervalSeconds: string;
}

/** `mastodon:ada` as an account; what has no platform is refused by the service, at its field. */
function handleOf(text: string): { platform: string; handle: string } {
  const at = text.indexOf(":");
  return { platform: text.slice(0, Math.max(0, at)).trim().toLowerCase(), handle: text.slice(at + 1).trim() };
}

/** What is sent for a profile: what the form does not show is kept. */
export function bodyOf(draft: Draft, held?: Profile): object {
  const known = new Map(held?.references?.map((each) => [each.url, each]));
  return {
    name: draft.name,
    names: lines(draft.names),
    handles: lines(draft.handles).map(handleOf),
    bio: draft.bio,
    posts: held?.posts ?? [],
    references: lines(draft.references).map((url) => known.get(url) ?? { url }),
    watched: draft.watched,
    platforms: items(draft.platforms),
    ...(draft.intervalSeconds.trim() && { intervalSeconds: Number(draft.intervalSeconds) }),
  };
}

export function draftOf(held?: Profile): Draft {
  return {
    name: held?.name ?? "",
    names: held?.names?.join("\n") ?? "",
    handles: held?.handles?.map(({ platform, handle }) => `${platform}:${handle}`).join("\n") ?? "",
    bio: held?.bio ?? "",
    references: held?.references?.map(({ url }) => url).join("\n") ?? "",
    watched: held?.watched ?? true,
    platforms: held?.platforms?.join(", ") ?? "",
    intervalSeconds: String(held?.intervalSeconds ?? ""),
  };
}

export function ProfileForm({ profile, etag, onClose, onSaved }: {
  profile?: Profile;
  etag?: string;
  onClose: () => void;
  onSaved: (saved: Profile) => void;
}): ReactElement {
  const { api } = usePage();
  const form = useProblemForm<Draft>(draftOf(profile), async (draft) => {
    const body = bodyOf(draft, profile);
    onSaved(
      profile
        ? await api.send<Profile>("accounts", "PUT", `/v1/profiles/${profile.id}`, body, etag)
        : await api.send<Profile>("accounts", "POST", "/v1/profiles", body),
    );
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog title={profile ? "What is known of the profile" : "Protect somebody"} onClose={onClose}>
      <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
        <FormFault message={errors.root?.message} />
        <Field label="Name" fault={errors.name?.message}>
          {(props) => <input {...props} {...form.register("name")} />}
        </Field>
        <Field label="Other names" hint="That they go by, one a line." fault={errors.names?.message}>
          {(props) => <textarea {...props} rows={2} {...form.register("names")} />}
        </Field>
        <Field label="Own accounts" hint="platform:handle, one a line. They are never incidents." fault={errors.handles?.message}>
          {(props) => <textarea {...props} rows={2} placeholder="mastodon:ada" {...form.register("handles")} />}
        </Field>
        <Field label="Biography" fault={errors.bio?.message}>
          {(props) => <textarea {...props} rows={2} {...form.register("bio")} />}
        </Field>
        <Field label="Reference pictures" hint="Their URLs, one a line: copies of them are found." fault={errors.references?.message}>
          {(props) => <textarea {...props} rows={2} {...form.register("references")} />}
        </Field>
        <Field label="Platforms" hint="With commas between. Empty: all that are set up." fault={errors.platforms?.message}>
          {(props) => <input {...props} {...form.register("platforms")} />}
        </Field>
        <Field label="Seconds between scans" hint="Empty: scans are made when asked for." fault={errors.intervalSeconds?.message}>
          {(props) => <input {...props} inputMode="numeric" {...form.register("intervalSeconds")} />}
        </Field>
        <label className="check">
          <input type="checkbox" {...form.register("watched")} />
          Look for impersonators
        </label>
        <FormActions label={profile ? "Save" : "Protect"} isBusy={isSubmitting} onClose={onClose} />
      </form>
    </Dialog>
  );
}
