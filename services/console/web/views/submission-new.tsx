/** A new submission: whose it is, which template with which values, which URLs, which engines. */

import type { Engine } from "@autodmca/realtime";
import { useEffect, useState } from "react";
import type { ReactElement } from "react";
import { useLocation } from "wouter";
import type { Profile, Submission } from "../lib/accounts";
import { messageOf } from "../lib/api";
import { usePage } from "../lib/context";
import { lines, words } from "../lib/format";
import type { Template, TemplateSummary } from "../lib/types";
import { Dialog } from "../ui/dialog";
import { Field, FormActions, FormFault, useProblemForm } from "../ui/form";
import { Empty, Fault, Loading } from "../ui/states";

const ENGINES: readonly Engine[] = ["google", "bing", "yandex", "duckduckgo"];

interface Material {
  readonly profiles: readonly Profile[];
  readonly templates: readonly TemplateSummary[];
}

export function NewSubmission({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = usePage();
  const [material, setMaterial] = useState<Material | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const given = new AbortController();
    Promise.all([
      api.list<Profile>("accounts", "/v1/profiles", given.signal),
      api.list<TemplateSummary>("templates", "/v1/templates", given.signal),
    ]).then(
      ([profiles, templates]) =>
        setMaterial({
          profiles: profiles.state,
          templates: templates.state.filter(({ usableVersion, status }) => usableVersion !== undefined && status !== "archived"),
        }),
      (problem: unknown) => given.signal.aborted || setError(problem),
    );
    return () => given.abort();
  }, [api]);
  return (
    <Dialog title="New submission" onClose={onClose}>
      <Fault error={error} />
      {!material && error === undefined && <Loading what="profiles and templates" />}
      {material && !(material.profiles.length && material.templates.length) && (
        <Empty title={material.profiles.length ? "No template is approved yet" : "Nobody is protected yet"}>
          A submission is made for a profile, from a template that a reviewer has approved.
        </Empty>
      )}
      {material && material.profiles.length > 0 && material.templates.length > 0 && <Fields {...material} onClose={onClose} />}
    </Dialog>
  );
}

interface Draft {
  profileId: string;
  templateId: string;
  title: string;
  urls: string;
  engines: Engine[];
  values: Record<string, string>;
}

function Fields({ profiles, templates, onClose }: Material & { onClose: () => void }): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const values: Draft = {
    profileId: String(profiles[0]?.id ?? ""),
    templateId: templates[0]?.id ?? "",
    title: "",
    urls: "",
    engines: ["google", "bing"],
    values: {},
  };
  const form = useProblemForm<Draft>(values, async (draft) => {
    const made = await api.send<Submission>("accounts", "POST", "/v1/submissions", {
      profileId: Number(draft.profileId),
      templateId: draft.templateId,
      title: draft.title,
      urls: lines(draft.urls),
      engines: draft.engines,
      values: Object.fromEntries(Object.entries(draft.values ?? {}).filter(([, value]) => value.trim() !== "")),
    });
    onClose();
    go(`/submissions/${made.id}`);
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <form className="form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
      <FormFault message={errors.root?.message} />
      <Field label="Profile" fault={errors.profileId?.message}>
        {(props) => (
          <select {...props} {...form.register("profileId")}>
            {profiles.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Template" fault={errors.templateId?.message}>
        {(props) => (
          <select {...props} {...form.register("templateId")}>
            {templates.map(({ id, name, usableVersion }) => (
              <option key={id} value={id}>
                {name}, version {usableVersion}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Values
        templateId={form.watch("templateId")}
        fault={errors.values?.message as string | undefined}
        register={(name) => form.register(`values.${name}`)}
      />
      <Field label="URLs" hint="That copy the work, one a line." fault={errors.urls?.message}>
        {(props) => <textarea {...props} rows={4} {...form.register("urls")} />}
      </Field>
      <fieldset className="row plain">
        <legend className="label">Search engines</legend>
        {ENGINES.map((engine) => (
          <label key={engine} className="check">
            <input type="checkbox" value={engine} {...form.register("engines")} />
            {words(engine)}
          </label>
        ))}
        {errors.engines?.message && (
          <p className="fault" role="alert">
            {errors.engines.message}
          </p>
        )}
      </fieldset>
      <Field label="Title" hint="By which you find it again. May be empty." fault={errors.title?.message}>
        {(props) => <input {...props} {...form.register("title")} />}
      </Field>
      <FormActions label="Send submission" isBusy={isSubmitting} onClose={onClose} />
    </form>
  );
}

/** A field for each variable of the version in use. */
function Values({ templateId, fault, register }: {
  templateId: string;
  fault: string | undefined;
  register: (name: string) => object;
}): ReactElement {
  const { api } = usePage();
  const [found, setFound] = useState<{ readonly id: string; readonly names: readonly string[]; readonly error?: string }>();
  useEffect(() => {
    const given = new AbortController();
    api.get<Template>("templates", `/v1/templates/${templateId}`, given.signal).then(
      ({ body }) => setFound({ id: templateId, names: body.usable?.variables ?? body.variables }),
      (problem: unknown) => given.signal.aborted || setFound({ id: templateId, names: [], error: messageOf(problem) }),
    );
    return () => given.abort();
  }, [api, templateId]);
  const names = found?.id === templateId ? found.names : [];
  return (
    <details open className="values">
      <summary>What the notice says ({names.length} values)</summary>
      {(fault ?? found?.error) !== undefined && (
        <p className="fault" role="alert">
          {fault ?? found?.error}
        </p>
      )}
      {names.map((name) => (
        <div key={name}>
          <label htmlFor={`value-${name}`} className="mono">
            {name}
          </label>
          <input id={`value-${name}`} {...register(name)} />
        </div>
      ))}
    </details>
  );
}
