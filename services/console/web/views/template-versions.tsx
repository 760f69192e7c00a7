/** What an author changed since the version that renders, line by line. */

import { diffLines } from "diff";
import type { ReactElement } from "react";
import { count } from "../lib/format";
import type { Template } from "../lib/types";
import { Panel } from "../ui/panel";

/** Unchanged lines that stand around a change; more of them are counted. */
const AROUND = 3;

interface Line {
  readonly kind: "same" | "added" | "gone" | "left_out";
  readonly text: string;
  /** In the newer text; of a line that is gone, in the older one. */
  readonly number: number;
}

/** The lines of both texts, with long runs that did not change left out. */
export function linesOf(before: string, after: string): Line[] {
  const found: Line[] = [];
  let [old, fresh] = [1, 1];
  const parts = diffLines(before, after);
  parts.forEach(({ value, added, removed }, index) => {
    const texts = value.replace(/\n$/, "").split("\n");
    const kind = added ? "added" : removed ? "gone" : "same";
    const hidden = kind === "same" ? texts.length - AROUND * (Number(index > 0) + Number(index < parts.length - 1)) : 0;
    const from = index > 0 ? AROUND : 0;
    texts.forEach((text, at) => {
      if (hidden > 1 && at === from) found.push({ kind: "left_out", text: `${count(hidden)} lines are the same`, number: fresh + at });
      if (hidden > 1 && at >= from && at < from + hidden) return;
      found.push({ kind, text, number: kind === "gone" ? old + at : fresh + at });
    });
    if (kind !== "added") old += texts.length;
    if (kind !== "gone") fresh += texts.length;
  });
  return found;
}

const SIGNS = { same: "", added: "+", gone: "−", left_out: "" } as const;
const SAID = { same: undefined, added: "Added:", gone: "Gone:", left_out: undefined } as const;

/** Nothing where the newest version is the one in use. */
export function Versions({ template: { usable, version, body, name, variables } }: { template: Template }): ReactElement | null {
  if (!usable) return null;
  const lines = linesOf(usable.body, body);
  const changed = lines.filter(({ kind }) => kind === "added" || kind === "gone").length;
  const fresh = variables.filter((each) => !usable.variables.includes(each));
  const gone = usable.variables.filter((each) => !variables.includes(each));
  return (
    <Panel title={`Version ${version} beside ${usable.version}, which is in use`} actions={<span className="quiet small">{count(changed)} lines differ</span>}>
      {(usable.name !== name || fresh.length > 0 || gone.length > 0) && (
        <p className="body small">
          {usable.name !== name && `It was called “${usable.name}”. `}
          {fresh.length > 0 && `New variables: ${fresh.join(", ")}. `}
          {gone.length > 0 && `No more: ${gone.join(", ")}.`}
        </p>
      )}
      {changed ? (
        <ol className="changes" aria-label="Changes" tabIndex={0}>
          {lines.map(({ kind, text, number }) => (
            <li key={`${kind} ${number}`} data-change={kind}>
              <span aria-hidden="true">{kind === "left_out" ? "" : number}</span>
              <span aria-hidden="true">{SIGNS[kind]}</span>
              <span className={kind === "left_out" ? "quiet" : ""}>
                {SAID[kind] && <span className="hidden">{SAID[kind]} </span>}
                {text}
              </span>
            </li>
          ))}
        </ol>
      ) : (
        <p className="body quiet small">The text is the same.</p>
      )}
    </Panel>
  );
}
