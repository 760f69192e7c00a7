/** One template: its text with what was found at its lines, its review, and how it reads with values. */

import type { TemplateStatus } from "@autodmca/realtime";
import { useEffect, useRef, useState } from "react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { Problem } from "../lib/api";
import { usePage } from "../lib/context";
import { count, percent, words } from "../lib/format";
import { TEMPLATES } from "../lib/lists";
import { useOptimisticState } from "../lib/optimistic";
import { useReread } from "../lib/reread";
import type { Template as Whole, Validation } from "../lib/types";
import { Badge } from "../ui/badge";
import { Editor } from "../ui/editor";
import { Field, FormFault, useProblemForm } from "../ui/form";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault, Live } from "../ui/states";
import { Time } from "../ui/time";
import { Preview } from "./template-preview";
import { Review } from "./template-review";
import { Versions } from "./template-versions";

interface Read {
  readonly template: Whole;
  readonly etag: string;
}

export default function Template({ id }: { id: string }): ReactElement {
  const { api, session } = usePage();
  const view = useReread<Read, (typeof TEMPLATES)[number]>(`template ${id}`, {
    types: TEMPLATES,
    filters: { templateId: id, ...(session.is("admin") && { userId: "*" as const }) },
    snapshot: async (signal) => {
      const { body: template, asOf, etag } = await api.get<Whole>("templates", `/v1/templates/${id}`, signal);
      return { asOf, state: { template, etag: etag ?? "" } };
    },
  });
  return (
    <Live view={view} what="the template">
      {({ template, etag }) => <Shown template={template} etag={etag} reload={view.reload} />}
    </Live>
  );
}

interface Content {
  name: string;
  variables: string;
  body: string;
}

const EDITABLE: readonly TemplateStatus[] = ["draft", "changes_requested", "rejected", "approved"];
const namesOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

function Shown({ template, etag, reload }: { template: Whole; etag: string; reload: () => void }): ReactElement {
  const { api, session } = usePage();
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(template, String(template.revision));
  const isOwn = template.userId === session.userId;
  const mayEdit = isOwn && EDITABLE.includes(template.status);
  const path = `/v1/templates/${template.id}`;
  const values = { name: template.name, variables: template.variables.join(", "), body: template.body };
  const form = useProblemForm<Content>(values, async (given, form) => {
    const content = { name: given.name, kind: template.kind, body: given.body, variables: namesOf(given.variables) };
    await api.send<Whole>("templates", "PUT", path, content, etag).catch((problem: unknown) => {
      if (problem instanceof Problem && problem.status === 412) {
        throw new Problem(412, problem.code, "Somebody changed the template meanwhile. Copy your text, load theirs, and save again.");
      }
      throw problem;
    });
    form.reset(given);
    await api.send<Validation>("templates", "POST", `${path}/validate`);
    reload();
  });
  const { errors, isDirty, isSubmitting } = form.formState;
  const known = useRef(template.revision);
  useEffect(() => {
    if (known.current === template.revision) return;
    known.current = template.revision;
    if (!isDirty) form.reset({ name: template.name, variables: template.variables.join(", "), body: template.body });
  }, [template, isDirty, form]);
  const validation = shown.validation?.templateVersion === shown.version ? shown.validation : undefined;
  const [line, setLine] = useState<number | undefined>();
  return (
    <>
      <Head title={shown.name} about={<Link href="/templates">All templates</Link>}>
        <Badge status={shown.status} />
        {shown.valid !== undefined && <Badge status={shown.valid ? "valid" : "not_valid"} />}
        <Review template={shown} isBusy={isBusy} act={act} reload={reload} isDirty={isDirty} />
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      <div className="columns">
        <div className="stack">
          <Panel title={`Text, version ${shown.version}`} actions={<span className="quiet small">{words(shown.kind)}</span>}>
            <form className="body form" onSubmit={(event) => void form.onSubmit(event)} noValidate>
              <FormFault message={errors.root?.message} />
              <Field label="Name" fault={errors.name?.message}>
                {(props) => <input {...props} readOnly={!mayEdit} {...form.register("name")} />}
              </Field>
              <Field label="Variables" hint="Every name that the text takes from outside." fault={errors.variables?.message}>
                {(props) => <input {...props} className="mono" readOnly={!mayEdit} {...form.register("variables")} />}
              </Field>
              <Field label="Body" hint="Jinja, rendered as plain text." fault={errors.body?.message}>
                {(props) => (
                  <Editor
                    {...props}
                    value={form.watch("body")}
                    readOnly={!mayEdit}
                    findings={isDirty ? [] : (validation?.findings ?? [])}
                    goTo={line}
                    onChange={(text) => form.setValue("body", text, { shouldDirty: true })}
                  />
                )}
              </Field>
              {mayEdit && (
                <div className="row">
                  <button type="submit" className="primary" disabled={!isDirty || isSubmitting}>
                    Save and examine
                  </button>
                  <button type="button" disabled={!isDirty || isSubmitting} onClick={() => form.reset(values)}>
                    Take changes back
                  </button>
                  <span className="quiet small" role="status">
                    {isSubmitting ? "Saving…" : isDirty ? "Not saved" : ""}
                  </span>
                </div>
              )}
            </form>
          </Panel>
          <Versions template={shown} />
          <Preview template={shown} />
        </div>
        <div className="stack">
          <Findings validation={validation} onLine={(wanted) => setLine(wanted)} />
          <Panel title="Use">
            <dl className="facts body">
              <dt>In use</dt>
              <dd>{shown.usableVersion ? `version ${shown.usableVersion}` : "none yet"}</dd>
              <dt>Used</dt>
              <dd>{count(shown.usage.usageCount)} times</dd>
              <dt>Accepted</dt>
              <dd>{shown.usage.acceptanceRatePercent === undefined ? "nothing decided" : percent(shown.usage.acceptanceRatePercent)}</dd>
              <dt>Author</dt>
              <dd>{isOwn ? "you" : `user ${template.userId}`}</dd>
              {shown.decision && (
                <>
                  <dt>Newest step</dt>
                  <dd>
                    {words(shown.decision.status)} by user {shown.decision.userId}, <Time at={shown.decision.decidedAt} />
                    {shown.decision.comment && <p>“{shown.decision.comment}”</p>}
                  </dd>
                </>
              )}
              <dt>Changed</dt>
              <dd>
                <Time at={shown.updatedAt} />
              </dd>
            </dl>
          </Panel>
        </div>
      </div>
    </>
  );
}

const RANK = { error: 0, warning: 1, info: 2 } as const;

function Findings({ validation, onLine }: {
  validation: Validation | undefined;
  onLine: (line: number) => void;
}): ReactElement {
  const findings = [...(validation?.findings ?? [])].sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.line - b.line);
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return (
    <Panel
      title="What the examination found"
      actions={validation && <span className="quiet small">{percent(validation.score * 100)} of the elements</span>}
    >
      {!validation ? (
        <Empty title="Not examined yet">Save the text to have it examined.</Empty>
      ) : (
        <>
          <p className="body small">
            {validation.valid
              ? "Valid: everything that the law asks for is there."
              : `Not valid: ${errors} ${errors === 1 ? "thing keeps" : "things keep"} it from being.`}
          </p>
          <ul className="findings">
            {findings.map((each) => (
              <li key={`${each.code} ${each.subject} ${each.line}`}>
                <Badge status={each.severity} {...(each.severity === "info" && { tone: "good" as const })}>
                  {each.severity === "info" ? "There" : words(each.severity)}
                </Badge>
                <div>
                  <strong>{words(each.code)}</strong>: {each.reason}
                  <div className="row small">
                    <button type="button" className="plain" onClick={() => onLine(each.line)}>
                      Line {each.line}
                    </button>
                    {each.source && <span className="quiet">{each.source}</span>}
                  </div>
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
