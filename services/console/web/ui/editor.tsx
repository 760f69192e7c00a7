/** A text with numbered lines, and marks at the lines where something was found. */

import { useEffect, useRef } from "react";
import type { ReactElement } from "react";
import type { Finding } from "../lib/types";
import type { FieldProps } from "./form";

type Mark = "error" | "warning";

/** The gravest mark of each line; what is as it should be has none. */
export function marksOf(findings: readonly Finding[]): Map<number, Mark> {
  const marks = new Map<number, Mark>();
  for (const { severity, line, endLine } of findings) {
    if (severity === "info") continue;
    for (let each = line; each <= endLine; each++) {
      if (marks.get(each) !== "error") marks.set(each, severity);
    }
  }
  return marks;
}

export function Editor({ value, findings, readOnly, goTo, onChange, ...props }: FieldProps & {
  value: string;
  findings: readonly Finding[];
  readOnly: boolean;
  goTo: number | undefined;
  onChange: (text: string) => void;
}): ReactElement {
  const text = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const lines = value.split("\n");
  const marks = marksOf(findings);
  useEffect(() => {
    const element = text.current;
    if (goTo === undefined || !element) return;
    const start = element.value.split("\n").slice(0, goTo - 1).join("\n").length + (goTo > 1 ? 1 : 0);
    element.focus();
    element.setSelectionRange(start, element.value.indexOf("\n", start) < 0 ? element.value.length : element.value.indexOf("\n", start));
    gutter.current?.children[goTo - 1]?.scrollIntoView({ block: "center" });
  }, [goTo]);
  return (
    <div className="editor">
      <div ref={gutter} className="gutter" aria-hidden="true">
        {lines.map((_, index) => (
          <span key={index} data-tone={marks.get(index + 1)}>
            {index + 1}
          </span>
        ))}
      </div>
      <textarea
        {...props}
        ref={text}
        rows={Math.max(12, lines.length)}
        spellCheck={false}
        wrap="off"
        readOnly={readOnly}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}
