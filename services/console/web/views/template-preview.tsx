/** How a template reads with values; counts as no use. */

import { useState } from "react";
import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import { useTask } from "../lib/hooks";
import type { Template } from "../lib/types";
import { Panel } from "../ui/panel";

/** A list where the text has several lines, else the text. */
const valueOf = (text: string): string | string[] => (text.includes("\n") ? text.split("\n").filter(Boolean) : text);

export function Preview({ template }: { template: Template }): ReactElement {
  const { api } = usePage();
  const { isBusy, fault, run } = useTask();
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [text, setText] = useState<string | undefined>();
  const preview = (): void =>
    void run(async () => {
      const given = Object.fromEntries(template.variables.map((name) => [name, valueOf(values[name] ?? `[${name}]`)]));
      const made = await api.send<{ text: string }>("templates", "POST", `/v1/templates/${template.id}/render`, {
        preview: true,
        values: given,
      });
      setText(made.text);
    });
  return (
    <Panel title="Preview">
      <form
        className="body stack"
        onSubmit={(event) => {
          event.preventDefault();
          preview();
        }}
      >
        <details>
          <summary>Values of {template.variables.length} variables</summary>
          <div className="stack">
            {template.variables.map((name) => (
              <div key={name}>
                <label htmlFor={`value-${name}`} className="mono">
                  {name}
                </label>
                <textarea
                  id={`value-${name}`}
                  rows={1}
                  placeholder={`[${name}]`}
                  value={values[name] ?? ""}
                  onChange={(event) => setValues({ ...values, [name]: event.target.value })}
                />
              </div>
            ))}
            <p className="hint">Several lines make a list.</p>
          </div>
        </details>
        <div className="row">
          <button type="submit" disabled={isBusy}>
            Show the preview
          </button>
          {fault && (
            <span className="fault" role="alert">
              {fault}
            </span>
          )}
        </div>
        {text !== undefined && (
          <div className="preview" role="region" aria-label="Rendered text" tabIndex={0}>
            {text}
          </div>
        )}
      </form>
    </Panel>
  );
}
